/**
 * From what the caller wants, what the source is and what an earlier map says, to a rescue that can start.
 * Pure. The steps and their order are ddrescue's.
 */
import {
  Domain,
  type Mapfile,
  OPEN_END,
  progressOf,
  RescueMap,
  RunList,
} from '@chunkrescue/mapfile';
import { RescueError } from './errors.ts';
import { Rescue } from './strategy/rescue.ts';
import type { StrategySettings } from './strategy/settings.ts';
import { joinSubsectors } from './subsectors.ts';

const NON_TRIED = progressOf('?');

/** What to rescue, besides how. */
export interface PlanInput {
  /** Bytes of the source, undefined when not known. */
  readonly sourceSize: number | undefined;
  /** The part of the source to work on. Default: all of it. */
  readonly domain?: Domain;
  /** Map of an earlier run. */
  readonly mapfile?: Mapfile | undefined;
  /** Work only inside the blocks of the map (`-C`), for a source that is a partial copy. Default false. */
  readonly isWithinMap?: boolean;
  /** Non-scraped and bad blocks that border on other statuses become non-trimmed first (`-M`). Default false. */
  readonly retrims?: boolean;
  /** Non-trimmed and non-scraped blocks become non-tried first (`-A`). Default false. */
  readonly triesAgain?: boolean;
}

/**
 * Makes a rescue ready to start. Its domain may be empty: then there is nothing to do.
 * @throws RescueError `beyond-end` when the domain starts behind the source's end,
 *   `map-mismatch` when the map cannot be this source's
 */
export function planRescue(input: PlanInput, settings: StrategySettings): Rescue {
  const { sourceSize, mapfile } = input;
  let domain = input.domain ?? Domain.whole();
  if (sourceSize !== undefined) {
    if (domain.start >= sourceSize) throw beyondEnd(domain.start, sourceSize);
    domain = domain.clip(0, sourceSize);
  }
  let map = mapfile?.map.clone() ?? RescueMap.ofOne(0, 0);
  map.release();
  if (input.isWithinMap) domain = domain.clip(map.start, map.end);
  else map = extend(map, sourceSize);
  const rescue = new Rescue(joinSubsectors(map, settings.sectorSize), statusLine(mapfile), {
    domain,
    isWithinMap: input.isWithinMap ?? false,
    settings,
  });
  if (settings.manner.leavesNothing) keepOwnResume(rescue);
  if (input.retrims) retrim(rescue.map);
  if (input.triesAgain) tryAgain(rescue.map);
  if (settings.manner.leavesNothing) rescue.map.mergeNeighbours();
  return rescue;
}

type StatusLine = Pick<Mapfile, 'position' | 'state' | 'pass'>;

function statusLine(mapfile: Mapfile | undefined): StatusLine {
  return mapfile ?? { position: 0, state: '?', pass: 1 };
}

/** Our manner goes on where a run stopped only when that was in this domain; GNU's goes on in any case. */
function keepOwnResume(rescue: Rescue): void {
  const { map, position } = rescue;
  const isHere = [position, position - 1].some((pos) => {
    const index = map.indexAt(pos);
    return index >= 0 && map.isInDomain(index);
  });
  if (!isHere) Object.assign(rescue, statusLine(undefined));
}

function beyondEnd(pos: number, size: number): RescueError {
  return new RescueError(
    'beyond-end',
    `Can't start reading at position ${pos}: the source ends at ${size}.`,
    { pos },
  );
}

/** The map over all of the source: non-tried in front of and behind what it knew. */
function extend(map: RescueMap, sourceSize: number | undefined): RescueMap {
  const size = sourceSize ?? OPEN_END;
  if (map.count === 0) return RescueMap.ofOne(0, size);
  const runs = new RunList(map.count + 2);
  if (map.start > 0) runs.add(0, NON_TRIED);
  for (let i = 0; i < map.count; i++) {
    const pos = map.posAt(i);
    const isLast = i === map.count - 1;
    const isFinished = map.statusAt(i) === '+';
    if (isLast && pos >= size) {
      if (pos === size && !isFinished) break;
      throw mismatch('The last block of the map begins past the end of the source', pos, size);
    }
    if (isLast && map.end > size && isFinished) {
      throw mismatch('The rescued data of the map goes past the end of the source', map.end, size);
    }
    runs.addMerged(pos, map.codeAt(i));
  }
  if (map.end < size) runs.addMerged(map.end, NON_TRIED);
  return runs.toMap(size);
}

function mismatch(what: string, pos: number, size: number): RescueError {
  return new RescueError('map-mismatch', `${what} (${pos}; the source has ${size} bytes).`, {
    pos,
    hint: 'Is this map from another disk?',
  });
}

/** `-M`: a bad or non-scraped block gets trimmed anew where a neighbour is non-tried or rescued, or missing. */
function retrim(map: RescueMap): void {
  for (let i = 0; i < map.count; i++) {
    const status = map.statusAt(i);
    if (!map.isInDomain(i) || (status !== '/' && status !== '-')) continue;
    const before = i === 0 ? '+' : map.statusAt(i - 1);
    const after = i === map.count - 1 ? '+' : map.statusAt(i + 1);
    if ([before, after].some((neighbour) => neighbour === '?' || neighbour === '+')) {
      map.relabel(i, '*');
    }
  }
}

/** `-A`: failed blocks that were not scraped are copied anew. */
function tryAgain(map: RescueMap): void {
  for (let i = 0; i < map.count; i++) {
    const status = map.statusAt(i);
    if (map.isInDomain(i) && (status === '/' || status === '*')) map.relabel(i, '?');
  }
}
