import type { BlockStatus } from '@chunkrescue/mapfile';

/** The five phases of a rescue, in the order they run. */
export type Phase = 'copying' | 'trimming' | 'sweeping' | 'scraping' | 'retrying';

/** The one thing a strategy asks for: read this range. */
export interface Request {
  /** First byte. */
  readonly pos: number;
  /** Bytes; at least 1, at most the cluster size. */
  readonly size: number;
  readonly phase: Phase;
  /** Copying: pass 1-4. Retrying: number of the pass as the status line counts it. Otherwise 1. */
  readonly pass: number;
  readonly direction: 'forwards' | 'backwards';
  /** What a failed part longer than a sector becomes; up to a sector it always becomes `-`. */
  readonly failedStatus: BlockStatus;
}

/** The one thing a strategy is told: what came of it. `copied + failed < size` means that the source ended. */
export interface Reply {
  /** Good bytes at the start of the range, already written to the target. */
  readonly copied: number;
  /** Bytes behind them that could not be read. */
  readonly failed: number;
  /** Milliseconds that the read took. */
  readonly elapsedMs: number;
  /** How fast the last second was: with the first read after it, and only when a minimum is asked for. */
  readonly pace?: Pace | undefined;
}

/** A second's rate, judged by the minimum asked for. */
export interface Pace {
  readonly isSlow: boolean;
  readonly bytesPerS: number;
}

/** A phase: yields requests, receives replies. The map is marked between the two, by `rescueSteps`. */
export type Steps<Result = void> = Generator<Request, Result, Reply>;
