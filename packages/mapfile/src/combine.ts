import { RescueMap } from './rescue-map.ts';
import { RunList } from './run-list.ts';
import { BLOCK_STATUSES, type BlockStatus, progressOf } from './status.ts';

/**
 * Lays two maps over each other. `choose` gets the two statuses of each piece, `undefined` where a map does
 * not reach; the result covers everything from the first start to the last end, neighbours merged.
 * Linear in the number of blocks.
 */
export function combine(
  a: RescueMap,
  b: RescueMap,
  choose: (a: BlockStatus | undefined, b: BlockStatus | undefined) => BlockStatus,
): RescueMap {
  if (a.count === 0 && b.count === 0) return RescueMap.ofOne(0, 0);
  const runs = new RunList(64);
  const end = Math.max(a.end, b.end);
  let pos = a.count === 0 ? b.start : b.count === 0 ? a.start : Math.min(a.start, b.start);
  const left = new Cursor(a);
  const right = new Cursor(b);
  while (pos < end) {
    const code = progressOf(choose(left.statusFrom(pos), right.statusFrom(pos)));
    runs.addMerged(pos, code);
    pos = Math.min(left.border, right.border, end);
  }
  return runs.toMap(end);
}

/** What either map knows: the status furthest in the order of progress wins; `?` where neither reaches. */
export function unionOf(a: RescueMap, b: RescueMap): RescueMap {
  return combine(a, b, (left, right) => {
    const code = Math.max(left ? progressOf(left) : 0, right ? progressOf(right) : 0);
    return BLOCK_STATUSES[code] as BlockStatus;
  });
}

/** Finished where both are finished, `?` elsewhere. */
export function intersectionOf(a: RescueMap, b: RescueMap): RescueMap {
  return combine(a, b, (left, right) => (left === '+' && right === '+' ? '+' : '?'));
}

/** Finished where `a` is finished and `b` is not, `?` elsewhere. */
export function differenceOf(a: RescueMap, b: RescueMap): RescueMap {
  return combine(a, b, (left, right) => (left === '+' && right !== '+' ? '+' : '?'));
}

class Cursor {
  /** Where the status last asked for ends. */
  border = 0;
  readonly #map: RescueMap;
  #index = 0;

  constructor(map: RescueMap) {
    this.#map = map;
  }

  /** Status at `pos`; positions must rise from call to call. */
  statusFrom(pos: number): BlockStatus | undefined {
    const map = this.#map;
    while (this.#index < map.count && map.endAt(this.#index) <= pos) this.#index++;
    if (this.#index >= map.count) {
      this.border = Number.POSITIVE_INFINITY;
      return undefined;
    }
    if (map.posAt(this.#index) > pos) {
      this.border = map.posAt(this.#index);
      return undefined;
    }
    this.border = map.endAt(this.#index);
    return map.statusAt(this.#index);
  }
}
