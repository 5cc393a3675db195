/**
 * A source that is read directly where that matters, by itself.
 *
 * The kernel's cache reads ahead in large pieces, and one bad sector takes its whole piece with it: 128 KiB that
 * no smaller read through the cache brings back. Direct reads are exact, but each waits for the disk. So copying
 * goes through the cache, and everything that is read because something failed goes past it.
 */
import { RescueError } from '../errors.ts';
import { refuseLost } from '../fatal-errors.ts';
import type { PhaseStart, ReadOutcome, Source, SourceIdentity } from '../ports.ts';
import { type FileSource, openFileSource } from './file-source.ts';
import { isUnsupported } from './open-input.ts';
import type { PatientReader } from './patient-read.ts';

/**
 * Whether reads go past the kernel's cache. `always` is refused where that is not possible; `auto` copies through
 * the cache, reads past it in the later phases, and stays with the cache where it must.
 */
export type DirectReading = 'never' | 'always' | 'auto';

/** How a file or device is read. */
export interface SourceOptions {
  readonly direct: DirectReading;
  /** Called once, when `auto` finds that direct reads are not possible. */
  readonly onFallback?: () => void;
  /** See {@link FileSourceOptions.patient}. */
  readonly patient?: () => PatientReader;
}

/** A source that is closed at once. */
export interface OpenSource extends Source {
  close(): void;
}

/**
 * Opens a file or device for reading.
 * @throws RescueError `source-open`, or `direct-unsupported` when direct reads were asked for in vain
 */
export function openSource(
  path: string,
  { direct, onFallback, patient }: SourceOptions,
): OpenSource {
  const file = openFileSource(path, { direct: direct === 'always', ...(patient && { patient }) });
  return direct === 'auto' ? new AutoDirectSource(file, onFallback) : file;
}

class AutoDirectSource implements Source {
  readonly #cached: FileSource;
  readonly #onFallback: (() => void) | undefined;
  /** The same device, opened when direct reads are wanted for the first time. */
  #direct: FileSource | undefined;
  #hasFallenBack = false;
  #isCopying = true;
  #sectorSize = 0;
  #onWait: ((waitedMs: number) => void) | undefined;

  /** @param cached belongs to this source from now on */
  constructor(cached: FileSource, onFallback: (() => void) | undefined) {
    this.#cached = cached;
    this.#onFallback = onFallback;
  }

  get name(): string {
    return this.#cached.name;
  }

  get size(): number | undefined {
    return this.#cached.size;
  }

  get sectorSize(): number {
    return this.#cached.sectorSize;
  }

  get physicalSectorSize(): number {
    return this.#cached.physicalSectorSize;
  }

  get identity(): SourceIdentity {
    return this.#cached.identity;
  }

  allocate(size: number): Uint8Array {
    return this.#cached.allocate(size);
  }

  /** @throws RescueError `source-lost` when the device is gone or another one, `source-open` */
  enter({ phase, sectorSize }: PhaseStart): void {
    this.#isCopying = phase === 'copying';
    this.#sectorSize = sectorSize;
    if (!this.#isCopying) this.#openDirectly();
  }

  watch(onWait: ((waitedMs: number) => void) | undefined): void {
    this.#onWait = onWait;
    this.#cached.watch(onWait);
    this.#direct?.watch(onWait);
  }

  read(pos: number, into: Uint8Array): ReadOutcome {
    if (!this.#isCopying) return this.#readDirectly(pos, into) ?? this.#cached.read(pos, into);
    const outcome = this.#cached.read(pos, into);
    const { copied, errno } = outcome;
    // A sector that fails counts as bad at once, and nobody comes back for it.
    if (errno === undefined || into.length - copied > this.#sectorSize) return outcome;
    const rest = this.#readDirectly(pos + copied, into.subarray(copied));
    return rest === undefined ? outcome : { ...rest, copied: copied + rest.copied };
  }

  probe(pos: number, into: Uint8Array): ReadOutcome {
    return this.#readDirectly(pos, into) ?? this.#cached.read(pos, into);
  }

  /** Undefined where there are no direct reads. */
  #readDirectly(pos: number, into: Uint8Array): ReadOutcome | undefined {
    const outcome = this.#openDirectly()?.read(pos, into);
    if (!isUnsupported(outcome?.errno)) return outcome;
    // Opening went well, as it may where reading does not.
    this.#fallBack();
    return undefined;
  }

  #openDirectly(): FileSource | undefined {
    if (this.#hasFallenBack) return undefined;
    try {
      if (this.#direct === undefined) {
        this.#direct = this.#cached.openDirectly();
        this.#direct.watch(this.#onWait);
      }
    } catch (error) {
      if (!(error instanceof RescueError)) throw error;
      // It was there until now.
      refuseLost(this.name, { errno: error.errno ?? '' });
      if (error.code !== 'direct-unsupported') throw error;
      this.#fallBack();
    }
    return this.#direct;
  }

  #fallBack(): void {
    this.#hasFallenBack = true;
    this.#closeDirect();
    this.#onFallback?.();
  }

  /** Goes on in the way it was reading. @throws RescueError as {@link FileSource.reopen} */
  reopen(): void {
    this.#closeDirect();
    this.#cached.reopen();
  }

  close(): void {
    this.#closeDirect();
    this.#cached.close();
  }

  #closeDirect(): void {
    this.#direct?.close();
    this.#direct = undefined;
  }
}
