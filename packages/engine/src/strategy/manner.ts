/**
 * Two manners of doing the same phases.
 *
 * GNU's walks trimming, sweeping and scraping by index over a list that changes under it, so on resumed maps
 * it can pass blocks over; and it leaves a failed cluster alone that borders on untried bytes outside the
 * domain. Ours walks by position, leaves nothing of the domain untried, and never reads a sector together with
 * a part of another when it reads sectors.
 */
import { alignDown, type BlockStatus, progressOf, type RescueMap } from '@chunkrescue/mapfile';
import type { Direction, Piece } from './direction.ts';

/** One walk over the blocks of a status while the visits change the map. */
export interface Walk {
  /** Index of the block to visit now, or -1 at the end. */
  next(): number;
  /** The block just visited stays as it is: go past it. Without this, the walk looks at the same place again. */
  pass(): void;
}

export interface Manner {
  readonly name: 'gnu' | 'complete';
  /** Walks the blocks of `status` inside the domain; ours only those that meet [pos, end). */
  walk(map: RescueMap, direction: Direction, status: BlockStatus, bounds?: Piece): Walk;
  /** Whether the neighbour `index` may still change so that it says where to trim. */
  isPending(map: RescueMap, index: number): boolean;
  /** The part of a block at its near edge that is read on its own when sectors are. */
  sector(block: Piece, direction: Direction, sectorSize: number): Piece;
  /** Whether a failed range is as small as errors get, so that it is bad for good. */
  isOneSector(failed: Piece, sectorSize: number): boolean;
  /** Whether nothing of the domain may stay untried behind a "finished". */
  readonly leavesNothing: boolean;
}

const NON_TRIMMED = progressOf('*');

/** GNU ddrescue's, read for read. */
export const gnuManner: Manner = {
  name: 'gnu',
  leavesNothing: false,
  isPending: (map, index) => map.codeAt(index) <= NON_TRIMMED,
  sector: (block, direction, sectorSize) => direction.take(block, sectorSize, sectorSize),
  isOneSector: ({ pos, end }, sectorSize) => end - pos <= sectorSize,
  walk(map, direction, status) {
    const code = progressOf(status);
    let passed = 0;
    return {
      next() {
        for (; passed < map.count; passed++) {
          const index = direction.indexAfter(passed, map.count);
          if (map.codeAt(index) === code && map.isInDomain(index)) return index;
        }
        return -1;
      },
      pass() {
        passed++;
      },
    };
  },
};

/** Ours: by position, nothing passed over, and what lies outside the domain is not waited for. */
export const completeManner: Manner = {
  name: 'complete',
  leavesNothing: true,
  isPending: (map, index) => map.isInDomain(index) && map.codeAt(index) <= NON_TRIMMED,
  // A block that begins inside a sector may be shorter than one and lie in two all the same. GNU reads it at
  // once, and a good byte beside the bad sector is lost with it.
  sector: (block, direction, sectorSize) => direction.nearSector(block, sectorSize),
  isOneSector: ({ pos, end }, sectorSize) => alignDown(end - 1, sectorSize) <= pos,
  walk(map, direction, status, bounds = { pos: map.start, end: map.end }) {
    let from = direction.near(bounds);
    let behind = from;
    return {
      next() {
        const search = { from, status, size: 1, align: 1, isTouching: false };
        const { piece } = direction.find(map, search);
        if (piece === undefined) return -1;
        const index = map.indexAt(piece.pos);
        const block = { pos: map.posAt(index), end: map.endAt(index) };
        if (block.pos >= bounds.end || block.end <= bounds.pos) return -1;
        from = direction.near(block);
        behind = direction.far(block);
        return index;
      },
      pass() {
        from = behind;
      },
    };
  },
};
