/**
 * One map in one file. At every moment, a crash included, the file holds a whole map: the old one or the new
 * one. The one before stays beside it as `.bak`. A map that was there and is gone is never taken for a
 * fresh start, because a fresh start reads a failing disk again from its beginning.
 */
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
import { type Mapfile, MapfileError, mapfileParts, parseMapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { MapStore } from '../ports.ts';
import { errnoOf, reasonOf, tidyUp, unlessErrno } from './errno.ts';
import { finalPath, syncFolder } from './paths.ts';
import { refuseLink } from './refuse-links.ts';
import { shellQuoted, shellWord } from './shell-word.ts';
import { readMapText } from './whole-file.ts';

/** What file systems without owners and rights say. */
const NO_OWNERS = ['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'];

/** What file systems without hard links, or with rules about them, say. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * The map in a file; a link is followed, so that the map stays where it is. One process at a time may save,
 * see `lockFile`. Loading throws RescueError `map-read` or `map-corrupt`, saving `map-write`.
 */
export function fileMapStore(path: string, options: MapStoreOptions = {}): MapStore {
  let hasSaved = false;
  return {
    name: path,
    load: () => load(path, options),
    save: (mapfile) => {
      save(path, mapfile, { ...options, hasSaved });
      hasSaved = true;
    },
  };
}

export interface MapStoreOptions {
  /** The map before a save stays beside it. Default true; a part of another map needs none. */
  readonly keepsBackup?: boolean | (() => boolean);
  /** Whether a link of that name is followed; what is made where others can write must not be. Default true. */
  readonly followsLinks?: boolean;
  /** Makes the text, in parts. Default {@link mapfileParts}. */
  readonly parts?: (mapfile: Mapfile) => Iterable<string | Uint8Array>;
  /** Says of a text that is about to be loaded what is wrong with it besides its syntax; throws that. */
  readonly check?: (text: string, path: string) => void;
}

function load(path: string, { check }: MapStoreOptions): Mapfile | undefined {
  const real = finalPath(path);
  const text = readMapText(real, path);
  if (text === undefined) {
    if (statSync(`${real}.bak`, { throwIfNoEntry: false }) === undefined) return undefined;
    throw lostError(path, real, 'is missing');
  }
  const isBlank = text.trim() === '';
  check?.(text, path);
  const mapfile = isBlank ? undefined : parsed(path, text);
  if ((mapfile === undefined || mapfile.map.count === 0) && hasBlocks(`${real}.bak`)) {
    throw lostError(path, real, isBlank ? 'is empty' : 'has no blocks');
  }
  return mapfile;
}

function parsed(path: string, text: string): Mapfile {
  try {
    return parseMapfile(text);
  } catch (cause) {
    if (!(cause instanceof MapfileError)) throw cause;
    throw new RescueError('map-corrupt', `${path}: ${cause.message}`, {
      path,
      cause,
      hint: `rescue map lint ${shellWord(path)} explains it. Repair that line, or copy ${path}.bak over the map if there is one.`,
    });
  }
}

/** Whether the file is a map with at least one block. */
function hasBlocks(path: string): boolean {
  try {
    const text = readMapText(path);
    return text !== undefined && parseMapfile(text).map.count > 0;
  } catch (error) {
    if (error instanceof RescueError || error instanceof MapfileError) return false;
    throw error;
  }
}

function lostError(path: string, real: string, what: string): RescueError {
  return new RescueError(
    'map-read',
    `Map file ${path} ${what}, but its copy ${real}.bak is there.`,
    {
      path,
      hint: `To go on, copy it back: cp ${shellQuoted(`${real}.bak`)} ${shellQuoted(real)}. To begin anew, remove the copy.`,
    },
  );
}

interface Saving extends MapStoreOptions {
  /** The map that is there was saved by this very store. */
  readonly hasSaved: boolean;
}

function save(path: string, mapfile: Mapfile, options: Saving): void {
  const parts = (options.parts ?? mapfileParts)(mapfile);
  const { keepsBackup = true, followsLinks = true } = options;
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
    writeNew(temporary, parts, old);
    const isKept = typeof keepsBackup === 'boolean' ? keepsBackup : keepsBackup();
    if (old !== undefined && isKept) {
      // Who saved it may have been killed before its name was durable: the copy alone could survive a power cut.
      if (!options.hasSaved) syncFolder(folder);
      keepBackup(real);
    }
    renameSync(temporary, real);
    isReplaced = true;
    syncFolder(folder);
  } catch (cause) {
    tidyUp(() => rmSync(temporary, { force: true }));
    throw cause instanceof RescueError ? cause : saveError(path, isReplaced, cause);
  }
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
    if (old !== undefined) {
      // With sudo the map stays its owner's; without, it cannot be given away, nor need it be.
      unlessErrno(NO_OWNERS, () => fchownSync(fd, Number(old.uid), Number(old.gid)));
      unlessErrno(NO_OWNERS, () => fchmodSync(fd, Number(old.mode & 0o777n)));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
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
