import type { RescueMap } from '@chunkrescue/mapfile';
import type { Source } from '../ports.ts';
import { delegate } from './delegate.ts';

/**
 * A source that fails where a map says so: ddrescue's test mode (`-H`). A read that is not wholly inside one
 * finished area fails as a whole. The source ends where the map's last finished block ends; a map without one
 * says nothing of the end, which is not known then.
 */
export function withBadAreas(source: Source, testMap: RescueMap): Source {
  let end = 0;
  const areas = testMap.clone();
  areas.release();
  for (let i = 0; i < areas.count; i++) if (areas.statusAt(i) === '+') end = areas.endAt(i);
  const isAnyGood = end > 0;
  const size = source.size === undefined || source.size > end ? end : source.size;
  const read: Source['read'] = (pos, into) => {
    const index = areas.indexAt(pos);
    const isGood =
      index >= 0 && areas.statusAt(index) === '+' && pos + into.length <= areas.endAt(index);
    if (isGood) return source.read(pos, into);
    const isBehind = isAnyGood && pos >= size;
    return { copied: 0, errno: isBehind ? undefined : 'EIO' };
  };
  return { ...delegate(source), size: isAnyGood ? size : undefined, read, probe: read };
}
