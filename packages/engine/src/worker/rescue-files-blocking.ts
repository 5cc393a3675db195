import { Domain, type Mapfile, OPEN_END } from '@chunkrescue/mapfile';
import { withChunkMap } from '../chunks/chunk-map-store.ts';
import { rescueBlocking } from '../drive.ts';
import { RescueError } from '../errors.ts';
import { progressAtRest, type RescueEvent } from '../events.ts';
import { blockingClock } from '../node/clock.ts';
import { existingSize } from '../node/existing-size.ts';
import { openFileSource } from '../node/file-source.ts';
import { openFileTarget } from '../node/file-target.ts';
import { fileMapStore } from '../node/map-store.ts';
import { planRescue } from '../plan.ts';
import type { MapStore, Source } from '../ports.ts';
import type { RescueOptions } from '../session.ts';
import { completeManner } from '../strategy/manner.ts';
import { resolveSettings } from '../strategy/settings.ts';
import { withBadAreas } from '../wrap/bad-areas.ts';
import type { FileRescueJob, FileRescueResult } from './job.ts';

/** Runs a rescue from file to file in this thread, without ever giving the thread away. */
export function rescueFilesBlocking(
  job: FileRescueJob,
  how: { signal: Pick<AbortSignal, 'aborted'>; onEvent: (event: RescueEvent) => void },
): FileRescueResult {
  const file = openFileSource(job.source, { direct: job.isDirect });
  try {
    const source = job.testMap === undefined ? file : testSource(file, job.testMap);
    const store = storeOf(job);
    const elsewhere = checkTarget(job, { source, store });
    if (elsewhere !== undefined) return elsewhere;
    const target = openFileTarget(job.target, { mode: 'any', force: job.isForced ?? false });
    try {
      const result = rescueBlocking({ ...optionsOf(job), ...how, source, target, store });
      return { end: result.end, progress: result.progress, isElsewhere: false };
    } finally {
      target.close();
    }
  } finally {
    file.close();
  }
}

function optionsOf(job: FileRescueJob): Omit<RescueOptions, 'source' | 'target'> {
  return {
    clock: blockingClock,
    settings: job.settings,
    retrims: job.retrims ?? false,
    triesAgain: job.triesAgain ?? false,
    ...(job.domain === undefined ? {} : { domain: Domain.of(job.domain) }),
    ...(job.targetSize === undefined ? {} : { targetSize: job.targetSize }),
    ...(job.commandLine === undefined ? {} : { commandLine: job.commandLine }),
    ...(job.comments === undefined ? {} : { comments: job.comments }),
  };
}

/**
 * What the map claims must be in the target: a claim without its bytes would end as zeros in an image.
 * Returns a result when there is nothing left to do and the target was carried away.
 */
function checkTarget(
  job: FileRescueJob,
  { source, store }: { source: Source; store: MapStore },
): FileRescueResult | undefined {
  const size = existingSize(job.target);
  const mapfile = store.load() as Mapfile | undefined;
  if (mapfile === undefined) {
    if ((size ?? 0) === 0 || job.isForced) return undefined;
    throw new RescueError(
      'target-exists',
      `${job.target} exists, but there is no map ${job.map} that knows what is in it.`,
      {
        path: job.target,
        hint: 'If you want to go on with an earlier rescue, give its map. Otherwise choose another name.',
      },
    );
  }
  const domain = job.domain === undefined ? Domain.whole() : Domain.of(job.domain);
  const claimed = Domain.fromMap(mapfile.map).intersect(domain);
  if (claimed.isEmpty || (size ?? 0) >= claimed.end) return undefined;
  const settings = resolveSettings(job.settings, source, completeManner);
  const plan = planRescue({ sourceSize: source.size, domain, mapfile }, settings);
  const progress = progressAtRest(plan.map);
  const retries = (job.settings.retryPasses ?? 0) > 0 ? progress.bad : 0;
  const isLeft = progress.nonTried + progress.nonTrimmed + progress.nonScraped + retries > 0;
  if (size === undefined && !isLeft && job.chunkMap !== undefined) {
    return { end: 'finished', progress, isElsewhere: true };
  }
  const what = size === undefined ? 'is not there' : `has only ${size} bytes`;
  throw new RescueError(
    'target-missing',
    `${job.map} says that ${claimed.size} bytes were read up to position ${claimed.end}, but ${job.target} ${what}.`,
    {
      path: job.target,
      hint: 'Put it back (with its map) to go on, or read that part again with --reread.',
    },
  );
}

function testSource(file: Source, path: string): Source {
  const testMap = fileMapStore(path).load() as Mapfile | undefined;
  if (testMap === undefined) {
    throw new RescueError('map-read', `There is no test map ${path}.`, { path });
  }
  return withBadAreas(file, testMap.map);
}

function storeOf(job: FileRescueJob): MapStore {
  const common = fileMapStore(job.map);
  const store: MapStore = job.isReread ? forgetting(common, job) : common;
  if (job.chunkMap === undefined) return store;
  return withChunkMap(store, {
    ...job.chunkMap,
    ranges: job.domain ?? [{ pos: 0, size: OPEN_END }],
    store: fileMapStore(job.chunkMap.path, { keepsBackup: false }),
  });
}

/** A store whose map has never tried the job's domain. */
function forgetting(store: MapStore, job: FileRescueJob): MapStore {
  return {
    name: store.name,
    save: (mapfile) => store.save(mapfile),
    load() {
      const mapfile = store.load() as Mapfile | undefined;
      if (mapfile === undefined) return undefined;
      const { map } = mapfile;
      for (const { pos, size } of job.domain ?? [{ pos: map.start, size: map.end - map.start }]) {
        const from = Math.max(pos, map.start);
        const to = Math.min(pos + size, map.end);
        if (from < to) map.set(from, to, '?');
      }
      return mapfile;
    },
  };
}
