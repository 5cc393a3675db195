import type { Mapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { fileMapStore } from '../node/map-store.ts';
import type { Source } from '../ports.ts';
import { withBadAreas } from '../wrap/bad-areas.ts';

/** A source some of whose areas fail, as a map says (`-H`). @throws RescueError `map-read` or `map-corrupt` */
export function testSource(file: Source, path: string): Source {
  const testMap = fileMapStore(path).load() as Mapfile | undefined;
  if (testMap === undefined) {
    throw new RescueError('map-read', `There is no test map ${path}.`, { path });
  }
  return withBadAreas(file, testMap.map);
}
