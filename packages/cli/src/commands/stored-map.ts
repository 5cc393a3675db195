/** Maps as they are stored, for commands that need no more of the engine. */
import {
  fileMapStore,
  type Manifest,
  RescueError,
  readManifest,
  sealedMapStore,
} from '@chunkrescue/engine';
import type { Mapfile } from '@chunkrescue/mapfile';

/** @throws RescueError `map-corrupt` or `map-read` */
export function loadMap(path: string): Mapfile | undefined {
  return fileMapStore(path).load() as Mapfile | undefined;
}

/** What a map says of its rescue; nothing where there is none, or it cannot be read. */
export function manifestAt(path: string): Manifest {
  try {
    return readManifest(loadMap(path)?.heading ?? []);
  } catch (error) {
    if (error instanceof RescueError) return {};
    throw error;
  }
}

/** Whether a file is a map of something. */
export function isMap(path: string): boolean {
  try {
    return (loadMap(path)?.map.count ?? 0) > 0;
  } catch (error) {
    if (error instanceof RescueError) return false;
    throw error;
  }
}

/** The same for a map that carries a checksum. @throws RescueError `map-corrupt` or `map-read` */
export function loadSealed(path: string): Mapfile | undefined {
  return sealedMapStore(path).load() as Mapfile | undefined;
}
