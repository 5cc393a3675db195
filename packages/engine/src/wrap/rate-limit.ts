import type { Clock, Source } from '../ports.ts';
import { delegate } from './delegate.ts';

const WAIT_MAX_MS = 1000;

/**
 * A source that is read at `bytesPerS` at most: it waits before a read as long as the last ones were too fast,
 * but a second at most, so that a read is made every second however small the rate.
 */
export function withRateLimit(
  source: Source,
  limit: { readonly bytesPerS: number; readonly clock: Clock },
): Source {
  const { bytesPerS, clock } = limit;
  let dueMs = clock.now();
  return {
    ...delegate(source),
    read(pos, into) {
      const now = clock.now();
      const waitMs = dueMs - now;
      dueMs = Math.max(now, dueMs) + Math.min(WAIT_MAX_MS, (into.length * 1000) / bytesPerS);
      const waited = waitMs > 0 ? clock.sleep(waitMs) : undefined;
      return waited === undefined
        ? source.read(pos, into)
        : waited.then(() => source.read(pos, into));
    },
  };
}
