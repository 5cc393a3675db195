/** Goes through the bytes that a map claims, piece by piece, as their digests were made. */
import { alignDown, type Domain, type Range } from '@chunkrescue/mapfile';
import { alignedBuffer } from '../node/aligned-memory.ts';
import { crc32 } from '../node/checksums.ts';
import type { ReadOutcome, Source } from '../ports.ts';

/** A piece of a source with every byte that is not claimed as a zero. */
export interface Piece {
  /** Its border; a multiple of the piece size. */
  readonly pos: number;
  /** The claimed ranges of it, positions of the source. */
  readonly ranges: readonly Range[];
  /** The whole piece. Only until the next one is asked for. */
  readonly bytes: Uint8Array;
  /** Where reading failed and why; the bytes are worth nothing then. */
  readonly trouble: { readonly pos: number; readonly errno: string | undefined } | undefined;
}

/** How to go through them. */
export interface PieceWalk {
  readonly source: Pick<Source, 'read'>;
  /** What is claimed. */
  readonly claims: Domain;
  readonly pieceSize: number;
  /** What to subtract from a position to find it in the source; default 0. */
  readonly offset?: number;
}

/** The pieces with at least one claimed byte, in order. Their memory is used again for each. */
export function* pieces(walk: PieceWalk): IterableIterator<Piece> {
  const { source, pieceSize, offset = 0 } = walk;
  const bytes = alignedBuffer(pieceSize);
  for (const { pos, ranges } of piecesOf(walk.claims, pieceSize)) {
    bytes.fill(0);
    let trouble: Piece['trouble'];
    for (const range of ranges) {
      const into = bytes.subarray(range.pos - pos, range.pos - pos + range.size);
      const { copied, errno } = source.read(range.pos - offset, into) as ReadOutcome;
      if (copied === range.size) continue;
      trouble = { pos: range.pos + copied, errno };
      break;
    }
    yield { pos, ranges, bytes, trouble };
  }
}

/** Bytes in some ranges that do not overlap. */
export function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { size }) => sum + size, 0);
}

/** From the first byte of some ranges in order to the last. */
export function hullOf(ranges: readonly Range[]): Range {
  const first = ranges[0] as Range;
  const last = ranges.at(-1) as Range;
  return { pos: first.pos, size: last.pos + last.size - first.pos };
}

/** The digest of a piece: CRC-32 of all of it. */
export function pieceDigest(piece: Pick<Piece, 'bytes'>): number {
  return crc32(piece.bytes);
}

/** Each piece that a domain touches, with the parts of the domain that lie in it. */
export function* piecesOf(
  domain: Domain,
  pieceSize: number,
): IterableIterator<{ pos: number; ranges: Range[] }> {
  let at = -1;
  let ranges: Range[] = [];
  for (const range of domain.ranges()) {
    for (let pos = range.pos; pos < range.pos + range.size; ) {
      const start = alignDown(pos, pieceSize);
      if (start !== at && ranges.length > 0) {
        yield { pos: at, ranges };
        ranges = [];
      }
      at = start;
      const end = Math.min(range.pos + range.size, start + pieceSize);
      ranges.push({ pos, size: end - pos });
      pos = end;
    }
  }
  if (ranges.length > 0) yield { pos: at, ranges };
}
