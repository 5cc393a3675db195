/** What is done about a source that hangs, or goes away. */
import type { Mapfile } from '@chunkrescue/mapfile';
import { readManifest } from '../chunks/manifest.ts';
import { sealedMapStore } from '../chunks/sealed-map-store.ts';
import { type Binding, checkBinding } from '../chunks/source-binding.ts';
import type { Source } from '../ports.ts';
import type { RescueOptions } from '../rescue-options.ts';
import { ReadGivenUp } from '../run.ts';
import type { FileRescueJob } from './job.ts';
import { waitForSource } from './wait-for-source.ts';

type Signal = Pick<AbortSignal, 'aborted'>;

/** What is done about a source that goes away. A simulated one (`-H`) fails as it is told. */
export function careFor(
  source: Source,
  { map, waits, trustsErrors, testMap }: FileRescueJob,
  signal: Signal,
): Pick<RescueOptions, 'looksForLife' | 'comesBack'> {
  const binding = (): Omit<Binding, 'source'> => {
    // Saved by this run, and so of this source.
    const saved = sealedMapStore(map).load() as Mapfile | undefined;
    return { map, manifest: readManifest(saved?.heading ?? []) };
  };
  return {
    looksForLife: testMap === undefined && trustsErrors !== true,
    ...(waits && { comesBack: () => waitForSource(source, signal, binding) }),
  };
}

/** False when it was stopped while a read of it did not come back. @throws RescueError as `checkBinding` */
export function isOfThisSource(binding: Binding, signal: Signal): boolean {
  binding.source.watch?.(() => {
    if (signal.aborted) throw new ReadGivenUp();
  });
  try {
    checkBinding(binding);
    return true;
  } catch (error) {
    if (error instanceof ReadGivenUp) return false;
    throw error;
  }
}
