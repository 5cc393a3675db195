/** What a worker is asked to do, and what it says. Plain values: they cross threads. */
import type { Range } from '@chunkrescue/mapfile';
import type { Manifest } from '../chunks/manifest.ts';
import type { MergeEvent, MergeJob, MergeResult } from '../chunks/merge-job.ts';
import type { ChunkPair } from '../chunks/open-chunk.ts';
import type { VerifyEvent, VerifyJob, VerifyResult } from '../chunks/verify-job.ts';
import type { RescueErrorCode } from '../errors.ts';
import type { Progress, RescueEnd, RescueEvent } from '../events.ts';
import type { DirectReading } from '../node/auto-direct-source.ts';
import type { Packing } from '../node/packing.ts';
import type { SettingsInput } from '../strategy/settings.ts';

/** A map that cannot be saved; nothing is read meanwhile. */
export interface MapTrouble {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** Try once more, save it elsewhere and end, or end with the map of the last save. */
export type TroubleAnswer = 'again' | 'elsewhere' | 'quit';

/** A rescue from a file or device into a file. */
export interface FileRescueJob {
  readonly source: string;
  /** Whether reads bypass the system's cache; where `auto` cannot, a `fallback` event tells it. */
  readonly direct: DirectReading;
  /** Mapfile whose areas that are not finished count as unreadable (`-H`). */
  readonly testMap?: string;
  readonly target: string;
  /** The target may be a device. */
  readonly isForced?: boolean;
  /** The target may be a device that is in use, as by a mounted file system. */
  readonly allowsMounted?: boolean;
  /** The map to resume from and to save to. */
  readonly map: string;
  /** Ranges to work on. Default: everything. */
  readonly domain?: readonly Range[];
  /** What the map says of its rescue and its source; size and identity are added where they are not given. */
  readonly manifest?: Manifest;
  /** Goes on with the map whatever source it was begun with. */
  readonly isAdopted?: boolean;
  /** The target is a chunk, and has a map of its own. */
  readonly chunk?: ChunkJob;
  /** Begin with everything in the domain non-tried, whatever the map says. */
  readonly isReread?: boolean;
  /** The target holds what the map claims although its own map does not say so: ddrescue wrote it. */
  readonly trustsTarget?: boolean;
  readonly retrims?: boolean;
  readonly triesAgain?: boolean;
  /** A source that goes away is waited for. Default false: the run ends with `source-lost`. */
  readonly waits?: boolean;
  /** Errors count as the disk's even when nothing at all can be read. Default false. */
  readonly trustsErrors?: boolean;
  readonly settings: Omit<SettingsInput, 'manner'>;
  /** Bytes that the target must be long at the end. */
  readonly targetSize?: number;
  /** Milliseconds between two saves; 0 saves after each read. Default: by the map's size. */
  readonly saveIntervalMs?: number;
  readonly commandLine?: string;
  /**
   * Where to save a map that cannot be saved in its place, before the usual folders; the run ends then, and
   * `map-elsewhere` tells where. Default: it is saved nowhere, unless somebody is asked.
   */
  readonly emergencyFolders?: readonly string[];
}

/** What a rescue of files tells. */
export type FileRescueEvent =
  | RescueEvent
  | {
      /** Direct reads were to begin by themselves (`auto`) and are not possible: the cache is read on. */
      readonly type: 'fallback';
      readonly source: string;
    }
  | {
      /** The map was saved elsewhere; it must be copied back before the rescue goes on. */
      readonly type: 'map-elsewhere';
      readonly map: string;
      readonly saved: string;
      /** The copy is gone when the PC is switched off. */
      readonly isVolatile: boolean;
    };

/** A file that travels, with a map that proves what is in it. */
export interface ChunkJob {
  /** The map that travels with the chunk. */
  readonly map: string;
  /** Number (none for a domain made by hand), range and layout; the rest is the job's. */
  readonly manifest: Pick<Manifest, 'chunk' | 'chunkSize'> &
    Required<Pick<Manifest, 'range' | 'layout'>>;
  /** Bytes of a piece with a digest of its own. Default 1 MiB. */
  readonly pieceSize?: number;
  /** What earlier files of this chunk brought is in safe hands: a new file holds only what is new. */
  readonly isCarried?: boolean;
  /** What another PC has of the source, as its receipt says. */
  readonly received?: readonly Range[];
  /** Reads the chunk again when it is finished, past the cache where possible. Default true. */
  readonly isChecked?: boolean;
  /** Nothing is made unless something new is read (for retries). Default false. */
  readonly isLazy?: boolean;
  /** When it is finished, the chunk is compressed into other files and removed. */
  readonly packed?: { readonly pair: ChunkPair; readonly packing: Packing };
}

/** What reading a finished chunk again came to. */
export interface ChunkCheck {
  /** The medium was read, not the system's cache. */
  readonly isPastCache: boolean;
  /** Pieces that are not what came from the source. */
  readonly different: readonly Range[];
}

/** How it ended. */
export interface FileRescueResult {
  /** Nothing was left to read and the target is not there: it was carried away. Nothing was written. */
  readonly isElsewhere: boolean;
  /** Nothing was left to read before it began. Nothing was written. */
  readonly wasDone: boolean;
  readonly end: RescueEnd;
  readonly progress: Progress;
  /** Bytes rescued by this run. */
  readonly gained: number;
  /** Undefined when the chunk was not read again: it is not finished, or nobody asked for it. */
  readonly check: ChunkCheck | undefined;
  /** Bytes of the compressed chunk, where one was made. */
  readonly packedSize?: number | undefined;
}

export type Job =
  | { readonly kind: 'rescue'; readonly job: FileRescueJob; readonly asks: boolean }
  | { readonly kind: 'merge'; readonly job: MergeJob }
  | { readonly kind: 'verify'; readonly job: VerifyJob }
  | { readonly kind: 'lock'; readonly map: string };

/** What a worker gets when it starts. */
export interface WorkerInput {
  /** One word of shared memory: not 0 when the job at hand must stop. */
  readonly stop: Int32Array;
  /** One word of shared memory: the answer to a question about trouble, by {@link ANSWERS}; 0 until there is one. */
  readonly answer: Int32Array;
  /** No other thread of the process uses fs-ext while this one lives. */
  readonly mayUseFsExt: boolean;
}

/** What the numbers in the shared word mean, from 1 on. */
export const ANSWERS: readonly TroubleAnswer[] = ['again', 'elsewhere', 'quit'];

export type WorkerMessage =
  | {
      readonly type: 'closed';
      /** A read that was given up has not come back; the thread ends when it does. */
      readonly isStuck: boolean;
    }
  | { readonly type: 'trouble'; readonly trouble: MapTrouble }
  | { readonly type: 'event'; readonly event: FileRescueEvent | MergeEvent | VerifyEvent }
  | {
      readonly type: 'result';
      readonly result: FileRescueResult | MergeResult | VerifyResult | undefined;
    }
  | {
      readonly type: 'failure';
      readonly code: RescueErrorCode;
      readonly message: string;
      readonly path: string | undefined;
      readonly pos: number | undefined;
      readonly hint: string | undefined;
    };
