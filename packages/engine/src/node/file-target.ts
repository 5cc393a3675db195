/**
 * A file or device to write to, with blocking calls. It never cuts off or empties what is there.
 *
 * A sparse target leaves zeros out where the file reads as zeros already (see holes.ts). The file may then be
 * shorter than what was "written"; sync and close make up for it.
 *
 * With a {@link WriteBehind} a write may be made later, by another thread. What fails there is told by the next
 * call, and by each one after it, until somebody asked what is {@link FileTarget.unwritten}.
 */
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { alignDown, type Range } from '@chunkrescue/mapfile';
import { RescueError, type RescueErrorDetails } from '../errors.ts';
import type { Target } from '../ports.ts';
import { errnoOf, reasonOf, unlessErrno } from './errno.ts';
import { fsExt } from './fs-ext.ts';
import { Holes, isZero, PIECE_SIZE } from './holes.ts';
import { mountOf } from './mounts.ts';
import { type FileTargetOptions, type OutputKind, openOutput } from './open-output.ts';
import { finalPath, syncFolderOf } from './paths.ts';
import { READ_ONLY_HINT } from './system-trouble.ts';
import type { WriteBehind } from './write-behind.ts';
import { type Descriptors, writeFully } from './write-fully.ts';

/**
 * Opens, or makes, a file or device for writing.
 * @throws RescueError `target-exists` (mode `create`) or `target-open`
 */
export function openFileTarget(path: string, options: FileTargetOptions): FileTarget {
  return new FileTarget(path, options);
}

/** The kernel's cache knows whole pages only. Bytes. */
const PAGE = 4096;

/** An open output file. Sizes and positions are bytes. */
export class FileTarget implements Target {
  readonly name: string;
  readonly kind: OutputKind;
  #fd: number | undefined;
  #directFd: number | undefined;
  #to: Descriptors | undefined;
  readonly #isSynchronous: boolean;
  readonly #behind: WriteBehind | undefined;
  /** As long as the file must be in the end; the device's size for a device. */
  #size: number;
  /** As long as the file is, when all writes that were taken over are made. */
  #length: number;
  readonly #holes: Holes | undefined;
  /** Whether the next sync must make the file's length durable. */
  #isLengthNew: boolean;
  /** Whether the next sync must make the file's name durable. */
  #isNameNew: boolean;
  /** A sync that failed once would succeed the next time, with the bytes lost: it stays failed. */
  #syncFailure: RescueError | undefined;

  constructor(path: string, options: FileTargetOptions) {
    this.name = path;
    const { fd, directFd, kind, size } = openOutput(path, options);
    this.#fd = fd;
    this.#directFd = directFd;
    this.#isSynchronous = options.synchronous ?? false;
    // A write that must be durable at once cannot be later, and without positions writes must keep their order.
    this.#behind = this.#isSynchronous || kind === 'other' ? undefined : options.behind;
    this.kind = kind;
    this.#size = size;
    this.#length = size;
    // Of an old file, too: who made it may have been killed before it could make that durable.
    this.#isNameNew = kind === 'file';
    this.#isLengthNew = kind === 'file';
    const isSparse = kind === 'file' && (options.sparse ?? true);
    this.#holes = isSparse ? new Holes(fd, size, fsExt()) : undefined;
  }

  /** Length of the file when everything written is in it; size of the device. */
  get size(): number {
    return this.#size;
  }

  /** @throws RescueError `target-write` with the position of the first byte that was not written */
  write(pos: number, bytes: Uint8Array): void {
    this.#refuseLosses();
    if (this.#holes === undefined) this.#put(pos, bytes);
    else this.#putSparse(pos, bytes, this.#holes);
    if (this.kind === 'file') this.#size = Math.max(this.#size, pos + bytes.length);
    if (this.#isSynchronous) this.sync();
  }

  /**
   * Makes a file at least `size` bytes long. A device stays as it is; writing behind its end fails.
   * @throws RescueError `target-write`
   */
  extend(size: number): void {
    if (this.kind !== 'file') return;
    // A file that grows by other hands meanwhile must not be written to at its end.
    this.settle();
    const before = this.#size;
    this.#size = Math.max(before, size);
    try {
      this.#lengthen();
    } catch (error) {
      // Or no later sync could succeed, and what was written before would never be claimed.
      this.#size = before;
      throw error;
    }
  }

  /** Waits until all writes are made. @throws RescueError `target-write` when one could not be */
  settle(): void {
    this.#behind?.settle();
    this.#refuseLosses();
  }

  /** What {@link write} took and is not in the file; asking for it ends the complaints about it. */
  unwritten(): readonly Range[] {
    this.#behind?.settle();
    const losses: Range[] = this.#behind?.losses.splice(0) ?? [];
    if (this.kind !== 'file') return losses;
    // What was counted as written did not make it longer.
    if (losses.length > 0) this.#length = fstatSync(this.#openFd()).size;
    return [...losses, ...this.#unreached()];
  }

  /** Zeros at the end that need only length, where the file can have no more; or no later sync could succeed. */
  #unreached(): Range[] {
    try {
      this.#lengthen();
      return [];
    } catch (error) {
      if (!(error instanceof RescueError)) throw error;
      const pos = this.#length;
      const size = this.#size - pos;
      this.#size = pos;
      return [{ pos, size }];
    }
  }

  /** @throws RescueError `target-sync`, from then on each time; `target-write` as {@link settle} and {@link extend} */
  sync(): void {
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
    this.settle();
    this.#lengthen();
    const fd = this.#openFd();
    // A character device has nothing to make durable.
    if (this.kind === 'other') return;
    try {
      if (this.#isLengthNew) fsyncSync(fd);
      else fdatasyncSync(fd);
      if (this.#isNameNew) syncFolderOf(this.name);
    } catch (cause) {
      this.#syncFailure = syncError(this.name, cause);
      throw this.#syncFailure;
    }
    this.#isLengthNew = false;
    this.#isNameNew = false;
  }

  /**
   * Gives the file its length and closes it, without waiting for the disk: that is {@link sync}'s work.
   * @throws RescueError `target-write` or `target-sync`; it is closed all the same
   */
  close(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    const directFd = this.#directFd;
    try {
      this.settle();
      this.#lengthen();
    } finally {
      this.#fd = undefined;
      this.#directFd = undefined;
      if (directFd !== undefined) closeOutput(directFd, this.name);
      closeOutput(fd, this.name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Writes what is not zeros over zeros; touching pieces in one call. */
  #putSparse(pos: number, bytes: Uint8Array, holes: Holes): void {
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      const border = alignDown(pos + at, PIECE_SIZE) + PIECE_SIZE - pos;
      const next = Math.min(border, bytes.length);
      if (isZero(bytes.subarray(at, next)) && holes.includes(pos + at, pos + next)) {
        this.#put(pos + from, bytes.subarray(from, at));
        from = next;
      }
      at = next;
    }
    this.#put(pos + from, bytes.subarray(from));
  }

  #put(pos: number, bytes: Uint8Array): void {
    const to = this.#descriptors();
    if (bytes.length === 0) return;
    this.#holes?.touch(pos, pos + bytes.length);
    // Beside a direct write the same page must not be written through the cache: each in its turn.
    const isOdd = to.directFd !== undefined && (pos % PAGE !== 0 || bytes.length % PAGE !== 0);
    if (isOdd) this.settle();
    if (!isOdd && this.#behind?.takeOver(to, pos, bytes)) {
      this.#grow(pos + bytes.length);
      return;
    }
    const { written, cause } = writeFully(to, pos, bytes);
    this.#grow(pos + written);
    if (written < bytes.length) throw this.#writeError(pos + written, cause);
  }

  #grow(end: number): void {
    if (end <= this.#length) return;
    this.#length = end;
    this.#isLengthNew = true;
  }

  #refuseLosses(): void {
    const loss = this.#behind?.losses[0];
    if (loss !== undefined) throw this.#writeError(loss.pos, loss.cause);
  }

  #writeError(pos: number, cause: unknown): RescueError {
    const errno = cause === undefined ? 'ENOSPC' : errnoOf(cause);
    return writeError({ path: this.name, pos, kind: this.kind }, errno, cause);
  }

  #lengthen(): void {
    if (this.kind !== 'file' || this.#size <= this.#length) return;
    const fd = this.#openFd();
    const size = this.#size;
    try {
      // Asked anew, so that a file which somebody else made longer is never cut off.
      if (fstatSync(fd).size < size) lengthen(fd, size);
    } catch (cause) {
      throw this.#writeError(this.#length, cause);
    }
    this.#length = size;
    this.#isLengthNew = true;
  }

  #descriptors(): Descriptors {
    const fd = this.#openFd();
    this.#to ??= { fd, directFd: this.#directFd, hasPositions: this.kind !== 'other' };
    return this.#to;
  }

  #openFd(): number {
    if (this.#fd === undefined) throw new Error(`${this.name} is closed.`);
    return this.#fd;
  }
}

/** Makes a file longer. FAT behind FUSE has no call for that, but fills up to a byte that is written. */
function lengthen(fd: number, size: number): void {
  const isDone = unlessErrno(['EPERM', 'EOPNOTSUPP', 'ENOSYS'], () => {
    ftruncateSync(fd, size);
    return true;
  });
  if (!isDone) writeSync(fd, new Uint8Array(1), 0, 1, size - 1);
}

function writeError(
  { path, pos, kind }: { path: string; pos: number; kind: OutputKind },
  errno: string,
  cause?: unknown,
): RescueError {
  const isDeviceFull = errno === 'ENOSPC' && kind === 'block';
  const reason = isDeviceFull ? 'the device ends there' : reasonOf(errno);
  const hint = isDeviceFull
    ? 'Use a larger device, or rescue a part only.'
    : (writeHints[errno] ?? fullHint(path, errno));
  const details: RescueErrorDetails = {
    path,
    pos,
    errno,
    cause,
    ...(hint === undefined ? {} : { hint }),
  };
  return new RescueError('target-write', `Can't write ${path} at byte ${pos}: ${reason}.`, details);
}

const writeHints: Readonly<Record<string, string>> = {
  EFBIG: 'The file system takes no larger file (FAT32: 4 GiB); use another file system or chunks.',
  EIO: 'The disk written to has trouble of its own; copy what is there to another one.',
  EROFS: READ_ONLY_HINT,
};

/** Which of the disks is full is not plain where several are written to. */
function fullHint(path: string, errno: string): string | undefined {
  if (errno !== 'ENOSPC' && errno !== 'EDQUOT') return undefined;
  const folder = dirname(finalPath(path));
  const mount = mountOf(folder)?.folder ?? folder;
  const where = mount === folder ? folder : `${folder} (the file system at ${mount})`;
  return `No room is left in ${where}: make room there and run the same command again; it goes on where it was.`;
}

function syncError(path: string, cause: unknown): RescueError {
  const errno = errnoOf(cause);
  const reason = reasonOf(errno);
  return new RescueError(
    'target-sync',
    `The disk that ${path} is written to did not take the data: ${reason}.`,
    {
      path,
      errno,
      cause,
      hint: 'What was written since the map was last saved may be missing; the saved map is right.',
    },
  );
}

function closeOutput(fd: number, path: string): void {
  try {
    closeSync(fd);
  } catch (cause) {
    throw syncError(path, cause);
  }
}
