/** Looks at a whole chunk before a byte of it is written. */
import { Domain } from '@chunkrescue/mapfile';
import { statOf } from '../node/paths.ts';
import type { ReadOutcome } from '../ports.ts';
import { sameBytes } from '../wrap/same-bytes.ts';
import { type ImageFacts, refuseForeign, refuseOtherSize } from './belonging.ts';
import {
  beginsWithZeros,
  conflict,
  mostlyHoles,
  pieceDiffers,
  unfinished,
} from './chunk-errors.ts';
import type { HeldPieces } from './held-pieces.ts';
import type { MergeFollowing } from './merge.ts';
import { unreadable } from './merge-errors.ts';
import type { MergeJob } from './merge-job.ts';
import type { OpenChunk } from './open-chunk.ts';
import { type Piece, sizeOf } from './pieces.ts';

interface Check {
  readonly job: MergeJob;
  readonly image: ImageFacts;
  readonly how: MergeFollowing;
  readonly pieces: HeldPieces;
}

/** Returns false when it was stopped. @throws RescueError why the chunk is refused */
export function checkForMerge(chunk: OpenChunk, { job, image, how, pieces }: Check): boolean {
  const { manifest, claims } = chunk;
  if (chunk.isOurs && !chunk.isFinished && !job.takesUnfinished) {
    throw unfinished(chunk.pair.raw, { done: claims.size, size: manifest.range?.size ?? 0 });
  }
  if (!chunk.isOurs && !job.trustsHoles) refuseHoles(chunk);
  refuseOtherSize(chunk, image);
  if (!job.isSameDisk) refuseForeign(chunk, image);
  const shared = job.replaces ? Domain.of([]) : claims.intersect(Domain.fromMap(image.map));
  if (!chunk.isOurs && shared.isEmpty) return true;
  for (const piece of pieces.walk()) {
    if (how.signal.aborted) return false;
    refuseUntrue(chunk, piece);
    compare(piece, { shared, chunk, image });
  }
  return true;
}

/** Other tools' maps prove nothing: a claim where nothing was ever written is none. */
function refuseHoles(chunk: OpenChunk): void {
  const there = (statOf(chunk.pair.raw)?.blocks ?? Number.POSITIVE_INFINITY) * 512;
  const claimed = chunk.claims.size;
  if (there < claimed) throw mostlyHoles(chunk.pair.raw, { claimed, there });
  // Copied, a hole becomes zeros: the place of the chunks before is what a chunk begins with.
  let zeros = 0;
  for (const { bytes, ranges } of chunk.pieces()) {
    if (bytes.some((byte) => byte !== 0)) return;
    zeros += sizeOf(ranges);
    if (zeros >= LEADING_ZEROS_MIN) throw beginsWithZeros(chunk.pair.raw, chunk.claims.start);
  }
}

/** Bytes; a disk seldom begins so, and a chunk of it only by chance. */
const LEADING_ZEROS_MIN = 512 * 1024;

/** @throws RescueError when a piece is not what came from the source */
export function refuseUntrue(chunk: OpenChunk, piece: Piece): void {
  const { raw } = chunk.pair;
  if (piece.trouble !== undefined) throw unreadable(raw, piece.trouble.pos, piece.trouble.errno);
  if (chunk.isTrue(piece) !== false) return;
  const number = /(\d+)\D*$/.exec(raw.replace(/^.*\//, ''))?.[1];
  const isOther = number !== undefined && chunk.manifest.chunk !== undefined;
  const other =
    isOther && Number(number) !== chunk.manifest.chunk
      ? `; its map is that of chunk ${chunk.manifest.chunk}`
      : '';
  throw pieceDiffers(raw, { pos: piece.pos, size: piece.bytes.length }, other);
}

/** Bytes that both have must be the same. */
function compare(
  piece: Piece,
  { shared, chunk, image }: { shared: Domain; chunk: OpenChunk; image: ImageFacts },
): void {
  for (const { pos, size } of shared.clip(piece.pos, piece.pos + piece.bytes.length).ranges()) {
    const here = piece.bytes.subarray(pos - piece.pos, pos - piece.pos + size);
    const there = new Uint8Array(size);
    const { copied, errno } = image.read(pos, there) as ReadOutcome;
    if (copied < size) throw unreadable(image.path, pos + copied, errno);
    if (sameBytes(here, there)) continue;
    const at = here.findIndex((byte, i) => byte !== there[i]);
    throw conflict(chunk.pair.raw, image.path, pos + at);
  }
}
