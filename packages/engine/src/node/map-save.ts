/** How a map is replaced in its file: written beside it, made durable, renamed. */
import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Mapfile, mapfileParts } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { errnoOf, isSystemError, reasonOf, tidyUp, unlessErrno } from './errno.ts';
import type { MapStoreOptions } from './map-store.ts';
import type { OwnMaps } from './own-maps.ts';
import { finalPath, syncFolder } from './paths.ts';
import { refuseLink } from './refuse-links.ts';
import { keepSpare, writeIntoSpare } from './spare-file.ts';

/** What file systems without owners and rights say. */
const NO_OWNERS = ['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'];

/** What file systems without hard links, or with rules about them, say. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** What is said of a folder that is not there, or on a stick that is not. */
const GONE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EIO', 'ENOTCONN', 'ESTALE'];

/** The file system that the map's folder is on; undefined when there is none. */
export function deviceOf(path: string): bigint | undefined {
  const folder = dirname(finalPath(path));
  return unlessErrno(GONE, () => statSync(folder, { bigint: true }))?.dev;
}

/**
 * A stick that was pulled leaves a bare folder of the same name on another disk: nobody would look for a map there.
 * One that came back has another number, which is returned, and the map that was saved there.
 */
export function refuseOtherDevice(
  path: string,
  device: bigint | undefined,
  ownMaps: Pick<OwnMaps, 'includes'>,
): bigint | undefined {
  const present = device === undefined ? undefined : deviceOf(path);
  if (present === undefined || present === device) return device;
  if (ownMaps.includes(finalPath(path))) return present;
  throw otherDevice(path);
}

function otherDevice(path: string): RescueError {
  const folder = dirname(finalPath(path));
  return new RescueError(
    'map-write',
    `Can't write map file ${path}: ${folder} is another file system now; was the stick pulled? The old map is still whole.`,
    {
      path,
      hint: 'Plug it in and mount it again as it was, then run the same command again; what was read since the last save is read once more.',
    },
  );
}

interface Saving extends MapStoreOptions {
  /** The map that is there was saved by this very store. */
  readonly hasSaved: boolean;
  /** The file system that the map is to be on. */
  readonly device: bigint | undefined;
}

/** Replaces the map in one step. @throws RescueError `map-write` */
export function saveMap(path: string, mapfile: Mapfile, options: Saving): void {
  const { keepsBackup = true, keepsSpare = false, followsLinks = true } = options;
  if (!followsLinks) refuseLink(path);
  const real = finalPath(path);
  const folder = dirname(real);
  const temporary = join(folder, `.${basename(real)}.${process.pid}.tmp`);
  let isReplaced = false;
  try {
    const old = statSync(real, { bigint: true, throwIfNoEntry: false });
    if (old !== undefined && !old.isFile()) {
      throw new RescueError('map-write', `Can't write map file ${path}: not a regular file.`, {
        path,
      });
    }
    const parts = (): Iterable<string | Uint8Array> => (options.parts ?? mapfileParts)(mapfile);
    const written = writeSomehow({ real, temporary, parts, old });
    // Pulled since it was asked: the new map may lie in the bare folder. Later the rename finds nothing.
    if (isElsewhere(folder, options.device)) throw otherDevice(path);
    const isKept = typeof keepsBackup === 'boolean' ? keepsBackup : keepsBackup();
    if (old !== undefined && isKept && written === temporary) {
      // Who saved it may have been killed before its name was durable: the copy alone could survive a power cut.
      if (!options.hasSaved) syncFolder(folder);
      keepBackup(real);
    }
    renameSync(written, real);
    isReplaced = true;
    syncFolder(folder);
    if (keepsSpare && written === temporary) keepSpare(real, statSync(real).size);
  } catch (cause) {
    tidyUp(() => rmSync(temporary, { force: true }));
    if (cause instanceof RescueError) throw cause;
    throw isElsewhere(folder, options.device)
      ? otherDevice(path)
      : saveError(path, isReplaced, cause);
  }
}

/** Of a folder: on some file systems files have other numbers. */
function isElsewhere(folder: string, device: bigint | undefined): boolean {
  const stat = unlessErrno(GONE, () => statSync(folder, { bigint: true }));
  return device !== undefined && stat !== undefined && stat.dev !== device;
}

interface Writing {
  readonly real: string;
  readonly temporary: string;
  readonly parts: () => Iterable<string | Uint8Array>;
  readonly old: BigIntStats | undefined;
}

/**
 * Writes the new map beside the old one, whatever room there is: on a full disk where the one before the old one was,
 * or into the spare file. The old map is never touched. Returns the name of what was written.
 */
function writeSomehow({ real, temporary, parts, old }: Writing): string {
  try {
    writeNew(temporary, parts(), old);
    return temporary;
  } catch (error) {
    rmSync(temporary, { force: true });
    // Whatever the trouble is called: FAT behind FUSE calls a full disk "not permitted".
    const spare = writeIntoSpare(real, parts(), (fd) => finish(fd, old));
    if (spare !== undefined) return spare;
    if (
      !isFull(error) ||
      old === undefined ||
      statSync(`${real}.bak`, { throwIfNoEntry: false }) === undefined
    ) {
      throw error;
    }
    rmSync(`${real}.bak`, { force: true });
  }
  writeNew(temporary, parts(), old);
  return temporary;
}

function isFull(error: unknown): boolean {
  return isSystemError(error) && ['ENOSPC', 'EDQUOT'].includes(errnoOf(error));
}

function saveError(path: string, isReplaced: boolean, cause: unknown): RescueError {
  const errno = errnoOf(cause);
  const reason = errno === 'ENOSPC' ? 'no space left on the disk' : reasonOf(errno);
  const state = isReplaced
    ? 'the new map may be lost in a power cut'
    : 'the old map is still whole';
  return new RescueError('map-write', `Can't write map file ${path}: ${reason}; ${state}.`, {
    path,
    errno,
    cause,
    hint:
      errno === 'ENOSPC' || errno === 'EDQUOT'
        ? 'Make room there, then run the same command again.'
        : 'Look whether its folder exists and may be written to, then run the same command again.',
  });
}

/** Writes a whole durable file of a name that nobody else uses. Mode and owner are the old map's. */
function writeNew(
  path: string,
  parts: Iterable<string | Uint8Array>,
  old: BigIntStats | undefined,
): void {
  // Left by a process of the same number that crashed.
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx', 0o666);
  try {
    for (const part of parts) writeFileSync(fd, part);
    finish(fd, old);
  } finally {
    closeSync(fd);
  }
}

/** Gives the new file the old one's owner and rights, and makes it durable. */
function finish(fd: number, old: BigIntStats | undefined): void {
  if (old !== undefined) {
    // With sudo the map stays its owner's; without, it cannot be given away, nor need it be.
    unlessErrno(NO_OWNERS, () => fchownSync(fd, Number(old.uid), Number(old.gid)));
    unlessErrno(NO_OWNERS, () => fchmodSync(fd, Number(old.mode & 0o777n)));
  }
  fsyncSync(fd);
}

/** Makes `.bak` the present map, in one step, while the map keeps its own name. */
function keepBackup(real: string): void {
  const temporary = join(dirname(real), `.${basename(real)}.${process.pid}.bak.tmp`);
  rmSync(temporary, { force: true });
  try {
    const isLinked = unlessErrno(NO_LINKS, () => {
      linkSync(real, temporary);
      return true;
    });
    if (!isLinked) copyDurably(real, temporary);
    renameSync(temporary, `${real}.bak`);
  } finally {
    // Renaming one name of a file to another of its names does nothing, and leaves both.
    tidyUp(() => rmSync(temporary, { force: true }));
  }
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  const fd = openSync(to, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
