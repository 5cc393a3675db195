import { RescueError } from '../errors.ts';
import { type FileMapStore, fileMapStore, type MapStoreOptions } from '../node/map-store.ts';
import { sealedParts, sealState } from './seal.ts';

/**
 * A map in a file that carries a checksum of itself. A map without one (ddrescue's) is taken as it is.
 * @throws RescueError from `load`, `map-corrupt` when the checksum does not fit
 */
export function sealedMapStore(
  path: string,
  options: Pick<MapStoreOptions, 'keepsBackup' | 'keepsSpare' | 'followsLinks'> = {},
): FileMapStore {
  return fileMapStore(path, {
    ...options,
    parts: sealedParts,
    check: refuseBrokenSeal,
  });
}

/** @throws RescueError `map-corrupt` */
function refuseBrokenSeal(text: string, path: string): void {
  if (sealState(text) !== 'broken') return;
  throw new RescueError(
    'map-corrupt',
    `${path} is damaged: its checksum does not fit. A bit changed on the way, or somebody edited it.`,
    {
      path,
      hint: `Copy it again from where it came, or copy ${path}.bak over it if there is one. If it was edited on purpose, remove its line "# Map checksum".`,
    },
  );
}
