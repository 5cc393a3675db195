import { alignDown, alignUp, progressOf, RescueMap } from '@chunkrescue/mapfile';

/**
 * Moves borders that lie inside a sector onto its edge, so that no sector is read in two pieces: an earlier
 * run may have used smaller sectors. Rescued bytes never change; of two other statuses the one that knows
 * less takes the sector. Neighbours that become equal stay separate, as in ddrescue. Returns a new map, or the
 * same one when nothing moves.
 */
export function joinSubsectors(map: RescueMap, sectorSize: number): RescueMap {
  const finished = progressOf('+');
  if (isWhole(map, sectorSize)) return map;
  const starts = new Float64Array(map.count);
  const codes = new Uint8Array(map.count);
  for (let i = 0; i < map.count; i++) {
    starts[i] = map.posAt(i);
    codes[i] = map.codeAt(i);
  }
  // The block being extended is the last one kept; `next` is the first one not yet looked at.
  let kept = 0;
  for (let next = 1; next < codes.length; ) {
    const border = starts[next] as number;
    const left = codes[kept] as number;
    const right = codes[next] as number;
    if (border % sectorSize === 0 || left === finished || right === finished) {
      kept = keep(kept + 1, next++);
      continue;
    }
    if (left <= right) {
      const end = next + 1 < codes.length ? (starts[next + 1] as number) : map.end;
      const wanted = alignUp(border, sectorSize);
      if (wanted < end) {
        starts[next] = wanted;
        kept = keep(kept + 1, next++);
      } else {
        next++;
      }
    } else {
      const wanted = alignDown(border, sectorSize);
      if (wanted > (starts[kept] as number)) {
        starts[next] = wanted;
        kept = keep(kept + 1, next++);
      } else {
        codes[kept] = right;
        next++;
      }
    }
  }
  return RescueMap.fromRuns({
    starts,
    codes,
    count: codes.length === 0 ? 0 : kept + 1,
    end: map.end,
  });

  function keep(at: number, from: number): number {
    starts[at] = starts[from] as number;
    codes[at] = codes[from] as number;
    return at;
  }
}

/** Whether every border between two blocks lies between two sectors. */
function isWhole(map: RescueMap, sectorSize: number): boolean {
  for (let i = 1; i < map.count; i++) if (map.posAt(i) % sectorSize !== 0) return false;
  return true;
}
