import type { Manifest } from '../chunks/manifest.ts';
import { checkBinding } from '../chunks/source-binding.ts';
import { RescueError } from '../errors.ts';
import { blockingClock } from '../node/clock.ts';
import type { Source } from '../ports.ts';

/** How often the source is looked for. */
const LOOK_MS = 1000;
const PIECE_MS = 50;

export interface Wait {
  readonly signal: Pick<AbortSignal, 'aborted'>;
  readonly map: string;
  /** What the map says of the source: another disk under its name is not taken. */
  readonly manifest: Manifest;
  /** Told why another disk is not taken; once, as long as it stays the same. */
  readonly onOther: (message: string) => void;
}

/** Waits until a source that was lost is there again, and opens it. Returns false when the run is to stop. */
export function waitForSource(source: Source, how: Wait): boolean {
  const { signal, map, manifest } = how;
  let told: string | undefined;
  const onTrouble = ({ code, message }: RescueError): void => {
    const isOther = code === 'source-lost' || code === 'map-mismatch';
    if (isOther && message !== told) how.onOther(message);
    told = isOther ? message : undefined;
  };
  const look = (): boolean => {
    source.reopen?.();
    checkBinding({ map, manifest, source });
    return true;
  };
  return retried(signal, look, onTrouble) ?? false;
}

/** Tries from time to time until the world is not in the way; undefined when the run is to stop. */
export function retried<T>(
  signal: Pick<AbortSignal, 'aborted'>,
  work: () => T,
  onTrouble?: (error: RescueError) => void,
): T | undefined {
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
      onTrouble?.(error);
    }
  }
}
