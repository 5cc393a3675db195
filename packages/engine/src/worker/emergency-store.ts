/** A store that asks what to do when its map cannot be saved. */
import type { Mapfile } from '@chunkrescue/mapfile';
import { sealedParts } from '../chunks/seal.ts';
import { RescueError } from '../errors.ts';
import { renewMapElsewhere, saveMapElsewhere } from '../node/emergency-map.ts';
import type { FileMapStore } from '../node/map-store.ts';
import { wholePath } from '../node/paths.ts';
import { shellQuoted } from '../node/shell-word.ts';
import type { FileRescueEvent, MapTrouble, TroubleAnswer } from './job.ts';

export interface Emergency {
  /** Folders to try before the usual ones. */
  readonly folders: readonly string[];
  /** Waits for an answer. */
  readonly onTrouble: (trouble: MapTrouble) => TroubleAnswer;
  readonly onEvent: (event: FileRescueEvent) => void;
}

/**
 * Saving again is asked for as often as the user wants. Once the map was saved elsewhere, or was given up, nothing is
 * asked any more: the run is ending, and only the copy is renewed.
 */
export function withEmergency(store: FileMapStore, emergency: Emergency | undefined): FileMapStore {
  if (emergency === undefined) return store;
  const { folders, onTrouble, onEvent } = emergency;
  // Now: a stick that is pulled may take the current folder with it.
  const map = wholePath(store.name);
  let elsewhere: string | undefined;
  let isGivenUp = false;
  const save = (mapfile: Mapfile): void => {
    for (;;) {
      try {
        store.save(mapfile);
        // What was told to be copied back must not be older than what it replaces.
        if (elsewhere !== undefined) renewMapElsewhere(elsewhere, mapfile, { parts: sealedParts });
        return;
      } catch (error) {
        if (!(error instanceof RescueError)) throw error;
        if (elsewhere !== undefined) {
          renewMapElsewhere(elsewhere, mapfile, { parts: sealedParts });
          throw savedElsewhere(error, map, elsewhere);
        }
        if (isGivenUp) throw error;
        const { message, hint } = error;
        const answer = onTrouble({ path: store.name, message, ...(hint && { hint }) });
        if (answer === 'again') continue;
        isGivenUp = true;
        const saved =
          answer === 'quit'
            ? undefined
            : saveMapElsewhere(mapfile, { map: store.name, folders, parts: sealedParts });
        if (saved === undefined) throw error;
        elsewhere = saved.path;
        // Told at once: where another error ends the run, that one is told in the end.
        onEvent({
          type: 'map-elsewhere',
          map,
          saved: saved.path,
          isVolatile: saved.isVolatile,
        });
        throw savedElsewhere(error, map, saved.path);
      }
    }
  };
  return { ...store, save };
}

function savedElsewhere(error: RescueError, map: string, saved: string): RescueError {
  return new RescueError('map-write', error.message, {
    path: map,
    cause: error,
    hint: `Mend that (mount the stick again, if it is gone), copy the map back (cp ${shellQuoted(saved)} ${shellQuoted(map)}), then run the same command again.`,
  });
}
