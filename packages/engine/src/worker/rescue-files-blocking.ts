import { Domain, type Mapfile, OPEN_END } from '@chunkrescue/mapfile';
import { withChunkMap } from '../chunks/chunk-map-store.ts';
import { rescueBlocking } from '../drive.ts';
import { RescueError } from '../errors.ts';
import { pendingBytes, progressAtRest, type RescueEvent } from '../events.ts';
import { blockingClock } from '../node/clock.ts';
import { openFileSource } from '../node/file-source.ts';
import { openFileTarget } from '../node/file-target.ts';
import { fileMapStore } from '../node/map-store.ts';
import { planRescue } from '../plan.ts';
import type { MapStore, Source } from '../ports.ts';
import type { RescueOptions } from '../session.ts';
import { completeManner } from '../strategy/manner.ts';
import { resolveSettings } from '../strategy/settings.ts';
import { withBadAreas } from '../wrap/bad-areas.ts';
import { checkTarget, missingTarget } from './check-target.ts';
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
    const idle = nothingToDo(job, { source, store });
    if (idle !== undefined) return idle;
    const target = openFileTarget(job.target, { mode: 'any', force: job.isForced ?? false });
    try {
      const result = rescueBlocking({ ...optionsOf(job), ...how, source, target, store });
      return {
        end: result.end,
        progress: result.progress,
        isElsewhere: false,
        wasDone: false,
      };
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

/** Checks the target; returns a result when the options leave nothing to do. */
function nothingToDo(
  job: FileRescueJob,
  { source, store }: { source: Source; store: MapStore },
): FileRescueResult | undefined {
  const mapfile = store.load() as Mapfile | undefined;
  const target = checkTarget(job, { mapfile, sourceSize: source.size });
  if (target === 'ready') return undefined;
  const domain = job.domain === undefined ? Domain.whole() : Domain.of(job.domain);
  const settings = resolveSettings(job.settings, source, completeManner);
  const plan = planRescue({ ...job, sourceSize: source.size, domain, mapfile }, settings);
  const progress = progressAtRest(plan.map);
  const isDone = pendingBytes(progress, settings) === 0;
  const isElsewhere = target === 'away';
  if (isDone && job.chunkMap !== undefined) {
    return { end: 'finished', progress, isElsewhere, wasDone: true };
  }
  if (isElsewhere && mapfile !== undefined) throw missingTarget(job, mapfile.map);
  return undefined;
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
