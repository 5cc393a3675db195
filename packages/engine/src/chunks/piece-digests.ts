/**
 * The digests of a chunk's pieces, kept while its bytes come from the source in whatever order. A piece's
 * digest is the CRC-32 of the whole piece with zeros for what is not rescued, so that anybody can check it
 * with common tools, and later bytes can be added without the earlier ones.
 */
import { alignDown } from '@chunkrescue/mapfile';
import { crc32 } from '../node/checksums.ts';
import { commonCrc, linearCrc, resumeLinear, shiftCrc } from './crc-shift.ts';

/** Bytes of a piece: a damaged byte is located to one. */
export const PIECE_SIZE: number = 1024 * 1024;

interface Piece {
  /** Linear CRC of the piece up to its end. */
  linear: number;
  /** Bytes that are in it. */
  size: number;
}

/** Digests of pieces by position. Positions and sizes are bytes of the source. */
export class PieceDigests {
  readonly pieceSize: number;
  readonly #pieces = new Map<number, Piece>();
  /** Bytes that came one behind the other, within a piece, and are not in {@link #pieces} yet. */
  #run = { pos: 0, end: 0, linear: 0 };

  constructor(pieceSize: number = PIECE_SIZE) {
    this.pieceSize = pieceSize;
  }

  /** Takes bytes that were not there before. `linear` is their linear CRC where it is known already. */
  add(pos: number, bytes: Uint8Array, linear?: number): void {
    let at = 0;
    while (at < bytes.length) {
      const here = pos + at;
      const border = alignDown(here, this.pieceSize) + this.pieceSize;
      const size = Math.min(bytes.length - at, border - here);
      const isWhole = size === bytes.length;
      this.#append(here, bytes.subarray(at, at + size), isWhole ? linear : undefined);
      at += size;
    }
  }

  /** A piece as it was when its map was saved. `size` counts its rescued bytes. */
  restore(pos: number, { crc, size }: { readonly crc: number; readonly size: number }): void {
    const linear = (crc ^ commonCrc(0, this.pieceSize)) >>> 0;
    this.#pieces.set(pos, { linear, size });
  }

  /**
   * The digest of the piece at `pos`, or undefined when it is not made of just `size` bytes: then bytes came
   * twice or were taken back, and only the file can tell.
   */
  digestAt(pos: number, size: number): number | undefined {
    this.#flush();
    const piece = this.#pieces.get(pos);
    if (piece === undefined || piece.size !== size) return undefined;
    return commonCrc(piece.linear, this.pieceSize);
  }

  #append(pos: number, bytes: Uint8Array, linear: number | undefined): void {
    const run = this.#run;
    const isNext = pos === run.end && pos % this.pieceSize !== 0 && run.end > run.pos;
    if (!isNext) {
      this.#flush();
      this.#run = { pos, end: pos, linear: 0 };
    }
    const { linear: before } = this.#run;
    this.#run.linear =
      linear === undefined
        ? linearCrc(crc32(bytes, resumeLinear(before)))
        : (shiftCrc(before, bytes.length) ^ linear) >>> 0;
    this.#run.end += bytes.length;
  }

  #flush(): void {
    const { pos, end, linear } = this.#run;
    if (end === pos) return;
    const start = alignDown(pos, this.pieceSize);
    const piece = this.#pieces.get(start) ?? { linear: 0, size: 0 };
    piece.linear = (piece.linear ^ shiftCrc(linear, start + this.pieceSize - end)) >>> 0;
    piece.size += end - pos;
    this.#pieces.set(start, piece);
    this.#run = { pos: end, end, linear: 0 };
  }
}
