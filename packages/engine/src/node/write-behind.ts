import type { Descriptors } from './write-fully.ts';

/** Somebody who writes while the caller reads on; `worker/` has the one with a thread. */
export interface WriteBehind {
  /**
   * Takes a write over, or returns false: then it is better done at once. Bytes that were taken stay as they
   * are until they are written.
   */
  takeOver(to: Descriptors, pos: number, bytes: Uint8Array): boolean;
  /** Waits until all that was taken is written, or lost. */
  settle(): void;
  /** What was taken and could not be written, in the order in which it came. The output takes them out. */
  readonly losses: Loss[];
}

/** Bytes that could not be written. */
export interface Loss {
  /** In the output. */
  readonly pos: number;
  readonly size: number;
  /** What the system threw; nothing when the output just takes no more. */
  readonly cause: unknown;
}
