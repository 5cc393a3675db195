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

/** Why a run was given up. */
export type TimeLimitEnd = 'error-rate' | 'timeout' | 'slow-reads';

const DELAY_MS = 30_000;

/** Keeps count of slow reads and says when a limit is passed. */
export class LimitWatch {
  readonly #limits: TimeLimits;
  slowReads = 0;

  constructor(limits: TimeLimits) {
    this.#limits = limits;
  }

  /** Whether the rates or the time since the last good read pass a limit. */
  check(rates: Rates, nowMs: number): TimeLimitEnd | undefined {
    const { errorRateMax, timeoutMs, slow } = this.#limits;
    if (errorRateMax !== undefined && rates.errorBytesPerS > errorRateMax) return 'error-rate';
    if (timeoutMs !== undefined && rates.sinceSuccessMs(nowMs) > timeoutMs) return 'timeout';
    if (slow?.max !== undefined && this.slowReads > slow.max) return 'slow-reads';
    return undefined;
  }

  /** Judges the second that has just passed, before the read that follows it. */
  pace(rates: Rates, request: Request, nowMs: number): Pace | undefined {
    const { slow } = this.#limits;
    if (slow === undefined || request.phase !== 'copying' || request.pass > 2) return undefined;
    if (rates.runTimeMs(nowMs) < (slow.delayMs ?? DELAY_MS)) return undefined;
    const bytesPerS = rates.currentBytesPerS;
    const least = slow.minBytesPerS > 0 ? slow.minBytesPerS : rates.averageBytesPerS / 10;
    const isSlow = bytesPerS < least;
    if (isSlow) this.slowReads++;
    else if (slow.resets) this.slowReads = 0;
    return { isSlow, bytesPerS };
  }
}
