/** Follows the bytes of a run from the source into its target, and tells what a chunk's map says of them. */
import { Domain, type RescueMap } from '@chunkrescue/mapfile';
import type { Target } from '../ports.ts';
import { delegateTarget } from '../wrap/delegate.ts';
import type { Manifest, Sample } from './manifest.ts';
import { PieceDigests } from './piece-digests.ts';
import { type Piece, pieceDigest, piecesOf, sizeOf } from './pieces.ts';
import { Sampler, type Zones } from './samples.ts';

/** What a recorder begins with. */
export interface RecorderStart {
  readonly pieceSize: number;
  /** What the chunk's map knew when it was last saved. */
  readonly before?: { readonly manifest: Manifest; readonly claims: Domain } | undefined;
  /** Of each of which one sample is kept. */
  readonly zones: Zones;
  /** Takes note of bytes for the digests; without it there are none. */
  readonly beside?: ((digests: PieceDigests) => Beside) | undefined;
  /** Reads a piece back from the chunk's file, where its digest was lost. */
  readonly readBack: (claims: Domain) => Iterable<Piece>;
}

/** Work on digests beside the reading. */
export interface Beside {
  add(pos: number, bytes: Uint8Array): void;
  /** Waits until all of it is in the digests. */
  settle(): void;
}

export class ChunkRecorder {
  readonly #digests: PieceDigests;
  readonly #beside: Beside | undefined;
  readonly #sampler: Sampler;
  readonly #readBack: RecorderStart['readBack'];

  constructor({ pieceSize, before, zones, readBack, beside }: RecorderStart) {
    this.#digests = new PieceDigests(pieceSize);
    this.#beside = beside?.(this.#digests);
    this.#sampler = new Sampler(before?.manifest.samples ?? [], zones);
    this.#readBack = readBack;
    if (before?.manifest.pieceSize !== pieceSize) return;
    for (const { pos, ranges } of piecesOf(before.claims, pieceSize)) {
      const crc = before.manifest.digests?.get(pos);
      if (crc !== undefined) this.#digests.restore(pos, { crc, size: sizeOf(ranges) });
    }
  }

  /** Samples seen so far, the first ones from the map. */
  get samples(): readonly Sample[] {
    return this.#sampler.samples;
  }

  /** The same target; what was written to it is recorded. */
  follow(target: Target): Target {
    return {
      ...delegateTarget(target),
      write: (pos, bytes) => {
        const written = target.write(pos, bytes);
        if (written !== undefined) throw new TypeError('A chunk is written by blocking calls.');
        this.#beside?.add(pos, bytes);
        this.#sampler.see(pos, bytes);
      },
    };
  }

  /** The digests of all pieces of which the map claims something. */
  digestsOf(map: RescueMap): Map<number, number> {
    this.#beside?.settle();
    const { pieceSize } = this.#digests;
    const claims = Domain.fromMap(map);
    const found = new Map<number, number>();
    for (const { pos, ranges } of piecesOf(claims, pieceSize)) {
      const size = sizeOf(ranges);
      let crc = this.#digests.digestAt(pos, size);
      if (crc === undefined) {
        const [piece] = this.#readBack(Domain.of(ranges));
        if (piece === undefined || piece.trouble !== undefined) continue;
        crc = pieceDigest(piece);
        this.#digests.restore(pos, { crc, size });
      }
      found.set(pos, crc);
    }
    return found;
  }
}
