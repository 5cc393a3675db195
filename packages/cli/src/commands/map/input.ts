/** Mapfiles that a command looks at and does not change. */
import { existsSync } from 'node:fs';
import { RescueError, readMapText as readText, shellWord } from '@chunkrescue/engine';
import type { Mapfile } from '@chunkrescue/mapfile';
import { loadMap } from '../stored-map.ts';

/** A map and where it is from. */
export interface NamedMap {
  readonly path: string;
  readonly mapfile: Mapfile;
}

/** @throws RescueError `map-read`, or `map-corrupt` with a word about `rescue map lint` */
export function readNamedMap(path: string): NamedMap {
  const mapfile = withLintHint(path, () => loadMap(path));
  if (mapfile !== undefined) return { path, mapfile };
  if (!existsSync(path)) throw missing(path);
  throw new RescueError('map-corrupt', `${path} is empty, which no map is.`, {
    path,
    hint: 'Is it the right file? A map has a status line and blocks.',
  });
}

/** The text of what may not be a map. @throws RescueError `map-read` */
export function readMapText(path: string): string {
  const text = readText(path);
  if (text === undefined) throw missing(path);
  return text;
}

function missing(path: string): RescueError {
  return new RescueError('map-read', `There is no map ${path}.`, {
    path,
    hint: 'Look whether the name and the folder are right.',
  });
}

function withLintHint<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RescueError) || error.code !== 'map-corrupt') throw error;
    const hint = `All that is wrong in it: rescue map lint ${shellWord(path)}`;
    throw new RescueError(error.code, error.message, { path, hint, cause: error.cause });
  }
}
