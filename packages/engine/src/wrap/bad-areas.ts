import type { RescueMap } from '@chunkrescue/mapfile';
import type { Source } from '../ports.ts';
import { delegate } from './delegate.ts';

/**
 * A source that fails where a map says so: ddrescue's test mode (`-H`). A read that is not wholly inside one
 * finished area fails as a whole. The source ends where the map's last finished block ends.
 */
export function withBadAreas(source: Source, testMap: RescueMap): Source {
  let end = 0;
  const areas = testMap.clone();
  areas.release();
  for (let i = 0; i < areas.count; i++) if (areas.statusAt(i) === '+') end = areas.endAt(i);
  const size = source.size === undefined || source.size > end ? end : source.size;
  return {
    ...delegate(source),
    size,
    read(pos, into) {
      const index = areas.indexAt(pos);
      const isGood =
        index >= 0 && areas.statusAt(index) === '+' && pos + into.length <= areas.endAt(index);
      if (isGood) return source.read(pos, into);
      return pos >= size ? { copied: 0, errno: undefined } : { copied: 0, errno: 'EIO' };
    },
  };
}
