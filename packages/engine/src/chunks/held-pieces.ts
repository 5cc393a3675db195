import type { WriteBehind } from '../node/write-behind.ts';
import type { ReadMemory } from '../rescue-options.ts';
import type { OpenChunk } from './open-chunk.ts';
import type { Piece } from './pieces.ts';

/** Memory for pieces that are written while the next ones are read. */
export interface PieceMemory extends ReadMemory, WriteBehind {
  /** Bytes of the largest piece. */
  readonly pieceMax: number;
  /** What was taken stays as it is until so many more were taken. */
  readonly room: number;
}

/** The pieces of a chunk, walked twice but read once where they fit into the memory. */
export class HeldPieces {
  readonly #chunk: OpenChunk;
  readonly #memory: PieceMemory | undefined;
  #held: readonly Piece[] | undefined;

  constructor(chunk: OpenChunk, memory: PieceMemory | undefined) {
    this.#chunk = chunk;
    this.#memory = chunk.pieceSize <= (memory?.pieceMax ?? 0) ? memory : undefined;
  }

  /** Whether the next walk gives what an earlier one read, and whoever walked then saw. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** All pieces, in order. Only a walk to the end is remembered. */
  *walk(): IterableIterator<Piece> {
    if (this.#held !== undefined) {
      yield* this.#held;
      return;
    }
    const memory = this.#memory;
    const read: Piece[] = [];
    for (const piece of this.#chunk.pieces({ memory })) {
      yield piece;
      if (memory !== undefined) read.push(piece);
    }
    if (memory !== undefined && read.length <= memory.room) this.#held = read;
  }
}
