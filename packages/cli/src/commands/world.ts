/** What the commands look at before anything is read. */
import {
  openFileSource,
  RescueError,
  RescueWorker,
  type SourceIdentity,
  withBadAreas,
} from '@chunkrescue/engine';
import type { EngineArguments } from '../options/shared.ts';
import { loadMap } from './stored-map.ts';

/** A source of known size. Bytes. */
export interface SourceFacts {
  readonly size: number;
  readonly sectorSize: number;
  readonly physicalSectorSize: number;
  readonly identity: SourceIdentity;
}

/** Opens the source, asks for its size and sectors, and closes it. */
export function inspectSource(
  path: string,
  args: Pick<EngineArguments, 'direct' | 'test-mode'>,
): SourceFacts {
  const file = openFileSource(path, { direct: args.direct === 'always' });
  try {
    const testMap = args['test-mode'] === undefined ? undefined : loadMap(args['test-mode']);
    const { size, sectorSize, physicalSectorSize } =
      testMap === undefined ? file : withBadAreas(file, testMap.map);
    if (size === undefined || size === 0) {
      throw new RescueError('source-open', `The size of ${path} is not known; it may be empty.`, {
        path,
        hint: 'Give a disk, a partition or an image file.',
      });
    }
    const { identity } = file;
    return { size, sectorSize, physicalSectorSize: physicalSectorSize ?? sectorSize, identity };
  } finally {
    file.close();
  }
}

/**
 * Does some work in a worker, while other runs are kept off a map.
 * @throws RescueError `locked` naming the process that has it
 */
export async function withLockedMap<T>(
  map: string,
  work: (worker: RescueWorker) => Promise<T>,
): Promise<T> {
  const worker = new RescueWorker();
  try {
    await worker.lock(map);
    return await work(worker);
  } finally {
    await worker.close();
  }
}
