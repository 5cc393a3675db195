/** What a map amounts to, in numbers that scripts take. */
import {
  BLOCK_STATUS_NAMES,
  BLOCK_STATUSES,
  type BlockStatus,
  type Mapfile,
  OPEN_END,
  type RescueMap,
  RUN_STATE_NAMES,
  type RunState,
} from '@chunkrescue/mapfile';

/** Bytes and areas of one status. */
export interface StatusFacts {
  readonly status: BlockStatus;
  readonly name: string;
  /** Null where the block without a known end has this status. */
  readonly size: number | null;
  readonly areas: number;
}

/** Positions and sizes are bytes; null for what is not known since the map has no known end. */
export interface MapFacts {
  readonly start: number;
  readonly end: number | null;
  readonly size: number | null;
  readonly position: number | null;
  readonly state: RunState;
  readonly stateName: string;
  readonly pass: number;
  readonly statuses: readonly StatusFacts[];
}

/** A range of one status; end and size are null when they are not known. */
export interface Area {
  readonly pos: number;
  readonly end: number | null;
  readonly size: number | null;
  readonly status: BlockStatus;
  readonly name: string;
}

export function mapFacts({ map, position, state, pass }: Mapfile): MapFacts {
  const end = known(map.end);
  const statuses = BLOCK_STATUSES.map((status) => ({
    status,
    name: BLOCK_STATUS_NAMES[status],
    size: hasOpenEnd(map, status) ? null : map.sizeOf(status),
    areas: map.areasInDomain(status),
  }));
  return {
    start: map.start,
    end,
    size: end === null ? null : end - map.start,
    position: known(position),
    state,
    stateName: RUN_STATE_NAMES[state],
    pass,
    statuses,
  };
}

/** All areas of the map, neighbours of one status merged. */
export function* areasOf(map: RescueMap): Generator<Area> {
  for (let i = 0; i < map.count; i++) {
    const pos = map.posAt(i);
    const status = map.statusAt(i);
    while (i + 1 < map.count && map.statusAt(i + 1) === status) i++;
    const end = known(map.endAt(i));
    const size = end === null ? null : end - pos;
    yield { pos, end, size, status, name: BLOCK_STATUS_NAMES[status] };
  }
}

function hasOpenEnd(map: RescueMap, status: BlockStatus): boolean {
  return map.end === OPEN_END && map.statusAt(map.count - 1) === status;
}

function known(pos: number): number | null {
  return pos === OPEN_END ? null : pos;
}
