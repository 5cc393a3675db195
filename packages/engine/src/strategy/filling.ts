/**
 * Filling (`F`): which bytes of the target are written over next. Pieces are counted from where an area, or
 * what is left of it, begins; nothing is aligned. The map's blocks never change, only its status line does,
 * so that an interrupted fill goes on at the piece it did not write.
 */
import type { BlockStatus } from '@chunkrescue/mapfile';
import type { Piece } from './direction.ts';
import type { Rescue } from './rescue.ts';

/** A piece to be written over. */
export interface FillPiece extends Piece {
  /** Status of the block it lies in. */
  readonly status: BlockStatus;
  /** Whether the area ends with it. */
  readonly isLastOfArea: boolean;
}

/** How much is filled, and how much is not. */
export interface FillTotals {
  /** Bytes. */
  readonly filled: number;
  readonly filledAreas: number;
  /** Bytes. */
  readonly remaining: number;
  readonly remainingAreas: number;
}

/** Sizes in bytes, and the statuses of the blocks to fill. */
export interface FillSettings {
  readonly types: readonly BlockStatus[];
  readonly sectorSize: number;
  readonly clusterSize: number;
}

/** Goes on where an interrupted fill stopped, when that lies in the domain; else at the beginning. */
export function beginFilling(rescue: Rescue): void {
  rescue.position = resumesAt(rescue, 'F');
}

/** Where a run of `state` goes on; 0 after a run of another state, or one in another domain. */
export function resumesAt(rescue: Rescue, state: 'F' | 'G'): number {
  const { map, position } = rescue;
  if (rescue.state !== state) return 0;
  const index = map.indexAt(position);
  return index >= 0 && map.isInDomain(index) ? position : 0;
}

/** What lies before the status line's position and what does not. */
export function fillTotals(rescue: Rescue, types: readonly BlockStatus[]): FillTotals {
  const totals = { filled: 0, filledAreas: 0, remaining: 0, remainingAreas: 0 };
  for (const { pos, end } of areas(rescue, types)) {
    const border = Math.min(Math.max(pos, rescue.position), end);
    totals.filled += border - pos;
    totals.remaining += end - border;
    if (border === end) totals.filledAreas++;
    else totals.remainingAreas++;
  }
  return totals;
}

/**
 * Yields the pieces from the status line's position on; each reply says whether the piece was written. From a
 * piece that was not, the rest of its area is tried sector by sector.
 */
export function* filling(
  rescue: Rescue,
  settings: FillSettings,
): Generator<FillPiece, void, boolean> {
  const from = rescue.position;
  for (const area of areas(rescue, settings.types)) {
    let pos = Math.max(area.pos, from);
    let size = settings.clusterSize;
    while (pos < area.end) {
      const end = Math.min(pos + size, area.end);
      rescue.state = 'F';
      rescue.position = pos;
      const isWritten = yield { pos, end, status: area.status, isLastOfArea: end === area.end };
      if (isWritten || size === settings.sectorSize) pos = end;
      else size = settings.sectorSize;
    }
  }
}

interface Area extends Piece {
  readonly status: BlockStatus;
}

function* areas(rescue: Rescue, types: readonly BlockStatus[]): Generator<Area> {
  const { map } = rescue;
  for (let index = 0; index < map.count; index++) {
    const status = map.statusAt(index);
    if (!map.isInDomain(index) || !types.includes(status)) continue;
    yield { pos: map.posAt(index), end: map.endAt(index), status };
  }
}
