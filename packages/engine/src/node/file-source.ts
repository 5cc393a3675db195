/**
 * A file or device to read from, with blocking calls.
 *
 * Direct reads take only whole units of the device: position, size and memory address. What does not fit is
 * read in a wider range into memory of our own, and the outcome is translated back: bytes before the wanted
 * ones do not count, and trouble behind them does not either.
 */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { refuseLost } from '../fatal-errors.ts';
import type { ReadOutcome, Source, SourceIdentity } from '../ports.ts';
import { alignedBuffer } from './aligned-memory.ts';
import { type DeviceInfo, sizeNow } from './device-info.ts';
import { errnoOf, tidyUp } from './errno.ts';
import { findDevices, twinsOf } from './find-device.ts';
import { fsExt } from './fs-ext.ts';
import { hasNoData } from './holes.ts';
import { mayHang } from './may-hang.ts';
import { openInput } from './open-input.ts';
import type { PatientReader } from './patient-read.ts';
import { otherDevice } from './same-device.ts';
import { readWidened } from './widened-read.ts';

export interface FileSourceOptions {
  /** Whether to read past the kernel's cache (O_DIRECT); refused where that is not possible. */
  readonly direct: boolean;
  /** Bytes; instead of the logical sector that the device tells. */
  readonly sectorSize?: number;
  /** Makes the reads of what may keep one waiting: devices, and files that another machine or program serves. */
  readonly patient?: () => PatientReader;
}

const BOUNCE_SIZE = 1 << 20;
/**
 * Opens a file or device for reading.
 * @throws RescueError `source-open`, or `direct-unsupported` when direct reads were asked for in vain
 */
export function openFileSource(path: string, options: FileSourceOptions): FileSource {
  return new FileSource(path, options);
}

/** An open input file. Sizes and positions are bytes. */
export class FileSource implements Source {
  readonly name: string;
  readonly #options: FileSourceOptions;
  /** Its name now: a disk that is connected again may have got another one. */
  #path: string;
  #fd: number | undefined;
  #info: DeviceInfo;
  /** What direct reads must be multiples of; 1 for reads through the cache. */
  #unit: number;
  #bounce: Uint8Array | undefined;
  readonly #patient: PatientReader | undefined;
  /** How often it was opened again without bringing anything. */
  #fruitless = 0;
  /** Devices that were there from the beginning and look like this one: none of them is it, if it is lost. */
  readonly #twins: readonly string[];
  /** The same device, opened for {@link probe}. */
  #probe: FileSource | undefined;
  #onWait: ((waitedMs: number) => void) | undefined;

  constructor(path: string, options: FileSourceOptions) {
    this.name = path;
    this.#path = path;
    this.#options = options;
    const opened = openInput(path, options.direct);
    this.#fd = opened.fd;
    this.#info = opened.info;
    this.#unit = opened.unit;
    this.#twins = twinsOf(opened.info);
    this.#patient = mayHang(path, this.kind) ? options.patient?.() : undefined;
  }

  get kind(): DeviceInfo['kind'] {
    return this.#info.kind;
  }

  get size(): number | undefined {
    return this.#info.size;
  }

  get sectorSize(): number {
    return this.#options.sectorSize ?? this.#info.sectorSize;
  }

  get physicalSectorSize(): number {
    return Math.max(this.sectorSize, this.#info.physicalSectorSize);
  }

  get identity(): SourceIdentity {
    return this.#info.identity;
  }

  /** Memory that direct reads can go into without a copy. */
  allocate(size: number): Uint8Array {
    return alignedBuffer(size);
  }

  watch(onWait: ((waitedMs: number) => void) | undefined): void {
    this.#onWait = onWait;
  }

  read(pos: number, into: Uint8Array): ReadOutcome {
    const unit = this.#unit;
    if (pos % unit !== 0 || into.length % unit !== 0) return this.#readWidened(pos, into);
    const first = this.#readPlain(pos, into);
    // The kernel knows better than we whether the memory suits; it says so before it reads anything.
    if (unit > 1 && first.errno === 'EINVAL' && first.copied === 0) {
      return this.#readWidened(pos, into);
    }
    if (first.errno !== undefined || first.copied % unit === 0) return first;
    if (this.#isEnd(pos + first.copied)) return first;
    const rest = this.#readWidened(pos + first.copied, into.subarray(first.copied));
    return { copied: first.copied + rest.copied, errno: rest.errno };
  }

  /** Reads past the cache where that is possible. @throws RescueError `source-lost` when there is another device now */
  probe(pos: number, into: Uint8Array): ReadOutcome {
    if (this.kind === 'other' || this.#options.direct) return this.read(pos, into);
    const direct = this.#probe ?? this.#openedDirectly();
    if (direct === undefined) return this.read(pos, into);
    this.#probe = direct;
    direct.watch(this.#onWait);
    return direct.read(pos, into);
  }

  #openedDirectly(): FileSource | undefined {
    try {
      return this.openDirectly();
    } catch (error) {
      if (!(error instanceof RescueError) || error.code === 'source-lost') throw error;
      refuseLost(this.name, { errno: error.errno ?? '' });
      return undefined;
    }
  }

  /** Whether a regular file has a hole there, as far as the system can tell: it reads as zeros. */
  isHole(pos: number, size: number): boolean {
    const ext = this.kind === 'file' ? fsExt() : undefined;
    const fd = this.#fd;
    // Asked anew: behind the end of a file that was cut off meanwhile there is no hole.
    if (ext === undefined || fd === undefined || pos + size > fstatSync(fd).size) return false;
    return hasNoData(ext, fd, { pos, end: pos + size });
  }

  /**
   * Opens it again by its name, or by the name that the same disk has now.
   * @throws RescueError `source-open` when it cannot be opened, `source-lost` when another device is there
   * now; the source stays closed then, and may be reopened later
   */
  reopen(): void {
    this.#closeForNow();
    let trouble: unknown;
    for (const path of this.#names()) {
      try {
        this.#openAgain(path);
        return;
      } catch (error) {
        // What the name given leads to says most.
        trouble ??= error;
      }
    }
    this.#patient?.rest();
    throw trouble;
  }

  /**
   * The name given, and what the system calls disks that tell to be this one; where there are several, each time
   * another one first: one may be the old device, which is still there because somebody has it open, and dead.
   */
  #names(): string[] {
    const { identity, size, name } = this;
    const isKnown = size !== undefined && Object.keys(identity).length > 0;
    const found = isKnown ? findDevices({ identity, size }) : [];
    const others = found.filter((path) => !this.#twins.includes(path));
    const names = [...new Set([name, ...others])];
    const first = this.#fruitless++ % names.length;
    return [...names.slice(first), ...names.slice(0, first)];
  }

  #openAgain(path: string): void {
    const opened = openInput(path, this.#options.direct);
    const other = otherDevice(path, { fd: undefined, info: this.#info }, opened);
    if (other !== undefined) {
      closeSync(opened.fd);
      throw other;
    }
    this.#path = path;
    this.#fd = opened.fd;
    this.#info = opened.info;
    this.#unit = opened.unit;
  }

  /**
   * The same file or device once more, for direct reads.
   * @throws RescueError `direct-unsupported`, `source-open`, or `source-lost` when another device is there now
   */
  openDirectly(): FileSource {
    const again = new FileSource(this.#path, { ...this.#options, direct: true });
    const before = { fd: this.#fd, info: this.#info };
    const other = otherDevice(this.name, before, { fd: again.#fd, info: again.#info });
    if (other === undefined) return again;
    again.close();
    throw other;
  }

  close(): void {
    this.#closeForNow();
    this.#patient?.rest();
  }

  #closeForNow(): void {
    this.#probe?.close();
    this.#probe = undefined;
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd === undefined) return;
    this.#patient?.forget(fd);
    // Nothing that was read can be lost by it.
    tidyUp(() => closeSync(fd));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Reads until full, the end, an error, or (direct) a place where no direct read can go on. */
  #readPlain(pos: number, into: Uint8Array): ReadOutcome {
    const fd = this.#fd;
    if (fd === undefined) throw new Error(`${this.name} is closed.`);
    const { length } = into;
    let copied = 0;
    for (;;) {
      let n: number;
      try {
        n = this.#readOnce(fd, into.subarray(copied), pos + copied);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === 'EINTR') continue;
        return { copied, errno: this.#lossOf() ?? errno };
      }
      copied += n;
      if (n > 0) this.#fruitless = 0;
      else if (this.kind === 'block' && !this.#isEnd(pos + copied)) {
        // A device whose medium is gone has no bytes any more, and that is no error to the system.
        return { copied, errno: this.#lossOf() };
      }
      if (n === 0 || copied >= length || copied % this.#unit !== 0) {
        return { copied, errno: undefined };
      }
    }
  }

  #readOnce(fd: number, into: Uint8Array, pos: number): number {
    const patient = this.#patient;
    if (patient === undefined) return readSync(fd, into, 0, into.length, pos);
    const [{ direct: isDirect }, { number: device }] = [this.#options, this.#info];
    return patient.readSync({ fd, isDirect, device, onWait: this.#onWait }, into, pos);
  }

  /** A device that was pulled may answer EIO to everything; its node is not there any more, or it has no size. */
  #lossOf(): string | undefined {
    try {
      statSync(this.#path);
    } catch (error) {
      // A file system that is served by nobody any more says many things.
      return errnoOf(error) === 'ENOENT' ? 'ENOENT' : 'ENOTCONN';
    }
    const fd = this.#fd;
    if (this.kind !== 'block' || this.size === 0 || fd === undefined) return undefined;
    return sizeNow(fd) === 0 ? 'ENOMEDIUM' : undefined;
  }

  #readWidened(pos: number, into: Uint8Array): ReadOutcome {
    this.#bounce ??= alignedBuffer(BOUNCE_SIZE);
    const wide = { unit: this.#unit, size: this.size, bounce: this.#bounce };
    return readWidened(wide, { pos, into }, (at, bytes) => this.#readPlain(at, bytes));
  }

  #isEnd(pos: number): boolean {
    return this.size !== undefined && pos >= this.size;
  }
}
