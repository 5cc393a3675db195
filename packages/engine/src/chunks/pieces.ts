/** Goes through the bytes that a map claims, piece by piece, as their digests were made. */
import { alignDown, type Domain, type Range } from '@chunkrescue/mapfile';
import { alignedBuffer } from '../node/aligned-memory.ts';
import { crc32 } from '../node/checksums.ts';
import type { ReadOutcome, Source } from '../ports.ts';
import type { ReadMemory } from '../rescue-options.ts';

/** A piece of a source with every byte that is not claimed as a zero. */
export interface Piece {
  /** Its border; a multiple of the piece size. */
  readonly pos: number;
  /** The claimed ranges of it, positions of the source. */
  readonly ranges: readonly Range[];
  /** The whole piece. Only until the next one is asked for, but for memory that keeps it longer. */
  readonly bytes: Uint8Array;
  /** Where reading failed and why; the bytes are worth nothing then. */
  readonly trouble: { readonly pos: number; readonly errno: string | undefined } | undefined;
}

/** How to go through them. */
export interface PieceWalk {
  readonly source: Pick<Source, 'read'> & {
    /** Whether so many bytes at a position are known to be zeros that nobody wrote. */
    isHole?(pos: number, size: number): boolean;
  };
  /** What is claimed. */
  readonly claims: Domain;
  readonly pieceSize: number;
  /** What to subtract from a position to find it in the source; default 0. */
  readonly offset?: number;
  /** Where each piece goes. Default: one place for all of them. */
  readonly memory?: ReadMemory | undefined;
}

/** The pieces with at least one claimed byte, in order. */
export function* pieces(walk: PieceWalk): IterableIterator<Piece> {
  const { source, pieceSize, offset = 0 } = walk;
  const own = walk.memory === undefined ? alignedBuffer(pieceSize) : undefined;
  for (const { pos, ranges } of piecesOf(walk.claims, pieceSize)) {
    const bytes = own ?? (walk.memory as ReadMemory).take(pieceSize);
    let filled = 0;
    let trouble: Piece['trouble'];
    for (const range of ranges) {
      const from = range.pos - pos;
      bytes.fill(0, filled, from);
      filled = from + range.size;
      const into = bytes.subarray(from, filled);
      if (source.isHole?.(range.pos - offset, range.size)) {
        into.fill(0);
        continue;
      }
      const { copied, errno } = source.read(range.pos - offset, into) as ReadOutcome;
      if (copied === range.size) continue;
      trouble = { pos: range.pos + copied, errno };
      break;
    }
    bytes.fill(0, filled);
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
