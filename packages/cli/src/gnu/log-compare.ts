/** `-p` and `-P`: whether two maps say the same of the domain. */
import { Domain } from '@chunkrescue/mapfile';
import { extentOf, hasEmptyBlocks, type LogMap, mergedEmptyBlocks } from './log-map.ts';

/** Whether both maps have the same part of the domain, and the same status everywhere in it. */
export function isSameMap(asked: Domain, a: LogMap, b: LogMap): boolean {
  const domain = asked.intersect(extentOf(a));
  if (!isSame(domain, asked.intersect(extentOf(b)))) return false;
  const left = a.mapfile.map;
  const right = b.mapfile.map;
  for (const { pos, size } of domain.ranges()) {
    const end = pos + size;
    let i = left.indexAt(pos);
    let j = right.indexAt(pos);
    for (let at = pos; at < end; ) {
      if (left.codeAt(i) !== right.codeAt(j)) return false;
      at = Math.min(left.endAt(i), right.endAt(j));
      if (left.endAt(i) === at) i++;
      if (right.endAt(j) === at) j++;
    }
  }
  return true;
}

/** Whether the same bytes of the domain are finished in both. */
export function isSameDomain(asked: Domain, a: LogMap, b: LogMap): boolean {
  const [left, right] = [a, b].map(({ mapfile: { map } }) =>
    Domain.fromMap(map).intersect(asked),
  ) as [Domain, Domain];
  const [leftEmpty, rightEmpty] = [a, b].map((log) => mergedEmptyBlocks(log).includes('+'));
  return isSame(left, right) && (!hasEmptyBlocks(asked) || leftEmpty === rightEmpty);
}

function isSame(a: Domain, b: Domain): boolean {
  return a.subtract(b).isEmpty && b.subtract(a).isEmpty;
}
