/** What is done about a source that hangs, or goes away. */
import { type Mapfile, RescueMap } from '@chunkrescue/mapfile';
import { readManifest } from '../chunks/manifest.ts';
import { sealedMapStore } from '../chunks/sealed-map-store.ts';
import { RescueError } from '../errors.ts';
import { progressAtRest } from '../events.ts';
import { refuseLost } from '../fatal-errors.ts';
import type { OpenSource } from '../node/auto-direct-source.ts';
import { existingSize } from '../node/existing-size.ts';
import type { Source } from '../ports.ts';
import type { RescueOptions } from '../rescue-options.ts';
import type { FileRescueEvent, FileRescueJob } from './job.ts';
import { retried, waitForSource } from './wait-for-source.ts';

type Signal = Pick<AbortSignal, 'aborted'>;

/** What is done about a source that goes away. A simulated one (`-H`) fails as it is told. */
export function careFor(
  source: Source,
  { map, waits, trustsErrors, testMap }: FileRescueJob,
  how: { readonly signal: Signal; readonly onEvent: (event: FileRescueEvent) => void },
): Pick<RescueOptions, 'looksForLife' | 'comesBack'> {
  const comesBack = (): boolean => {
    // Saved by this run a moment ago, and so of this source. It may be gone before the source is back.
    const saved = sealedMapStore(map).load() as Mapfile | undefined;
    const manifest = readManifest(saved?.heading ?? []);
    const onOther = (message: string): void =>
      how.onEvent({ type: 'lost', message, progress: progressAtRest(RescueMap.ofOne(0, 0)) });
    return waitForSource(source, { signal: how.signal, map, manifest, onOther });
  };
  return {
    looksForLife: testMap === undefined && trustsErrors !== true,
    ...(waits && { comesBack }),
  };
}

/**
 * Opens a source that may have gone away since the rescue was begun, between two chunks; undefined when the run is to
 * stop. @throws RescueError `source-lost` where it is not waited for, and what `open` throws otherwise
 */
export function openedSource(
  { source, map, waits }: FileRescueJob,
  how: { readonly signal: Signal; readonly onEvent: (event: FileRescueEvent) => void },
  open: () => OpenSource,
): OpenSource | undefined {
  try {
    return open();
  } catch (error) {
    const isBegun = existingSize(map) !== undefined;
    if (!(error instanceof RescueError) || error.code !== 'source-open' || !isBegun) throw error;
    const lost = lossOf(source, error);
    if (lost === undefined) throw error;
    if (!waits) throw lost;
    const progress = progressAtRest(RescueMap.ofOne(0, 0));
    how.onEvent({ type: 'lost', message: lost.message, progress });
    const file = retried(how.signal, open);
    if (file !== undefined) how.onEvent({ type: 'back', progress });
    return file;
  }
}

function lossOf(source: string, { errno = '' }: RescueError): RescueError | undefined {
  try {
    refuseLost(source, { errno });
    return undefined;
  } catch (error) {
    return error as RescueError;
  }
}
