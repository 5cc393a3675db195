/** Limits that have to do with time. The strategy knows no clock; the session asks here once a second. */
import type { Rates } from './rates.ts';
import type { Pace, Request } from './strategy/request.ts';

/** When to give up, and what counts as slow. Each part may be left out. */
export interface TimeLimits {
  /** Bytes of failed reads in a second (`-E`). */
  readonly errorRateMax?: number;
  /** Milliseconds without a read that brings something (`-T`). */
  readonly timeoutMs?: number;
  /** Leave slow areas for later (`-a`). */
  readonly slow?: SlowReads;
}

export interface SlowReads {
  /** Bytes per second below which a read is slow; 0: a tenth of the run's average. */
  readonly minBytesPerS: number;
  /** Milliseconds of the run during which nothing counts as slow (`--delay-slow`). Default 30 000. */
  readonly delayMs?: number;
  /** Give up after more slow reads than this. Default: never. */
  readonly max?: number;
  /** A read that is not slow sets the count back to 0. Default false. */
  readonly resets?: boolean;
}

/** A limit that a run passed. */
export interface PassedLimit {
  readonly end: TimeLimitEnd | 'bad-areas' | 'read-errors';
  /** The rate of errors that was too high. */
  readonly bytesPerS?: number;
}

/** Why a run was given up. */
export type TimeLimitEnd = 'error-rate' | 'timeout' | 'slow-reads';

const DELAY_MS = 30_000;

/** Keeps count of slow reads and says which limits are passed. */
export class LimitWatch {
  readonly #limits: TimeLimits;
  slowReads = 0;

  constructor(limits: TimeLimits) {
    this.#limits = limits;
  }

  /** The limits that the rates, and the time since the last good read, pass now. */
  passed(rates: Rates): TimeLimitEnd[] {
    const { errorRateMax, timeoutMs, slow } = this.#limits;
    const ends: TimeLimitEnd[] = [];
    if (errorRateMax !== undefined && rates.errorBytesPerS > errorRateMax) ends.push('error-rate');
    if (timeoutMs !== undefined && rates.sinceSuccessS * 1000 > timeoutMs) ends.push('timeout');
    if (slow?.max !== undefined && this.slowReads > slow.max) ends.push('slow-reads');
    return ends;
  }

  /** Judges the second that has just passed, with the read that ended in it. */
  pace(rates: Rates, request: Request): Pace | undefined {
    const { slow } = this.#limits;
    if (slow === undefined || request.phase !== 'copying' || request.pass > 2) return undefined;
    if (rates.runTimeS * 1000 < (slow.delayMs ?? DELAY_MS)) return undefined;
    const bytesPerS = rates.currentBytesPerS;
    const least = slow.minBytesPerS > 0 ? slow.minBytesPerS : rates.averageBytesPerS / 10;
    const isSlow = bytesPerS < least;
    if (isSlow) this.slowReads++;
    else if (slow.resets) this.slowReads = 0;
    return { isSlow, bytesPerS };
  }
}
