import { Domain, type Mapfile } from '@chunkrescue/mapfile';
import { type ChunkState, claimsOf } from '../chunks/chunk-state.ts';
import { type Manifest, readManifest } from '../chunks/manifest.ts';
import type { PieceDigests } from '../chunks/piece-digests.ts';
import { sealedMapStore } from '../chunks/sealed-map-store.ts';
import { checkBinding } from '../chunks/source-binding.ts';
import { missingFile } from '../chunks/target-errors.ts';
import { rescueBlocking } from '../drive.ts';
import { domainTotals, pendingBytes, progressAtRest } from '../events.ts';
import { openSource } from '../node/auto-direct-source.ts';
import { blockingClock } from '../node/clock.ts';
import { existingSize } from '../node/existing-size.ts';
import { openFileTarget } from '../node/file-target.ts';
import { syncFolderOf } from '../node/paths.ts';
import { planRescue } from '../plan.ts';
import type { MapStore, Source, Target } from '../ports.ts';
import type { RescueOptions } from '../rescue-options.ts';
import { completeManner } from '../strategy/manner.ts';
import type { Rescue } from '../strategy/rescue.ts';
import { resolveSettings } from '../strategy/settings.ts';
import { unlessStopped } from '../unless-stopped.ts';
import { type LazyTarget, lazyTarget } from '../wrap/lazy-target.ts';
import { BesideThread } from './beside-thread.ts';
import { refuseOtherContent } from './check-image.ts';
import { checkTarget, hasBlocks } from './check-target.ts';
import { recordedFiles, withOwn } from './chunk-files.ts';
import { type Emergency, withEmergency } from './emergency-store.ts';
import { finishChunk, NOT_FINISHED } from './finish-chunk.ts';
import type {
  FileRescueEvent,
  FileRescueJob,
  FileRescueResult,
  MapTrouble,
  TroubleAnswer,
} from './job.ts';
import { readerThread } from './reader-thread.ts';
import { careFor, openedSource } from './source-care.ts';
import { testSource } from './test-source.ts';

interface How {
  readonly signal: Pick<AbortSignal, 'aborted'>;
  readonly onEvent: (event: FileRescueEvent) => void;
  /** Default: `elsewhere` where the job names folders, else the error ends the run. */
  readonly onTrouble?: (trouble: MapTrouble) => TroubleAnswer;
}

/** Runs a rescue from file to file in this thread, without ever giving the thread away. */
export function rescueFilesBlocking(job: FileRescueJob, how: How): FileRescueResult {
  const file = openedSource(job, how, () =>
    openSource(job.source, {
      direct: job.direct,
      onFallback: () => how.onEvent({ type: 'fallback', source: job.source }),
      patient: readerThread,
    }),
  );
  if (file === undefined) return stoppedBefore(job);
  try {
    const source = job.testMap === undefined ? file : testSource(file, job.testMap);
    return rescueFrom(source, job, how);
  } finally {
    file.close();
  }
}

function rescueFrom(source: Source, asked: FileRescueJob, how: How): FileRescueResult {
  const job = { ...asked, manifest: { ...factsOf(source), ...asked.manifest } };
  const emergency = emergencyOf(job, how);
  const store = withEmergency(sealedMapStore(job.map, { keepsSpare: true }), emergency);
  const found = store.load() as Mapfile | undefined;
  const manifest = readManifest(found?.heading ?? []);
  if (!job.isAdopted) {
    const isForChunks = job.chunk !== undefined;
    const binding = { map: job.map, manifest, source, end: found?.map.end, isForChunks };
    const isChecked = unlessStopped(source, how.signal, () => checkBinding(binding));
    if (!isChecked) return stopped(job, source, found);
  }
  const domain = domainOf(job);
  const state = checkTarget(job, found, how.signal);
  if (job.chunk === undefined && isNamelessMap(job, manifest)) {
    const claimed = claimsOf(found?.map).intersect(domain);
    const look = (): void => refuseOtherContent(source, job, claimed);
    const isChecked = claimed.isEmpty || unlessStopped(source, how.signal, look);
    if (!isChecked) return stopped(job, source, found);
  }
  const known = withOwn(job.isReread ? forgetting(found, domain) : found, state, domain);
  const idle = nothingToDo(job, { source, store, known, state });
  if (idle !== undefined) {
    // What a killed run kept room with.
    store.close();
    if (job.chunk !== undefined) sealedMapStore(job.chunk.map, { keepsSpare: true }).close();
    return idle;
  }
  const beside = new BesideThread(longestRead(job, source));
  try {
    return rescueInto({ job, source, store, found, known, state, domain, beside, how });
  } finally {
    beside.close();
    store.close();
  }
}

/** Nothing tells which disk a map is of, and nobody insists on one. */
function isNamelessMap(
  { isAdopted, isReread, trustsTarget }: FileRescueJob,
  { identity, samples = [] }: Manifest,
): boolean {
  const isInsisted = isAdopted || isReread || trustsTarget;
  return !isInsisted && identity === undefined && samples.length === 0;
}

/** Stopped before anything was read. */
function stopped(
  job: FileRescueJob,
  source: Pick<Source, 'size'>,
  found: Mapfile | undefined,
): FileRescueResult {
  const { map } = planOf(job, { sectorSize: 512, ...source }, found);
  const progress = progressAtRest(map);
  return {
    end: 'aborted',
    progress,
    isElsewhere: false,
    wasDone: false,
    gained: 0,
    ...NOT_FINISHED,
  };
}

/** Stopped before the source was there. */
function stoppedBefore(job: FileRescueJob): FileRescueResult {
  const found = sealedMapStore(job.map).load() as Mapfile | undefined;
  const size = readManifest(found?.heading ?? []).sourceSize ?? found?.map.end;
  return stopped(job, { size }, found);
}

function domainOf({ domain }: FileRescueJob): Domain {
  return domain === undefined ? Domain.whole() : Domain.of(domain);
}

function planOf(
  job: FileRescueJob,
  source: Pick<Source, 'size' | 'sectorSize'>,
  mapfile: Mapfile | undefined,
): Rescue {
  const domain = domainOf(job);
  const settings = resolveSettings(job.settings, source, completeManner);
  return planRescue({ ...job, sourceSize: source.size, domain, mapfile }, settings);
}

interface Prepared {
  readonly job: FileRescueJob;
  readonly source: Source;
  readonly store: MapStore;
  /** The common map as it is in its file. */
  readonly found: Mapfile | undefined;
  /** The same with what the chunk's own map knows. */
  readonly known: Mapfile | undefined;
  readonly state: ChunkState;
  readonly domain: Domain;
  readonly beside: BesideThread;
  readonly how: How;
}

function rescueInto(prepared: Prepared): FileRescueResult {
  const { job, source, store, found, known, state, domain, beside, how } = prepared;
  const open = (): Target =>
    openFileTarget(job.target, {
      mode: 'any',
      force: job.isForced ?? false,
      // Of an old file that no map knew nothing is kept.
      truncate: !hasBlocks(found) && (job.isForced ?? false),
      forceInUse: job.allowsMounted ?? false,
      links: job.chunk === undefined ? 'followed' : 'refused',
      behind: beside,
    });
  const target = job.chunk?.isLazy ? lazyTarget(job.target, open) : open();
  const isOpen = (): boolean => !('isOpen' in target) || (target as LazyTarget).isOpen;
  const before = {
    emergency: emergencyOf(job, how),
    known: found,
    state,
    isOpen,
    beside: (digests: PieceDigests) => beside.digestsInto(digests),
  };
  let result: ReturnType<typeof rescueBlocking>;
  const files = recordedFiles(job, loadedAs(store, known), before);
  try {
    const ports = { source, target: files.target(target), store: files.store };
    const care = careFor(source, job, how);
    result = rescueBlocking({ ...optionsOf(job), ...care, ...how, ...ports, memory: beside });
  } finally {
    files.close();
    target.close?.();
  }
  const { end } = result;
  const finished = end === 'finished' && isOpen() ? finishChunk(job, store) : NOT_FINISHED;
  const { taken, ...outcome } = finished;
  const totals = taken && domainTotals(planOf(job, source, taken).map);
  const progress = { ...result.progress, ...totals };
  const gained = progress.rescued - claimsOf(known?.map).intersect(domain).size;
  return { end, progress, isElsewhere: false, wasDone: false, gained, ...outcome };
}

/** What is done about maps that cannot be saved; undefined when nobody said anything. */
function emergencyOf(
  { emergencyFolders }: FileRescueJob,
  { onTrouble, onEvent }: How,
): Emergency | undefined {
  if (onTrouble === undefined && emergencyFolders === undefined) return undefined;
  const folders = emergencyFolders ?? [];
  return { folders, onEvent, onTrouble: onTrouble ?? (() => 'elsewhere') };
}

/** What a map says of its source when nobody says more. */
function factsOf({ size, identity = {} }: Source): Manifest {
  return {
    ...(size !== undefined && { sourceSize: size }),
    ...(Object.keys(identity).length > 0 && { identity }),
  };
}

/** No read is longer than the domain, and a cluster may be a gigabyte. */
function longestRead(job: FileRescueJob, source: Source): number {
  const { clusterSize } = resolveSettings(job.settings, source, completeManner);
  const domain = Domain.of(job.domain ?? []);
  const size = domain.isEmpty ? (source.size ?? clusterSize) : domain.end - domain.start;
  return Math.max(1, Math.min(clusterSize, size));
}

function optionsOf(job: FileRescueJob): Omit<RescueOptions, 'source' | 'target'> {
  const { saveIntervalMs } = job;
  return {
    clock: blockingClock,
    settings: job.settings,
    retrims: job.retrims ?? false,
    triesAgain: job.triesAgain ?? false,
    ...(job.domain === undefined ? {} : { domain: Domain.of(job.domain) }),
    ...(job.targetSize === undefined ? {} : { targetSize: job.targetSize }),
    ...(saveIntervalMs === undefined ? {} : { saveIntervalMs: () => saveIntervalMs }),
    ...(job.commandLine === undefined ? {} : { commandLine: job.commandLine }),
  };
}

interface Known {
  readonly source: Source;
  readonly store: MapStore;
  readonly known: Mapfile | undefined;
  readonly state: ChunkState;
}

/** Returns a result when the options leave nothing to do. */
function nothingToDo(
  job: FileRescueJob,
  { source, store, known, state }: Known,
): FileRescueResult | undefined {
  const { kind } = state;
  if (kind === 'ready' && state.elsewhere.isEmpty) return undefined;
  const plan = planOf(job, source, known);
  const progress = progressAtRest(plan.map);
  const isElsewhere = kind !== 'complete';
  if (pendingBytes(progress, plan.settings) === 0) {
    // Who saved the last maps may have been killed before their names were durable.
    for (const map of [job.map, job.chunk?.map]) {
      if (map !== undefined && existingSize(map) !== undefined) syncFolderOf(map);
    }
    const isPacking = !isElsewhere && job.chunk?.packed !== undefined;
    const { taken: _, ...outcome } = isPacking ? finishChunk(job, store) : NOT_FINISHED;
    return { end: 'finished', progress, isElsewhere, wasDone: true, gained: 0, ...outcome };
  }
  if (kind === 'away') {
    const names = { ...job, ...(job.chunk && { ownMap: job.chunk.map }) };
    throw missingFile(names, claimsOf(known?.map).intersect(domainOf(job)));
  }
  return undefined;
}

/** The map as if the domain had never been tried. */
function forgetting(mapfile: Mapfile | undefined, domain: Domain): Mapfile | undefined {
  if (mapfile === undefined) return undefined;
  const map = mapfile.map.clone();
  map.fill(domain, '?');
  return { ...mapfile, map };
}

/** A store whose map was loaded before, and changed since. */
function loadedAs(store: MapStore, mapfile: Mapfile | undefined): MapStore {
  return { name: store.name, load: () => mapfile, save: (each) => store.save(each) };
}
