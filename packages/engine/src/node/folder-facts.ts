import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { RescueError } from '../errors.ts';
import { errnoOf, reasonOf, unlessErrno } from './errno.ts';
import { mountOf } from './mounts.ts';
import { READ_ONLY_HINT } from './system-trouble.ts';

/** What a folder's file system can do for the files to be written there. Sizes are bytes. */
export interface FolderFacts {
  /** `ext4`, `vfat`, `fuseblk` (ntfs-3g, exfat-fuse); undefined outside Linux. */
  readonly type: string | undefined;
  /** Room for this user. */
  readonly freeBytes: number;
  /** Whether a part of a file that is not written takes no room. */
  readonly hasHoles: boolean;
  /** Whether a file may be as long as wanted, whatever room there is. */
  readonly takesFileSize: boolean;
  readonly blockSize: number;
}

/** What is to be written. Sizes are bytes. */
export interface WantedFile {
  /** Of the longest file. */
  readonly fileSize: number;
  /** Of the smallest hole that must save room; more than 4 MiB is like 4 MiB. */
  readonly holeSize: number;
}

/** Without holes, zeros are written up to here; the file must stay small to be quick. */
const PROBE_SIZE_MAX = 4 * 1024 * 1024;
/** The size of a file has 32 bits there. */
const FAT_FILE_SIZE_MAX = 2 ** 32 - 1;
const FAT_TYPES = ['vfat', 'msdos', 'fuse.fusefat'];

/**
 * Finds out by writing a small file, `.rescue-probe-PID`, which is removed again.
 * @throws RescueError `target-open` when nothing can be written in the folder
 */
export function probeFolder(folder: string, wanted: WantedFile): FolderFacts {
  const path = join(folder, `.rescue-probe-${process.pid}`);
  try {
    const type = mountOf(folder)?.type;
    const { bsize } = statfsSync(folder);
    // One that is there is of a dead process that had the same number.
    unlessErrno(['ENOENT'], () => unlinkSync(path));
    const fd = openSync(path, 'wx', 0o600);
    try {
      const freeBytes = freeIn(folder);
      const hasHoles = probeHole({ fd, folder, type, holeSize: wanted.holeSize, freeBytes });
      const takes = hasHoles ? probeSize(fd, wanted.fileSize) : undefined;
      const takesFileSize = takes ?? isKnownToTake(type, wanted.fileSize);
      return { type, freeBytes, hasHoles, takesFileSize, blockSize: bsize };
    } finally {
      closeSync(fd);
      rmSync(path, { force: true });
    }
  } catch (error) {
    throw folderError(folder, error);
  }
}

interface HoleProbe {
  readonly fd: number;
  readonly folder: string;
  readonly type: string | undefined;
  readonly holeSize: number;
  readonly freeBytes: number;
}

function probeHole({ fd, folder, type, holeSize, freeBytes }: HoleProbe): boolean {
  const hole = Math.min(holeSize, PROBE_SIZE_MAX - 1);
  try {
    writeSync(fd, new Uint8Array(1), 0, 1, hole);
    fsyncSync(fd);
  } catch (error) {
    // A little room, but not enough for zeros up to there: there are no holes.
    if (errnoOf(error) !== 'ENOSPC' || freeBytes === 0 || freeBytes > hole) throw error;
    return false;
  }
  const allocated = fstatSync(fd).blocks * 512;
  if (allocated > hole) return false;
  // Programs behind FUSE may say anything of blocks; what is free is then the better witness.
  const isBelieved = allocated > 0 && type !== undefined && !type.startsWith('fuse');
  return isBelieved || freeBytes - freeIn(folder) <= hole;
}

/** Only where it is free. Undefined when the file system did not answer the question. */
function probeSize(fd: number, size: number): boolean | undefined {
  try {
    ftruncateSync(fd, size);
    return true;
  } catch (error) {
    return ['EFBIG', 'EINVAL'].includes(errnoOf(error)) ? false : undefined;
  }
}

function isKnownToTake(type: string | undefined, size: number): boolean {
  return type === undefined || !FAT_TYPES.includes(type) || size <= FAT_FILE_SIZE_MAX;
}

function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function folderError(folder: string, cause: unknown): RescueError {
  const errno = errnoOf(cause);
  const hint = hints[errno] ?? 'Look whether the disk still works, or choose another folder.';
  return new RescueError(
    'target-open',
    `Nothing can be written in folder ${folder}: ${reasonOf(errno)}.`,
    { path: folder, errno, cause, hint },
  );
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'Are you root? Try sudo, or choose another folder.',
  EPERM: 'Are you root? Try sudo, or choose another folder.',
  EROFS: READ_ONLY_HINT,
  ENOSPC: 'The disk is full; make room, or choose a folder on another one.',
  EDQUOT: 'You have used up your share of this disk; choose a folder on another one.',
  ENOENT: 'Make the folder first, or look at its name again.',
  ENOTDIR: 'Give the name of a folder.',
};
