/** The files of a chunk that is being read: target, maps, and what they say. */
import { type Domain, type Mapfile, OPEN_END, type RescueMap, unionOf } from '@chunkrescue/mapfile';
import { withChunkMap, withComments } from '../chunks/chunk-map-store.ts';
import { type Beside, ChunkRecorder } from '../chunks/chunk-recorder.ts';
import { type ChunkState, claimsOf } from '../chunks/chunk-state.ts';
import { CHUNK_FORMAT, type Manifest, manifestComments, readManifest } from '../chunks/manifest.ts';
import { PIECE_SIZE, type PieceDigests } from '../chunks/piece-digests.ts';
import { type Piece, pieces } from '../chunks/pieces.ts';
import { CHUNK_ZONES, SOURCE_ZONES, Zones } from '../chunks/samples.ts';
import { sealedMapStore } from '../chunks/sealed-map-store.ts';
import { openFileSource } from '../node/file-source.ts';
import type { MapStore, Target } from '../ports.ts';
import { withOutputOffset } from '../wrap/output-offset.ts';
import { type Emergency, withEmergency } from './emergency-store.ts';
import type { ChunkJob, FileRescueJob } from './job.ts';

/** Bytes of the source in front of the file's first one. */
export function offsetOf(chunk: ChunkJob | undefined): number {
  return chunk?.manifest.layout === 'compact' ? chunk.manifest.range.pos : 0;
}

/** A target and a store that keep what is known of a run's bytes. */
export interface RecordedFiles {
  readonly target: (inner: Target) => Target;
  readonly store: MapStore;
  /** Removes what is there only while the store is used. */
  close(): void;
}

/** What is there before the run. */
interface Before {
  /** The common map as it was loaded. */
  readonly known: Mapfile | undefined;
  readonly state: ChunkState;
  /** What is done when the chunk's map cannot be saved. */
  readonly emergency: Emergency | undefined;
  /** Whether the chunk's file is being written. */
  readonly isOpen: () => boolean;
  /** Takes the digests of a chunk. */
  readonly beside: (digests: PieceDigests) => Beside;
}

export function recordedFiles(
  job: FileRescueJob,
  store: MapStore,
  { known, state, isOpen, beside, emergency }: Before,
): RecordedFiles {
  const { chunk } = job;
  const offset = offsetOf(chunk);
  const { own } = state;
  const whole = { pos: 0, size: job.manifest?.sourceSize ?? OPEN_END };
  const zones = new Zones(whole, SOURCE_ZONES);
  const recorder = new ChunkRecorder({
    pieceSize: chunk?.pieceSize ?? PIECE_SIZE,
    zones: chunk === undefined ? zones : new Zones(chunk.manifest.range, CHUNK_ZONES),
    before: own && { manifest: own.manifest, claims: claimsOf(own.mapfile.map) },
    readBack: (claims) => readBack(job, claims),
    beside: chunk === undefined ? undefined : beside,
  });
  const before = readManifest(known?.heading ?? []).samples ?? [];
  // What was remembered of another source would be a lie about this one.
  const samples = job.isAdopted ? [] : before;
  const commonManifest = (): Manifest => ({
    ...job.manifest,
    format: CHUNK_FORMAT,
    samples: zones.thin([...samples, ...recorder.samples]),
  });
  const common = withComments(store, () => manifestComments(commonManifest()));
  const target = (inner: Target): Target =>
    recorder.follow(offset === 0 ? inner : withOutputOffset(inner, -offset));
  if (chunk === undefined) return { target, store: common, close: () => {} };
  const options = { keepsBackup: false, keepsSpare: true, followsLinks: false };
  const travelling = withEmergency(sealedMapStore(chunk.map, options), emergency);
  const unchecked = (own?.manifest.unchecked ?? 0) + state.trusted;
  const comments = (map: RescueMap): string[] =>
    manifestComments({
      ...job.manifest,
      ...chunk.manifest,
      format: CHUNK_FORMAT,
      kind: 'chunk',
      ...(unchecked > 0 && { unchecked }),
      samples: recorder.samples,
      pieceSize: chunk.pieceSize ?? PIECE_SIZE,
      digests: recorder.digestsOf(map),
    });
  return {
    target,
    store: withChunkMap(common, {
      store: travelling,
      ranges: job.domain ?? [{ pos: 0, size: OPEN_END }],
      elsewhere: state.elsewhere,
      comments,
      isWanted: isOpen,
    }),
    close: () => travelling.close(),
  };
}

/** Pieces of the chunk's file as it is. */
function* readBack(job: FileRescueJob, claims: Domain): IterableIterator<Piece> {
  const pieceSize = job.chunk?.pieceSize ?? PIECE_SIZE;
  const source = openFileSource(job.target, { direct: false });
  try {
    yield* pieces({ source, claims, pieceSize, offset: offsetOf(job.chunk) });
  } finally {
    source.close();
  }
}

/**
 * The common map with what a chunk's own map knows besides: the common one was lost, is older, or was not
 * saved any more. What is in the file need not be read again.
 */
export function withOwn(
  known: Mapfile | undefined,
  { own }: ChunkState,
  domain: Domain,
): Mapfile | undefined {
  if (own === undefined) return known;
  const mine = own.mapfile.map;
  if (known === undefined) return { heading: [], position: 0, state: '?', pass: 1, map: mine };
  const isAhead = claimsOf(known.map).intersect(domain).subtract(claimsOf(mine)).isEmpty;
  return isAhead ? { ...known, map: unionOf(known.map, mine) } : known;
}
