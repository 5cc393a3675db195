/** What a worker is asked to do, and what it says. Plain values: they cross threads. */
import type { Range } from '@chunkrescue/mapfile';
import type { MergeEvent, MergeJob, MergeResult } from '../chunks/merge-job.ts';
import type { RescueErrorCode } from '../errors.ts';
import type { Progress, RescueEnd, RescueEvent } from '../events.ts';
import type { SettingsInput } from '../strategy/settings.ts';

/** A rescue from a file or device into a file. */
export interface FileRescueJob {
  readonly source: string;
  /** Reads bypass the system's cache (`-d`). Refused where that is not possible. */
  readonly isDirect: boolean;
  /** Mapfile whose areas that are not finished count as unreadable (`-H`). */
  readonly testMap?: string;
  readonly target: string;
  /** The target may be a device. */
  readonly isForced?: boolean;
  /** The map to resume from and to save to. */
  readonly map: string;
  /** Ranges to work on. Default: everything. */
  readonly domain?: readonly Range[];
  /** A second mapfile that holds only the domain's part of the map, for the chunk in the target. */
  readonly chunkMap?: ChunkMapJob;
  /** Begin with everything in the domain non-tried, whatever the map says. */
  readonly isReread?: boolean;
  /** The target holds what the map claims although its own map does not say so: ddrescue wrote it. */
  readonly trustsTarget?: boolean;
  readonly retrims?: boolean;
  readonly triesAgain?: boolean;
  readonly settings: Omit<SettingsInput, 'manner'>;
  /** Bytes that the target must be long at the end. */
  readonly targetSize?: number;
  readonly commandLine?: string;
  readonly comments?: readonly string[];
}

/** The map that travels with a chunk. */
export interface ChunkMapJob {
  readonly path: string;
  /** Comment lines that only this map has, without their `#`. */
  readonly comments: readonly string[];
}

/** How it ended. */
export interface FileRescueResult {
  /** Nothing was left to read and the target is not there: it was carried away. Nothing was written. */
  readonly isElsewhere: boolean;
  /** Nothing was left to read before it began. Nothing was written. */
  readonly wasDone: boolean;
  readonly end: RescueEnd;
  readonly progress: Progress;
}

export type Job =
  | { readonly kind: 'rescue'; readonly job: FileRescueJob }
  | { readonly kind: 'merge'; readonly job: MergeJob }
  | { readonly kind: 'lock'; readonly map: string };

/** What a worker gets when it starts. */
export interface WorkerInput {
  /** One word of shared memory: not 0 when the job at hand must stop. */
  readonly stop: Int32Array;
  /** No other thread of the process uses fs-ext while this one lives. */
  readonly mayUseFsExt: boolean;
}

export type WorkerMessage =
  | { readonly type: 'event'; readonly event: RescueEvent | MergeEvent }
  | { readonly type: 'result'; readonly result: FileRescueResult | MergeResult | undefined }
  | {
      readonly type: 'failure';
      readonly code: RescueErrorCode;
      readonly message: string;
      readonly path: string | undefined;
      readonly pos: number | undefined;
      readonly hint: string | undefined;
    };
