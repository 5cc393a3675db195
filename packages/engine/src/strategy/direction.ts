/**
 * Forwards and backwards as a value, so that each phase is written once.
 * "Near" is the edge where a walk in this direction arrives, "far" the edge where it leaves.
 */

import type { BlockStatus, RescueMap } from '@chunkrescue/mapfile';
import { addClipped, alignDown, alignUp, OPEN_END, progressOf } from '@chunkrescue/mapfile';

/** A half-open range of bytes. */
export interface Piece {
  readonly pos: number;
  readonly end: number;
}

/** What to look for with {@link Direction.find}. */
export interface Search {
  /** The walk's position: what lies before it (in the walk's direction) does not count. */
  readonly from: number;
  readonly status: BlockStatus;
  /** Bytes wanted at most. */
  readonly size: number;
  /** The far edge is put on a multiple of this, unless the block or the size ends before. */
  readonly align: number;
  /** Only blocks at the map's border, or whose near neighbour is finished. */
  readonly isTouching: boolean;
}

/** What was found, and whether any block of the status was met on the way. */
export interface Found {
  readonly piece: Piece | undefined;
  readonly isSeen: boolean;
}

export interface Direction {
  readonly name: 'forwards' | 'backwards';
  readonly opposite: Direction;
  /** Where a walk over everything begins. */
  readonly begin: number;
  near(piece: Piece): number;
  far(piece: Piece): number;
  /** The first byte that a walk standing at `position` would read. */
  byteAt(position: number): number;
  /** The block that a walk by index over a list of `count` comes to after `passed` others. */
  indexAfter(passed: number, count: number): number;
  /**
   * The part of a block at its near edge, `size` bytes at most. Unless it is the whole block, its far edge is
   * put on an absolute multiple of `align`, where that leaves anything.
   */
  take(block: Piece, size: number, align: number): Piece;
  /** The part of a block at its near edge that lies in one absolute sector. */
  nearSector(block: Piece, sectorSize: number): Piece;
  /** What a walk still has before it when it has passed `piece` at the near edge of `block`. */
  behind(block: Piece, piece: Piece): Piece;
  /** The next piece of a status inside the domain. */
  find(map: RescueMap, search: Search): Found;
}

const FINISHED = progressOf('+');

/** Whether block `index` is a border of the map on the side of `neighbour`, or finished stands there. */
function touches(map: RescueMap, neighbour: number): boolean {
  return neighbour < 0 || neighbour >= map.count || map.codeAt(neighbour) === FINISHED;
}

export const forwards: Direction = {
  name: 'forwards',
  get opposite() {
    return backwards;
  },
  begin: 0,
  near: (piece) => piece.pos,
  far: (piece) => piece.end,
  byteAt: (position) => position,
  indexAfter: (passed) => passed,
  take({ pos, end: blockEnd }, size, align) {
    const end = Math.min(addClipped(pos, size), blockEnd);
    const aligned = alignDown(end, align);
    return { pos, end: end !== blockEnd && aligned > pos ? aligned : end };
  },
  nearSector: ({ pos, end }, sectorSize) => ({
    pos,
    end: Math.min(alignDown(pos, sectorSize) + sectorSize, end),
  }),
  behind: (block, piece) => ({ pos: piece.end, end: block.end }),
  find(map, search) {
    const code = progressOf(search.status);
    const from = Math.max(search.from, map.start);
    let isSeen = false;
    for (let i = map.indexAt(from); i >= 0 && i < map.count; i++) {
      if (map.codeAt(i) !== code || !map.isInDomain(i)) continue;
      isSeen = true;
      if (search.isTouching && !touches(map, i - 1)) continue;
      const block = { pos: Math.max(from, map.posAt(i)), end: map.endAt(i) };
      return { piece: forwards.take(block, search.size, search.align), isSeen };
    }
    return { piece: undefined, isSeen };
  },
};

export const backwards: Direction = {
  name: 'backwards',
  opposite: forwards,
  begin: OPEN_END,
  near: (piece) => piece.end,
  far: (piece) => piece.pos,
  byteAt: (position) => position - 1,
  indexAfter: (passed, count) => count - 1 - passed,
  take({ pos: blockPos, end }, size, align) {
    const pos = Math.max(end - size, blockPos);
    const aligned = alignUp(pos, align);
    return { pos: pos !== blockPos && aligned < end ? aligned : pos, end };
  },
  nearSector: ({ pos, end }, sectorSize) => ({
    pos: Math.max(alignDown(end - 1, sectorSize), pos),
    end,
  }),
  behind: (block, piece) => ({ pos: block.pos, end: piece.pos }),
  find(map, search) {
    const code = progressOf(search.status);
    const from = Math.min(search.from, map.end);
    let isSeen = false;
    for (let i = map.indexAt(from - 1); i >= 0; i--) {
      if (map.codeAt(i) !== code || !map.isInDomain(i)) continue;
      isSeen = true;
      if (search.isTouching && !touches(map, i + 1)) continue;
      const block = { pos: map.posAt(i), end: Math.min(from, map.endAt(i)) };
      return { piece: backwards.take(block, search.size, search.align), isSeen };
    }
    return { piece: undefined, isSeen };
  },
};
