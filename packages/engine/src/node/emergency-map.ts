/**
 * A map that cannot be saved in its place is saved in another one, so that nothing that was read is forgotten. Nothing
 * is replaced there, and no link that somebody planted is followed.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Mapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { isSystemError } from './errno.ts';
import { fileMapStore, type MapStoreOptions } from './map-store.ts';
import { isVolatile } from './mounts.ts';
import { finalPath } from './paths.ts';

/** Where it was saved. */
export interface SavedElsewhere {
  readonly path: string;
  /** It lies in memory, and is gone when the PC is switched off. */
  readonly isVolatile: boolean;
}

export interface EmergencyOptions extends Pick<MapStoreOptions, 'parts'> {
  /** The map's own place, where it is not tried again. */
  readonly map: string;
  /** Folders to try before the usual ones. */
  readonly folders: readonly string[];
  /** Name without `.map`. Default: that of the map and `.emergency`. */
  readonly stem?: string;
}

/**
 * Tries the folders, then the current one, home, and those for temporary files; what lies in memory comes last.
 * Undefined when it can be saved nowhere.
 */
export function saveMapElsewhere(
  mapfile: Mapfile,
  options: EmergencyOptions,
): SavedElsewhere | undefined {
  const { map, folders } = options;
  const stem = options.stem ?? `${basename(map).replace(/\.map$/, '')}.emergency`;
  const own = dirname(finalPath(map));
  const usual = [...currentFolder(), homedir(), '/var/tmp', tmpdir(), '/dev/shm'];
  const all = [...folders, ...usual].filter(
    (folder) => dirname(finalPath(join(folder, 'x'))) !== own,
  );
  const volatile = new Set(all.filter((folder) => isVolatileOrGone(folder)));
  const inOrder = [...all.filter((folder) => !volatile.has(folder)), ...volatile];
  for (const folder of inOrder) {
    const path = reserve(join(folder, stem));
    if (path === undefined) continue;
    try {
      renewMapElsewhere(path, mapfile, options);
      return { path, isVolatile: volatile.has(folder) };
    } catch (error) {
      rmSync(path, { force: true });
      if (!(error instanceof RescueError)) throw error;
    }
  }
  return undefined;
}

/** Whether it is such a copy, as far as its name tells. */
export function isEmergencyCopy(path: string): boolean {
  return /\.emergency(-\d+)?\.map$/.test(path);
}

/** None when it was on a stick that was pulled. */
function currentFolder(): string[] {
  try {
    return [process.cwd()];
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [];
  }
}

/** Replaces the copy that was saved elsewhere by a newer map. @throws RescueError `map-write` */
export function renewMapElsewhere(
  path: string,
  mapfile: Mapfile,
  { parts }: Pick<MapStoreOptions, 'parts'>,
): void {
  void fileMapStore(path, { keepsBackup: false, ...(parts && { parts }) }).save(mapfile);
}

function isVolatileOrGone(folder: string): boolean {
  try {
    return isVolatile(folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return true;
  }
}

const NAMES_MAX = 1000;

/** Makes a file of a name that nothing has; undefined where the folder takes none. */
function reserve(base: string): string | undefined {
  for (let number = 1; number < NAMES_MAX; number++) {
    const path = number === 1 ? `${base}.map` : `${base}-${number}.map`;
    try {
      closeSync(openSync(path, 'wx', 0o666));
      return path;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code !== 'EEXIST') return undefined;
    }
  }
  return undefined;
}
