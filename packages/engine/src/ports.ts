/**
 * The doors between the engine and the world. The engine knows nothing of files; `node/` has the doors to
 * files and devices, `testing/` the simulated ones, and a program may bring its own.
 *
 * Every call may answer at once or with a promise. The blocking driver (worker) takes only ports that
 * answer at once; the other driver takes both.
 */
import type { Mapfile, Range } from '@chunkrescue/mapfile';
import type { Phase } from './strategy/request.ts';

/** A value, or a promise of it. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** What came of one read. Trouble of the disk is a value, never an exception. */
export interface ReadOutcome {
  /** Good bytes at the start of the buffer. Fewer than asked for without `errno`: the source ends there. */
  readonly copied: number;
  /** Name of the error that stopped the read (`EIO`), or undefined. */
  readonly errno: string | undefined;
}

/** What tells one disk from another; each part only where the system knows it. */
export interface SourceIdentity {
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
  readonly partitionUuid?: string;
  /** The file that a loop device shows, or that its disk shows when it is a partition of one. */
  readonly backingFile?: string;
}

/** The phase that begins, for a source that reads in more than one way. */
export interface PhaseStart {
  readonly phase: Phase;
  /** Bytes of the rescue's sector: what fails in a read of no more than that counts as bad at once. */
  readonly sectorSize: number;
}

/** What is rescued. */
export interface Source {
  /** For messages; a path for files. */
  readonly name: string;
  /** Bytes, or undefined when it is not known before the end is met. */
  readonly size: number | undefined;
  /** Bytes of the smallest unit that can be read on its own (logical sector). */
  readonly sectorSize: number;
  /** Bytes of the unit the medium really uses, where it is larger than {@link sectorSize}. */
  readonly physicalSectorSize?: number;
  readonly identity?: SourceIdentity;
  /** Reads at `pos` until `into` is full, the source ends, or an error comes. */
  read(pos: number, into: Uint8Array): MaybePromise<ReadOutcome>;
  /** As {@link read}, but from the medium, past every cache: whether the source still answers. Default: `read`. */
  probe?(pos: number, into: Uint8Array): MaybePromise<ReadOutcome>;
  /**
   * Told which phase begins, before the first read of it. Copying wants speed; what failed there is worth reading
   * in another way, if there is one, so that no good byte is lost with its bad neighbour.
   */
  enter?(start: PhaseStart): MaybePromise<void>;
  /**
   * Names somebody to be told, from time to time, how many milliseconds a read that blocks has taken so far; nobody,
   * when it is undefined. What it throws gives the read up and comes out of {@link read}; bytes may still come
   * into the read's memory later, and nothing can be read from this source any more.
   */
  watch?(onWait: ((waitedMs: number) => void) | undefined): void;
  /** Memory that suits {@link read} best (direct reads want it aligned). Default: a plain `Uint8Array`. */
  allocate?(size: number): Uint8Array;
  /** Opens the same source anew, after it went away and came back. */
  reopen?(): MaybePromise<void>;
  /** May be called twice. The one who opened it closes it. */
  close?(): MaybePromise<void>;
}

/** What the bytes are written to. Each call throws a `RescueError` when it could not be done. */
export interface Target {
  readonly name: string;
  /**
   * Writes all of `bytes` at `pos`. The buffer belongs to the caller again on return, but for memory that both
   * sides know to be taken in turn (`RescueOptions.memory`): there the write may go on meanwhile.
   */
  write(pos: number, bytes: Uint8Array): MaybePromise<void>;
  /** Waits for writes that go on. What failed of them is thrown by the next call of any kind. */
  settle?(): MaybePromise<void>;
  /** What {@link write} took and could not write after all; asked once, after a call failed. */
  unwritten?(): readonly Range[];
  /** Makes the target at least `size` bytes long, with a hole where nothing was written. */
  extend(size: number): MaybePromise<void>;
  /** Returns when everything written is durable. */
  sync(): MaybePromise<void>;
  /** May be called twice. The one who opened it closes it. */
  close?(): MaybePromise<void>;
}

/** Where the map lives. */
export interface MapStore {
  readonly name: string;
  /** The map of an earlier run, or undefined when there is none. */
  load(): MaybePromise<Mapfile | undefined>;
  /** Replaces the stored map in one step; durable on return. */
  save(mapfile: Mapfile): MaybePromise<void>;
}

/** The only sources of time. */
export interface Clock {
  /** Milliseconds of a steady clock; only differences mean something. */
  now(): number;
  /** The time of day, for the heading of a mapfile. */
  wallTime(): Date;
  /** Lets time pass. Only limits and pauses that somebody asked for use it. */
  sleep(ms: number): MaybePromise<void>;
}
