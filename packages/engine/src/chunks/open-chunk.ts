/** Opens a chunk's two files and refuses what cannot be right, before a byte of it is used. */
import { Domain, type Mapfile, OPEN_END, type Range, type RescueMap } from '@chunkrescue/mapfile';
import { existingSize } from '../node/existing-size.ts';
import { type FileSource, openFileSource } from '../node/file-source.ts';
import { fileMapStore } from '../node/map-store.ts';
import { openPastCache } from '../node/open-past-cache.ts';
import type { ReadOutcome } from '../ports.ts';
import type { ReadMemory } from '../rescue-options.ts';
import { chunkDamaged, cutShort, noMap, notAChunk } from './chunk-errors.ts';
import { CHUNK_FORMAT, type Manifest, readManifest } from './manifest.ts';
import { unpackedSource } from './packed-file.ts';
import { PIECE_SIZE } from './piece-digests.ts';
import { hullOf, type Piece, pieceDigest, pieces } from './pieces.ts';
import { sealOf, sealState } from './seal.ts';

/** The two files of a chunk. */
export interface ChunkPair {
  readonly raw: string;
  readonly map: string;
}

/** How to read a chunk's file: whether the medium itself is wanted, where that is possible. */
export interface ChunkReading {
  readonly cache: 'used' | 'avoided';
}

/** More would be an attempt to make us allocate it. */
const PIECE_MAX = 64 * PIECE_SIZE;

/**
 * Opens a chunk.
 * @throws RescueError `chunk-mismatch`, `chunk-unfinished`, `map-corrupt`, `map-read` or `source-open`
 */
export function openChunk(pair: ChunkPair, { cache }: ChunkReading): OpenChunk {
  const told = readChunkMap(pair);
  const { file, isPastCache } = openRaw(pair.raw, cache);
  try {
    const content = contentOf(file, told.manifest);
    checkLength(pair, told, content);
    const close = (): void => file.close();
    return new OpenChunk(pair, told, { content: { ...content, close }, isPastCache });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** What a chunk's map says. */
export interface ChunkMapFacts {
  readonly mapfile: Mapfile;
  readonly manifest: Manifest;
  /** The map's checksum; undefined for a map that rescue did not write. */
  readonly seal: string | undefined;
  /** The map as it was read, comments and all. */
  readonly text: string;
}

/** Reads a chunk's map without looking at its file. @throws as {@link openChunk} */
export function readChunkMap(pair: ChunkPair): ChunkMapFacts {
  let text = '';
  const store = fileMapStore(pair.map, {
    keepsBackup: false,
    check: (each) => {
      text = each;
      if (sealState(each) === 'broken') {
        throw chunkDamaged(pair.map, 'its checksum does not fit, so a bit of it changed');
      }
    },
  });
  const mapfile = store.load() as Mapfile | undefined;
  if (mapfile === undefined || mapfile.map.count === 0) {
    if (existingSize(pair.map) === undefined) throw noMap(pair);
    throw chunkDamaged(pair.map, 'it is empty, or was cut short');
  }
  const manifest = believable(readManifest(mapfile.heading), sealOf(text));
  const { map } = mapfile;
  // A map of a source of unknown size has no end; a file has one.
  const last = map.count - 1;
  if (map.end === OPEN_END && map.statusAt(last) === '?') map.truncate(map.posAt(last));
  checkManifest(pair, manifest, { map, seal: sealOf(text) });
  return { mapfile, manifest, seal: sealOf(text), text };
}

/**
 * Of lines that this program did not write, or not in whole, at most those count that tell whose the chunk is.
 * How a file is to be read, and in how much memory, is taken from nobody else.
 */
function believable(manifest: Manifest, seal: string | undefined): Manifest {
  if (manifest.format !== undefined || manifest.kind !== undefined || seal !== undefined) {
    return manifest;
  }
  const { range, layout, packing, pieceSize, digests, ...identity } = manifest;
  return identity;
}

function checkManifest(
  pair: ChunkPair,
  manifest: Manifest,
  { map, seal }: { map: RescueMap; seal: string | undefined },
): void {
  const { format, kind, range, pieceSize, sourceSize } = manifest;
  if (format !== undefined && format > CHUNK_FORMAT) {
    throw chunkDamaged(
      pair.map,
      `it is in format ${format}, and this program knows ${CHUNK_FORMAT}`,
    );
  }
  if (kind === 'plan' || kind === 'image' || kind === 'receipt') throw notAChunk(pair, kind);
  if (format === undefined && kind === undefined && seal === undefined) return;
  if (format !== undefined && kind === undefined && seal !== undefined)
    throw notAChunk(pair, 'whole');
  const isComplete =
    seal !== undefined &&
    kind === 'chunk' &&
    manifest.job !== undefined &&
    manifest.layout !== undefined &&
    range !== undefined &&
    sourceSize !== undefined &&
    pieceSize !== undefined;
  if (!isComplete) throw chunkDamaged(pair.map, 'a part of what it says of the chunk is missing');
  if (pieceSize > PIECE_MAX || range.size === 0 || range.pos + range.size > sourceSize) {
    throw chunkDamaged(pair.map, 'what it says of the chunk makes no sense');
  }
  const end = range.pos + range.size;
  for (let i = 0; i < map.count; i++) {
    const isInside = map.posAt(i) >= range.pos && map.endAt(i) <= end;
    if (isInside || map.statusAt(i) === '?') continue;
    throw chunkDamaged(pair.map, 'it speaks of bytes outside its chunk');
  }
}

function openRaw(
  raw: string,
  cache: ChunkReading['cache'],
): { file: FileSource; isPastCache: boolean } {
  if (cache === 'avoided') {
    const { source, isPastCache } = openPastCache(raw);
    return { file: source, isPastCache };
  }
  return { file: openFileSource(raw, { direct: false }), isPastCache: false };
}

/** The bytes of a chunk's file, unpacked. */
interface Content {
  readonly size: number;
  read(pos: number, into: Uint8Array): ReadOutcome;
  isHole(pos: number, size: number): boolean;
}

function contentOf(file: FileSource, { packing, range }: Manifest): Content {
  if (packing !== undefined) {
    const unpacked = unpackedSource(file, { packing, size: range?.size ?? 0 });
    return { ...unpacked, isHole: () => false };
  }
  return {
    size: file.size ?? 0,
    read: (pos, into) => file.read(pos, into),
    isHole: (pos, size) => file.isHole(pos, size),
  };
}

function checkLength(
  pair: ChunkPair,
  { mapfile, manifest }: ChunkMapFacts,
  { size }: Content,
): void {
  const { range } = manifest;
  const isFinished = mapfile.state === '+';
  const claimed = Domain.fromMap(mapfile.map).end;
  const end = range !== undefined && isFinished ? range.pos + range.size : claimed;
  const wanted = end - offsetIn(manifest);
  if (size < wanted) throw cutShort(pair.raw, { size, wanted });
}

/** Bytes of the source in front of the file's first byte. */
function offsetIn({ layout, range }: Manifest): number {
  return layout === 'compact' ? (range?.pos ?? 0) : 0;
}

interface PieceOptions {
  readonly claims?: Domain;
  readonly memory?: ReadMemory | undefined;
}

/** A chunk whose map makes sense and whose file is long enough. Positions are the source's. */
export class OpenChunk {
  readonly pair: ChunkPair;
  readonly mapfile: Mapfile;
  readonly manifest: Manifest;
  readonly seal: string | undefined;
  readonly text: string;
  /** Reads go to the medium, not to the system's cache. */
  readonly isPastCache: boolean;
  readonly #content: Content & { close(): void };

  constructor(
    pair: ChunkPair,
    facts: ChunkMapFacts,
    opened: { readonly content: Content & { close(): void }; readonly isPastCache: boolean },
  ) {
    this.pair = pair;
    this.mapfile = facts.mapfile;
    this.manifest = facts.manifest;
    this.seal = facts.seal;
    this.text = facts.text;
    this.isPastCache = opened.isPastCache;
    this.#content = opened.content;
  }

  get map(): RescueMap {
    return this.mapfile.map;
  }

  /** Written by this program, so it tells rescued from unreadable and has digests. */
  get isOurs(): boolean {
    return this.manifest.format !== undefined;
  }

  /** The run that wrote it came to its end. */
  get isFinished(): boolean {
    return this.mapfile.state === '+';
  }

  get claims(): Domain {
    return Domain.fromMap(this.map);
  }

  get pieceSize(): number {
    return this.manifest.pieceSize ?? PIECE_SIZE;
  }

  /** Reads at a position of the source. */
  read(pos: number, into: Uint8Array): ReadOutcome {
    return this.#content.read(pos - offsetIn(this.manifest), into);
  }

  /** Whether nobody wrote there, as far as the file system can tell. */
  isHole(pos: number, size: number): boolean {
    return this.#content.isHole(pos - offsetIn(this.manifest), size);
  }

  /** What the map claims, piece by piece; all of it, or what lies in a domain. */
  pieces({ claims = this.claims, memory }: PieceOptions = {}): IterableIterator<Piece> {
    return pieces({ source: this, claims, pieceSize: this.pieceSize, memory });
  }

  /** Whether a whole piece is as it came from the source; undefined where there is no digest to tell. */
  isTrue(piece: Piece): boolean | undefined {
    if (piece.trouble !== undefined) return false;
    const digest = this.manifest.digests?.get(piece.pos);
    if (digest === undefined) return this.isOurs ? false : undefined;
    return pieceDigest(piece) === digest;
  }

  /** The pieces that are not what came from the source, cut to the chunk. */
  *differences(): IterableIterator<Range> {
    for (const piece of this.pieces()) {
      if (this.isTrue(piece) !== false) continue;
      yield hullOf(piece.ranges);
    }
  }

  close(): void {
    this.#content.close();
  }
}
