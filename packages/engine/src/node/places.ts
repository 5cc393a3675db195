/**
 * Where something was mounted that chunks went to. With the stick pulled its folder is still there, empty and on
 * another disk: what is written into it then is hidden by the stick as soon as it is back.
 */
import { dirname } from 'node:path';
import { digestOf } from './checksums.ts';
import { mountOf } from './mounts.ts';
import { finalPath } from './paths.ts';

/** More than one rescue goes through; of more, those that were used last are remembered. */
const PLACES_MAX = 8;

/** The places with that of a folder; those above it where nothing is mounted now are forgotten. */
export function withPlace(places: readonly string[], folder: string): string[] {
  const bare = bareFolders(folder).map(placeOf);
  const kept = places.filter((place) => !bare.includes(place));
  const mount = mountOf(folder)?.folder ?? '/';
  if (mount === '/' || kept.includes(placeOf(mount))) return kept;
  return [...kept, placeOf(mount)].slice(-PLACES_MAX);
}

/** Where the file system was mounted that had this folder's chunks, if nothing is mounted there now. */
export function missingMount(places: readonly string[], folder: string): string | undefined {
  return bareFolders(folder).find((path) => places.includes(placeOf(path)));
}

/** The folder and those above it up to the one where its file system is mounted: at these nothing is. */
function bareFolders(folder: string): string[] {
  const mount = mountOf(folder)?.folder;
  const bare: string[] = [];
  if (mount === undefined) return bare;
  for (let at = finalPath(folder); at !== mount && at !== dirname(at); at = dirname(at)) {
    bare.push(at);
  }
  return bare;
}

/** One word, whatever the name is made of and however long it is. */
function placeOf(mount: string): string {
  return digestOf(mount);
}
