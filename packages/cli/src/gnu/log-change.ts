/** The operations that write a changed mapfile to standard output: types, logic, shift. */
import { Domain } from '@chunkrescue/mapfile';
import { GnuError } from './io.ts';
import { changeStatuses, hasEmptyBlocks, type LogMap, mergedEmptyBlocks } from './log-map.ts';
import type { StatusChange } from './log-options.ts';
import { RunList } from './log-runs.ts';
import { type Output, runsOf } from './log-write.ts';

/** Finished becomes bad, all else finished. */
export const INVERSION: StatusChange = { '?': '+', '*': '+', '/': '+', '-': '+', '+': '-' };

/** What becomes of a block that the other map has finished, or for "and" has not. */
const LOGIC: Readonly<Record<Logic, StatusChange>> = {
  'xor-mapfile': INVERSION,
  'and-mapfile': { '+': '-' },
  'or-mapfile': { '?': '+', '*': '+', '/': '+', '-': '+' },
};

export type Logic = 'xor-mapfile' | 'and-mapfile' | 'or-mapfile';

/** The map after a change of types inside the domain. */
export function withTypes(log: LogMap, domain: Domain, change: StatusChange): Output {
  return outputOf(changeStatuses(log, domain, (status) => change[status]));
}

/** The map after logic with the finished blocks of another, in the part of the domain that both maps have. */
export function withLogic(log: LogMap, other: LogMap, how: { logic: Logic; both: Domain }): Output {
  const { logic, both } = how;
  if (hasEmptyBlocks(both) && mergedEmptyBlocks(log) !== mergedEmptyBlocks(other)) {
    throw new GnuError('internal error: blocks got out of sync.', { status: 3 });
  }
  const finished = Domain.fromMap(other.mapfile.map);
  const where = logic === 'and-mapfile' ? both.subtract(finished) : both.intersect(finished);
  const { mapfile } = changeStatuses(log, where, (status) => LOGIC[logic][status]);
  // Empty blocks are the same in both maps.
  const isXor = logic === 'xor-mapfile' && hasEmptyBlocks(both);
  const emptyBlocks = log.emptyBlocks.map((status) => (isXor && status === '+' ? '-' : status));
  return outputOf({ ...log, mapfile, emptyBlocks });
}

/** The map with all its positions moved; what lies behind the domain goes, and so does what would be below 0. */
export function withShift(log: LogMap, domain: Domain, offset: number): Output {
  const { mapfile, emptyBlocks } = log;
  const { map } = mapfile;
  map.truncate(domain.end);
  if (offset === 0) return outputOf(log);
  const runs = new RunList();
  if (offset > 0 && !['', '?'].includes(emptyBlocks.join(''))) return onlyGap(log, offset);
  // As in GNU's, the gap is as long as the shift, and lies at 0, even if the map begins behind 0.
  const isApart = offset > 0 && map.start > 0 && map.statusAt(0) !== '?';
  if (offset > 0 && !isApart) runs.add(map.start - offset, '?');
  const first = Math.max(0, -offset);
  for (let i = 0; i < map.count; i++) {
    if (map.endAt(i) > first) runs.add(Math.max(first, map.posAt(i)), map.statusAt(i));
  }
  runs.close(map.end);
  return { status: mapfile, runs, offset, ...(isApart ? { gapSize: offset } : {}) };
}

/** As GNU's, a map is lost in a shift when it begins with a block of no bytes that does not join the gap. */
function onlyGap({ mapfile }: LogMap, offset: number): Output {
  const runs = new RunList();
  runs.add(0, '?');
  runs.close(offset);
  return { status: mapfile, runs };
}

function outputOf(log: LogMap): Output {
  return { status: log.mapfile, runs: runsOf(log) };
}
