/** One chunk as it lies there: its two files, or what is left of them. */
import { RescueError } from '../errors.ts';
import { existingSize } from '../node/existing-size.ts';
import { PACKING_SUFFIX } from '../node/packing.ts';
import { noMap } from './chunk-errors.ts';
import { isRawName, mapNameOf } from './chunk-names.ts';
import { numberInName } from './found-map.ts';
import type { Refusal } from './merge-job.ts';
import { type ChunkMapFacts, type ChunkPair, openChunk, readChunkMap } from './open-chunk.ts';

/**
 * What there is of a chunk. `complete`: the run that wrote it came to its end; `damaged`: its map or the
 * length of its file cannot be right; the bytes themselves are not looked at.
 */
export type ChunkFileState = 'complete' | 'unfinished' | 'damaged' | 'raw-missing' | 'map-missing';

export interface FoundChunk {
  /** Of its map; of its file where there is no map. */
  readonly path: string;
  readonly pair: ChunkPair;
  /** As its map says, or else as its name does. */
  readonly number: number | undefined;
  readonly state: ChunkFileState;
  /** What its map says; undefined where it cannot be believed. */
  readonly facts: ChunkMapFacts | undefined;
  /** Why it is damaged. */
  readonly trouble: Refusal | undefined;
}

const RAW_ENDS = ['.raw', ...Object.values(PACKING_SUFFIX).map((end) => `.raw${end}`)];

/** The chunk that a file belongs to, by its map where it has one; undefined when it is none. */
export function findChunk(path: string): FoundChunk | undefined {
  const pair = pairOf(path);
  const hasMap = existingSize(pair.map) !== undefined;
  const hasRaw = existingSize(pair.raw) !== undefined;
  if (!hasMap) return hasRaw ? withoutMap(pair) : undefined;
  try {
    const facts = hasRaw ? opened(pair) : readChunkMap(pair);
    const { format, chunk } = facts.manifest;
    // A plain domain map without its file is a plan that somebody made.
    if (!hasRaw && format === undefined) return undefined;
    const isFinished = format === undefined || facts.mapfile.state === '+';
    const state = !hasRaw ? 'raw-missing' : isFinished ? 'complete' : 'unfinished';
    return { path: pair.map, pair, number: chunk, state, facts, trouble: undefined };
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    return damaged(pair, error);
  }
}

/** By its map or by its file, which may be compressed. */
function pairOf(path: string): ChunkPair {
  if (!/\.map$/.test(path)) return { raw: path, map: mapNameOf(path) };
  const stem = path.slice(0, -'.map'.length);
  if (isRawName(stem)) return { raw: stem, map: path };
  const raws = RAW_ENDS.map((end) => `${stem}${end}`);
  return { raw: raws.find((raw) => existingSize(raw) !== undefined) ?? `${stem}.raw`, map: path };
}

function opened(pair: ChunkPair): ChunkMapFacts {
  const chunk = openChunk(pair, { cache: 'used' });
  const { mapfile, manifest, seal, text } = chunk;
  chunk.close();
  return { mapfile, manifest, seal, text };
}

/** Anything may be called `.raw`; only a chunk's name makes it one. */
function withoutMap(pair: ChunkPair): FoundChunk | undefined {
  const number = numberInName(pair.raw);
  if (number === undefined) return undefined;
  const { code, message, hint } = noMap(pair);
  const trouble = { code, message, hint };
  return { path: pair.raw, pair, number, state: 'map-missing', facts: undefined, trouble };
}

function damaged(pair: ChunkPair, { code, message, hint }: RescueError): FoundChunk {
  const trouble = { code, message, hint };
  const number = numberInName(pair.map);
  return { path: pair.map, pair, number, state: 'damaged', facts: undefined, trouble };
}
