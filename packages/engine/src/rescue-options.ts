/** What a rescue is told, and what it says at the end. */
import type { Domain, RescueMap } from '@chunkrescue/mapfile';
import type { RescueError } from './errors.ts';
import type { Progress, RescueEnd, RescueEvent } from './events.ts';
import type { PassedLimit, TimeLimits } from './limits.ts';
import type { PlanInput } from './plan.ts';
import type { Clock, MapStore, MaybePromise, Source, Target } from './ports.ts';
import type { Rescue } from './strategy/rescue.ts';
import type { SettingsInput } from './strategy/settings.ts';
import type { ReadRecord } from './wrap/read-log.ts';

/** What to rescue, from where to where, and how. */
export interface RescueOptions extends Pick<PlanInput, 'isWithinMap' | 'retrims' | 'triesAgain'> {
  readonly source: Source;
  readonly target: Target;
  /** Where the map of an earlier run is found and this run's is saved. Without one nothing can be resumed. */
  readonly store?: MapStore;
  /** The part of the source to work on. Default: all of it. */
  readonly domain?: Domain;
  /** What differs from the defaults. */
  readonly settings?: SettingsInput;
  /** A plan made before of the same source and map (`planRescue`); the store is not asked for one then. */
  readonly prepared?: Rescue;
  /** When to give up, besides what the settings say. */
  readonly limits?: TimeLimits;
  readonly pauses?: Pauses;
  /** Where reads go. Default: one buffer of the source's, used again for each. */
  readonly memory?: ReadMemory;
  /** Told of each read that counts, before its bytes are written. */
  readonly onRead?: (read: ReadRecord) => void;
  /** Called after each failed read is marked; what it throws ends the run. */
  readonly afterError?: () => MaybePromise<void>;
  /**
   * After many failed reads in a row looks whether the source still answers anywhere, by a few reads that the
   * strategy did not ask for. When it does not, the run ends with `source-lost`, and what failed since the source was
   * last heard of is non-tried again. Default false.
   */
  readonly looksForLife?: boolean;
  /**
   * Called when the source is lost, with the map saved, and again as long as it does not answer. Returns true when
   * the source is back and was opened anew: then the run goes on; false when the run was told to stop meanwhile.
   * Default: the run ends with the error.
   */
  readonly comesBack?: (error: RescueError) => MaybePromise<boolean>;
  /** Closes and opens the source after each failed or slow read (`-O`). Default false. */
  readonly reopensOnError?: boolean;
  /** Names of errors (`ENXIO`) that count as the disk's although they usually end a run. */
  readonly toleratedErrnos?: ReadonlySet<string>;
  /** Milliseconds between two saves, given how many were made and the map's blocks. Default: by the map's size. */
  readonly saveIntervalMs?: (savesDone: number, blockCount: number) => number;
  /** Bytes that the target must be long when the run has finished. Default: as far as was written. */
  readonly targetSize?: number;
  /**
   * Stops between two reads; the map is saved and the result says `aborted`. Nothing is thrown. A read that does not
   * come back is given up; its memory may still be written to.
   */
  readonly signal?: Pick<AbortSignal, 'aborted'>;
  readonly onEvent?: (event: RescueEvent) => void;
  /** Milliseconds between two `progress` events; 0 tells of every read. Default 100. */
  readonly progressMs?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** For the heading of the mapfile. */
  readonly commandLine?: string;
  /** More comment lines for the heading of the mapfile. */
  readonly comments?: readonly string[];
}

/** Memory for reads, where somebody writes the bytes or looks at them while the next read runs. */
export interface ReadMemory {
  /** Memory for the next read: `size` bytes, not in use any more. */
  take(size: number): Uint8Array;
}

/** Rest for a drive that needs it. Milliseconds. */
export interface Pauses {
  /** After each read that failed or was slow. */
  readonly errorMs?: number;
  /** The pause after an error only counts in the run's time. Default false. */
  readonly isSimulated?: boolean;
  /** Before the first read of each pass but the first. */
  readonly passMs?: number;
}

/** How a run ended and what it knows. */
export interface RescueResult {
  readonly end: RescueEnd;
  /** Every limit that was passed; {@link end} is one of them, or no limit was. */
  readonly limits: readonly PassedLimit[];
  /** The domain at the end. */
  readonly progress: Progress;
  /** The whole map, neighbours of one status merged. */
  readonly map: RescueMap;
}

/** The options as a driver hands them on. */
export interface SessionOptions extends RescueOptions {
  readonly clock: Clock;
  /** There is nobody to pause for: nothing is yielded but promises. */
  readonly isBlocking?: boolean;
}
