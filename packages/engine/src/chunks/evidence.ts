/**
 * What an image was made of: the maps of its chunks, kept beside it word for word. With their digests the
 * image can be verified when the chunks are long gone, and the other PC can be told what arrived.
 */
import { Domain, type RescueMap } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { writeTextDurably } from '../node/durable-text.ts';
import { errnoOf, reasonOf } from '../node/errno.ts';
import { makeFolder, namesIn, pathOf, removeFile } from '../node/folders.ts';
import { isLink, refuseLink } from '../node/refuse-links.ts';
import { chunkName } from './layout.ts';
import { type ChunkMapFacts, readChunkMap } from './open-chunk.ts';

/** `final.chunks` for `final.raw`, `disk.img.chunks` for `disk.img`. */
export function evidenceFolder(image: string): string {
  return `${image.replace(/\.raw$/, '')}.chunks`;
}

/** One chunk's map as it was when it was merged. */
export interface Evidence extends ChunkMapFacts {
  readonly path: string;
  /** The checksum, which names it. */
  readonly seal: string;
}

/** All that is kept of an image's chunks; damaged maps are left out. */
function* evidenceOf(image: string): IterableIterator<Evidence> {
  const folder = evidenceFolder(image);
  if (isLink(folder)) return;
  for (const name of namesIn(folder)) {
    if (!/^[0-9a-f]{8}-.*\.map$/.test(name)) continue;
    const path = pathOf(folder, name);
    try {
      const facts = readChunkMap({ raw: path, map: path });
      if (facts.seal !== undefined) yield { ...facts, seal: facts.seal, path };
    } catch (error) {
      if (!(error instanceof RescueError)) throw error;
    }
  }
}

/** Keeps the map of a chunk that was merged. @throws RescueError `map-write`, or `target-exists` for a link */
export function keepEvidence(image: string, facts: Omit<ChunkMapFacts, 'mapfile'>): void {
  const { manifest, seal, text } = facts;
  if (seal === undefined) return;
  const folder = evidenceFolder(image);
  refuseLink(folder);
  const name =
    manifest.chunk === undefined ? `at${manifest.range?.pos ?? 0}` : chunkName(manifest.chunk);
  const path = pathOf(folder, `${manifest.job?.slice(0, 8)}-${name}-${seal.slice(0, 8)}.map`);
  try {
    makeFolder(folder);
    writeTextDurably(path, text);
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new RescueError('map-write', `Can't write ${path}: ${reasonOf(errno)}.`, {
      path,
      errno,
      cause,
      hint: 'The image and its map are in order; give the same command again when there is room.',
    });
  }
}

/** Forgets the maps that speak of bytes which are to be replaced; without a domain all of them. */
export function dropEvidence(image: string, replaced: Domain = Domain.whole()): void {
  for (const { path, mapfile } of evidenceOf(image)) {
    const isTouched = !Domain.fromMap(mapfile.map).intersect(replaced).isEmpty;
    if (isTouched) removeFile(path);
  }
}

/** What is kept of the chunks that are still in the image. */
export function* provenIn(image: string, map: RescueMap): IterableIterator<Evidence> {
  const there = Domain.fromMap(map);
  for (const evidence of evidenceOf(image)) {
    if (Domain.fromMap(evidence.mapfile.map).subtract(there).isEmpty) yield evidence;
  }
}

/** The chunks that are still in the image, by their maps' checksums. */
export function sealsIn(image: string, map: RescueMap): Set<string> {
  return new Set([...provenIn(image, map)].map(({ seal }) => seal));
}
