import { OPEN_END } from './block.ts';
import type { Mapfile } from './mapfile.ts';
import { RescueMap } from './rescue-map.ts';

/** How far a map can be moved, in bytes: from `min` (0 or less) to `max`. */
export interface ShiftLimits {
  readonly min: number;
  readonly max: number;
}

/** What {@link shiftMapfile} takes: nothing may come below 0, nor to {@link OPEN_END} or behind. */
export function shiftLimits(map: RescueMap): ShiftLimits {
  if (map.count === 0) return { min: -OPEN_END, max: OPEN_END };
  const last = map.end === OPEN_END ? map.posAt(map.count - 1) : map.end;
  return { min: 0 - map.start, max: OPEN_END - 1 - last };
}

/**
 * The mapfile with all its positions moved by so many bytes, as from a partition's map to its
 * disk's. An end that is not known stays so. Comments speak of the old positions, and stay behind.
 * @throws RangeError outside of {@link shiftLimits}
 */
export function shiftMapfile(mapfile: Mapfile, by: number): Mapfile {
  const { map, position, state, pass } = mapfile;
  const { min, max } = shiftLimits(map);
  if (!(by >= min && by <= max)) throw new RangeError(`${by} is not from ${min} to ${max}.`);
  const starts = Float64Array.from({ length: map.count }, (_, index) => map.posAt(index) + by);
  const codes = Uint8Array.from({ length: map.count }, (_, index) => map.codeAt(index));
  const end = map.end === OPEN_END ? OPEN_END : map.end + by;
  const moved = RescueMap.fromRuns({ starts, codes, count: map.count, end });
  return { heading: [], position: movedPosition(position, moved, by), state, pass, map: moved };
}

/** Inside the map, whatever the status line said: it may be of another map, or at the open end. */
function movedPosition(position: number, moved: RescueMap, by: number): number {
  if (position === OPEN_END) return moved.end;
  return Math.min(Math.max(position + by, moved.start), moved.end);
}
