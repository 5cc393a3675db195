/** Maps of whole sources as they lie there: the common map of a rescue, and the map of an image. */
import { Domain, type Mapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { existingSize } from '../node/existing-size.ts';
import { type FileSource, openFileSource } from '../node/file-source.ts';
import { splitPath } from '../node/folders.ts';
import { statOf } from '../node/paths.ts';
import { mapNameOf } from './chunk-names.ts';
import { sealsIn } from './evidence.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { sealedMapStore } from './sealed-map-store.ts';

export interface FoundMap {
  readonly path: string;
  readonly mapfile: Mapfile;
  readonly manifest: Manifest;
}

export interface FoundImage extends FoundMap {
  readonly image: string;
  /** Checksums of the chunks' maps that were merged into it. */
  readonly merged: ReadonlySet<string>;
}

/** What a file is, as far as a glance tells. */
export type FileKind = 'common' | 'image' | 'receipt' | 'plan' | 'chunk' | undefined;

const HEAD_SIZE = 4096;
const CHUNK_NAME = /^chunk(\d{2,})(?:\.map|\.raw(?:\.gz|\.zst)?(?:\.map)?)$/;
const IMAGE_ENDS = ['.raw', '.img', '.dd', '.bin', ''];

/** Reads the first lines of a map only: beside a rescue may lie anything. */
export function kindOfMap(path: string, { isGiven }: { readonly isGiven: boolean }): FileKind {
  const { name } = splitPath(path);
  if (!statOf(path)?.isFile()) return undefined;
  if (!/\.map$/.test(name)) return isGiven ? kindOfImage(path) : lonelyChunk(path);
  const head = headOf(path);
  const { kind, job, format, chunk } = readManifest(head.split('\n'));
  if (kind !== undefined) return kind;
  if (chunk !== undefined || numberInName(path) !== undefined) return 'chunk';
  if (job !== undefined || format !== undefined || name === 'common.map') return 'common';
  return isGiven && isMap(head) ? 'common' : undefined;
}

/** A chunk without its map; one that has a map is told by that. */
function lonelyChunk(path: string): FileKind {
  const isNamed = numberInName(path) !== undefined;
  return isNamed && !statOf(mapNameOf(path))?.isFile() ? 'chunk' : undefined;
}

/** An image is told by the map beside it. */
function kindOfImage(path: string): FileKind {
  const map = mapNameOf(path);
  if (!statOf(map)?.isFile()) return undefined;
  const manifest = readManifest(headOf(map).split('\n'));
  return isOfCopy(manifest) ? 'common' : manifest.kind;
}

/** The map of a source that was written into an image in one piece. */
export function isOfCopy({ format, kind, chunk, chunkSize }: Manifest): boolean {
  return [kind, chunk, chunkSize].every((each) => each === undefined) && format !== undefined;
}

/** The number that the name of a chunk's file or map tells. */
export function numberInName(path: string): number | undefined {
  const [, digits] = CHUNK_NAME.exec(splitPath(path).name) ?? [];
  const number = Number(digits ?? Number.NaN);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Nothing where it cannot be read: then its name tells, and who loads it says why. */
function headOf(path: string): string {
  let file: FileSource | undefined;
  try {
    file = openFileSource(path, { direct: false });
    const bytes = new Uint8Array(HEAD_SIZE);
    return new TextDecoder().decode(bytes.subarray(0, file.read(0, bytes).copied));
  } catch (error) {
    if (error instanceof RescueError) return '';
    throw error;
  } finally {
    file?.close();
  }
}

function isMap(head: string): boolean {
  return /^(?:#.*\n|[ \t]*\r?\n)*0[xX]?[0-9a-fA-F]*[ \t]+[?*/\-FG+][ \t\r\n]/.test(head);
}

/** @throws RescueError `map-corrupt` or `map-read` */
export function findMap(path: string): FoundMap {
  const mapfile = sealedMapStore(path).load() as Mapfile | undefined;
  if (mapfile === undefined) {
    throw new RescueError('map-corrupt', `${path} is empty, which no map is.`, { path });
  }
  return { path, mapfile, manifest: readManifest(mapfile.heading) };
}

/**
 * An image by its map, or by itself.
 * @throws RescueError as {@link findMap}, and `target-missing` when it is not there or too short
 */
export function findImage(path: string, { isGiven }: { readonly isGiven: boolean }): FoundImage {
  const isImage = isGiven && !/\.map$/.test(path);
  const map = isImage ? mapNameOf(path) : path;
  const found = findMap(map);
  const image = isImage ? path : imageOf(map);
  const claims = Domain.fromMap(found.mapfile.map);
  const size = image === undefined ? undefined : existingSize(image);
  if (image === undefined || size === undefined || size < claims.end) {
    const what = image === undefined ? 'no image lies beside it' : `${image} has ${size} bytes`;
    throw new RescueError(
      'target-missing',
      `${map} says that ${claims.size} bytes were merged up to position ${claims.end}, but ${what}.`,
      { path: map, hint: 'Put the image back; otherwise its chunks must be merged again.' },
    );
  }
  const merged = sealsIn(image, found.mapfile.map);
  return { ...found, image, merged };
}

function imageOf(map: string): string | undefined {
  const stem = map.slice(0, -'.map'.length);
  return IMAGE_ENDS.map((end) => `${stem}${end}`).find((path) => statOf(path)?.isFile());
}
