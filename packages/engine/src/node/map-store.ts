/**
 * One map in one file. At every moment, a crash included, the file holds a whole map: the old one or the new
 * one. The one before stays beside it as `.bak`. A map that was there and is gone is never taken for a
 * fresh start, because a fresh start reads a failing disk again from its beginning.
 */
import { statSync } from 'node:fs';
import { type Mapfile, MapfileError, mapfileParts, parseMapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { MapStore } from '../ports.ts';
import { deviceOf, refuseOtherDevice, saveMap } from './map-save.ts';
import { OwnMaps } from './own-maps.ts';
import { finalPath } from './paths.ts';
import { shellQuoted, shellWord } from './shell-word.ts';
import { removeSpare } from './spare-file.ts';
import { readMapText } from './whole-file.ts';

/**
 * The map in a file; a link is followed, so that the map stays where it is. One process at a time may save,
 * see `lockFile`. Loading throws RescueError `map-read` or `map-corrupt`, saving `map-write`.
 */
export function fileMapStore(path: string, options: MapStoreOptions = {}): FileMapStore {
  let device: bigint | undefined;
  let hasSaved = false;
  const ownMaps = new OwnMaps();
  return {
    name: path,
    load() {
      device ??= deviceOf(path);
      return load(path, options, ownMaps);
    },
    save(mapfile) {
      // Asked before: a stick that is pulled meanwhile must not give way to the bare folder.
      device = refuseOtherDevice(path, device, ownMaps) ?? deviceOf(path);
      const parts = (each: Mapfile): Iterable<string | Uint8Array> =>
        ownMaps.saving((options.parts ?? mapfileParts)(each));
      saveMap(path, mapfile, { ...options, parts, hasSaved, device });
      ownMaps.saved();
      hasSaved = true;
    },
    close() {
      if (options.keepsSpare) removeSpare(finalPath(path));
    },
  };
}

/** A store that may have a file besides its map while it is used. */
export interface FileMapStore extends MapStore {
  /** Removes it. May be called twice. */
  close(): void;
}

export interface MapStoreOptions {
  /** The map before a save stays beside it. Default true; a part of another map needs none. */
  readonly keepsBackup?: boolean | (() => boolean);
  /** Room for a map is kept while the store is used, for a disk that fills up meanwhile. Default false. */
  readonly keepsSpare?: boolean;
  /** Whether a link of that name is followed; what is made where others can write must not be. Default true. */
  readonly followsLinks?: boolean;
  /** Makes the text, in parts. Default `mapfileParts`. */
  readonly parts?: (mapfile: Mapfile) => Iterable<string | Uint8Array>;
  /** Says of a text that is about to be loaded what is wrong with it besides its syntax; throws that. */
  readonly check?: (text: string, path: string) => void;
}

function load(path: string, { check }: MapStoreOptions, ownMaps: OwnMaps): Mapfile | undefined {
  const real = finalPath(path);
  const text = readMapText(real, path);
  if (text === undefined) {
    if (statSync(`${real}.bak`, { throwIfNoEntry: false }) === undefined) return undefined;
    throw lostError(path, real, 'is missing');
  }
  ownMaps.loaded(text);
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
