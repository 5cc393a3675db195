import { type Binding, checkBinding } from '../chunks/source-binding.ts';
import { RescueError } from '../errors.ts';
import { blockingClock } from '../node/clock.ts';
import type { Source } from '../ports.ts';

/** How often the source is looked for. */
const LOOK_MS = 1000;
const PIECE_MS = 50;

/**
 * Waits until a source that was lost is there again, and opens it. Returns false when the run is to stop.
 * @param binding what the map says of the source: another disk under its name is not taken
 */
export function waitForSource(
  source: Source,
  signal: Pick<AbortSignal, 'aborted'>,
  binding: () => Omit<Binding, 'source'>,
): boolean {
  const isBack = retried(signal, () => {
    source.reopen?.();
    checkBinding({ ...binding(), source });
    return true;
  });
  return isBack ?? false;
}

/** Tries from time to time until the world is not in the way; undefined when the run is to stop. */
export function retried<T>(signal: Pick<AbortSignal, 'aborted'>, work: () => T): T | undefined {
  for (;;) {
    for (let waitedMs = 0; waitedMs < LOOK_MS; waitedMs += PIECE_MS) {
      if (signal.aborted) return undefined;
      blockingClock.sleep(PIECE_MS);
    }
    try {
      return work();
    } catch (error) {
      // Not there yet, or another one is.
      if (!(error instanceof RescueError)) throw error;
    }
  }
}
