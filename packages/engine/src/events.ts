import type { RescueMap } from '@chunkrescue/mapfile';
import type { TimeLimitEnd } from './limits.ts';
import type { Phase } from './strategy/request.ts';
import type { StrategySettings } from './strategy/settings.ts';
import type { StepsEnd } from './strategy/steps.ts';

/** How a run ended: by itself (`StepsEnd`), by a limit of time, or because its `AbortSignal` said so. */
export type RescueEnd = StepsEnd | TimeLimitEnd | 'aborted';

/** Bytes of the domain by status. */
export interface DomainTotals {
  /** Bytes of the domain. The five below sum up to it. */
  readonly domainSize: number;
  readonly rescued: number;
  readonly nonTried: number;
  readonly nonTrimmed: number;
  readonly nonScraped: number;
  readonly bad: number;
  /** Runs of bad sectors. */
  readonly badAreas: number;
}

/** The domain, and what the run has seen so far. */
export interface Progress extends DomainTotals {
  /** Reads of this run that failed. */
  readonly readErrors: number;
  /** Where the run is: start of the block read forwards, end of the one read backwards. */
  readonly position: number;
  /** First byte of the last read, or of the one about to be made, in either direction. */
  readonly readPos: number;
  /** Milliseconds since the run began. */
  readonly runTimeMs: number;
  /** Whole seconds of the run when the rates were last computed; pauses that were only simulated count. */
  readonly ratedS: number;
  /** Milliseconds since something was rescued, or since the start; as of {@link ratedS}. */
  readonly sinceSuccessMs: number;
  /** Bytes per second, of the last second and of the whole run. */
  readonly currentRateBytesPerS: number;
  readonly averageRateBytesPerS: number;
  /** Bytes of failed reads in the last second. */
  readonly errorRateBytesPerS: number;
  /** Reads that were slower than the minimum asked for. */
  readonly slowReads: number;
  /** Seconds that what is not rescued takes at the rates of the last minute; undefined when not known. */
  readonly remainingS: number | undefined;
}

/**
 * What a run tells while it goes on. Progress comes at most ten times a second; `second` before a read when
 * the rates were computed anew and the read begins no pass; `pass-ended` before the `pausing` or `phase` that
 * follows, or before the end; `failed` in the place of `ended` when an error ends the run.
 */
export type RescueEvent =
  | { readonly type: 'started'; readonly progress: Progress }
  | {
      readonly type: 'phase';
      readonly phase: Phase;
      readonly pass: number;
      readonly direction: 'forwards' | 'backwards';
      readonly progress: Progress;
    }
  | { readonly type: 'pausing'; readonly progress: Progress }
  | { readonly type: 'pass-ended'; readonly progress: Progress }
  | { readonly type: 'progress'; readonly progress: Progress }
  | {
      readonly type: 'second';
      readonly progress: Progress;
      /** A limit is passed: no read follows. */
      readonly isLast: boolean;
    }
  | {
      /** A read has not come back yet; told once a second as long as that is so. */
      readonly type: 'waiting';
      readonly waitedMs: number;
      readonly progress: Progress;
    }
  | { readonly type: 'saved'; readonly progress: Progress }
  /** The source went away, and is waited for. */
  | { readonly type: 'lost'; readonly message: string; readonly progress: Progress }
  /** It is back, and the run goes on. */
  | { readonly type: 'back'; readonly progress: Progress }
  | { readonly type: 'failed'; readonly progress: Progress }
  | { readonly type: 'ended'; readonly end: RescueEnd; readonly progress: Progress };

/** The totals of the domain that a map is restricted to. */
export function domainTotals(map: RescueMap): DomainTotals {
  const nonTried = map.sizeInDomain('?');
  const nonTrimmed = map.sizeInDomain('*');
  const nonScraped = map.sizeInDomain('/');
  const bad = map.sizeInDomain('-');
  const rescued = map.sizeInDomain('+');
  const domainSize = nonTried + nonTrimmed + nonScraped + bad + rescued;
  const badAreas = map.areasInDomain('-');
  return { domainSize, rescued, nonTried, nonTrimmed, nonScraped, bad, badAreas };
}

/** The progress of a run that has not read anything. */
export function progressAtRest(map: RescueMap): Progress {
  return {
    ...domainTotals(map),
    readErrors: 0,
    position: 0,
    readPos: 0,
    runTimeMs: 0,
    ratedS: 0,
    sinceSuccessMs: 0,
    currentRateBytesPerS: 0,
    averageRateBytesPerS: 0,
    errorRateBytesPerS: 0,
    slowReads: 0,
    remainingS: undefined,
  };
}

/** Bytes that a run with these settings would still try to read. */
export function pendingBytes(
  totals: Omit<DomainTotals, 'domainSize' | 'badAreas'>,
  settings: Pick<StrategySettings, 'scrapes' | 'retryPasses'>,
): number {
  const { nonTried, nonTrimmed, nonScraped, bad } = totals;
  const scraped = settings.scrapes ? nonScraped : 0;
  return nonTried + nonTrimmed + scraped + (settings.retryPasses > 0 ? bad : 0);
}
