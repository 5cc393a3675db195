/** Whole rescues and merges on a small disk, for the loops of faults. */
import { join } from 'node:path';
import {
  BesideThread,
  type FileRescueJob,
  lockFile,
  mergeChunks,
  rescueFilesBlocking,
} from '@chunkrescue/engine';
import type { Plan } from './fault-files.ts';
import type { Places, Scenario } from './scenario.ts';
import {
  chunkCount,
  chunksTruth,
  imageTruth,
  rangeOf,
  SECTOR,
  type World,
  writeFaults,
} from './world.ts';

const JOB = '1111111111111111';

export function scenarios(world: World): Scenario[] {
  return [
    copying(world),
    { ...copying(world), name: 'copy, no links', refuses: noLinks },
    resuming(world),
    retrying(world),
    reading(world),
    packing(world),
    merging(world, { isBeside: false }),
    merging(world, { isBeside: true }),
  ];
}

/** FAT, as on a stick. */
const noLinks: Plan = ({ name }) =>
  name === 'linkSync' ? { kind: 'fail', errno: 'EPERM' } : undefined;

/** `rescue copy`: image and map on two disks. */
function copying(world: World): Scenario {
  const truth = imageTruth(world, 'pc/copy.map', 'image/copy.raw');
  return {
    name: 'copy',
    folders: ['image', 'pc'],
    truth,
    prepare: (places) => writeFaults(world, places),
    run: (places, saved) => rescue(places, saved, copyJob(world, places)),
  };
}

/** The same, from the map of a run that was interrupted. */
function resuming(world: World): Scenario {
  return {
    ...copying(world),
    name: 'resume',
    prepare: (places) => {
      writeFaults(world, places);
      rescue(places, () => {}, copyJob(world, places), 3);
    },
  };
}

/** Some bad sectors give way. */
function retrying(world: World): Scenario {
  return {
    ...copying(world),
    name: 'retry',
    prepare: (places) => {
      writeFaults(world, places);
      rescue(places, () => {}, copyJob(world, places));
      writeFaults({ ...world, bad: world.bad.slice(1) }, places);
    },
    run: (places, saved) => {
      const job = copyJob(world, places);
      rescue(places, saved, { ...job, settings: { ...job.settings, retryPasses: 1 } });
    },
  };
}

/** `rescue read`: all chunks, and the map of the whole on the PC. */
function reading(world: World): Scenario {
  return {
    name: `read, ${world.layout}`,
    folders: ['stick', 'pc'],
    truth: chunksTruth(world),
    prepare: (places) => writeFaults(world, places),
    run: (places, saved) => {
      for (let chunk = 0; chunk < chunkCount(world); chunk++) {
        rescue(places, saved, chunkJob(world, places, chunk));
      }
    },
  };
}

/** `rescue read --compress`: the chunk grows on the PC. */
function packing(world: World): Scenario {
  const range = rangeOf(world, 0);
  const packed = { raw: 'stick/chunk00.raw.gz', map: 'stick/chunk00.raw.gz.map' };
  const staged = { raw: 'pc/chunk00.raw', map: 'pc/chunk00.map' };
  const holders = [
    { raw: staged.raw, range, offset: range.pos },
    { raw: packed.raw, range, offset: range.pos, isPacked: true },
  ];
  return {
    name: 'read, compressed',
    folders: ['stick', 'pc'],
    truth: {
      disk: world.disk,
      main: 'pc/common.map',
      // Without its file it claims nothing that is believed.
      leftovers: [staged.map],
      maps: new Map([
        ['pc/common.map', holders],
        [packed.map, holders.slice(1)],
      ]),
    },
    prepare: (places) => writeFaults(world, places),
    run: (places, saved) => {
      const job = chunkJob({ ...world, layout: 'compact' }, places, 0);
      const at = (path: string): string => join(places.dir, path);
      const pair = { raw: at(packed.raw), map: at(packed.map) };
      const chunk = { ...job.chunk, map: at(staged.map), packed: { pair, packing: 'gzip' } };
      rescue(places, saved, { ...job, target: at(staged.raw), chunk } as FileRescueJob);
    },
  };
}

/** `rescue merge` of two chunks, the second of which brings a part that the first one has not. */
function merging(world: World, { isBeside }: { readonly isBeside: boolean }): Scenario {
  const image = imageTruth(world, 'pc/final.map', 'image/final.raw');
  const chunks = chunksTruth(world).maps;
  const chunkMaps = [...chunks].filter(([path]) => path.startsWith('stick/'));
  return {
    name: isBeside ? 'merge, pieces held' : 'merge',
    folders: ['stick', 'pc', 'image', 'home'],
    truth: { ...image, maps: new Map([...chunkMaps, ...image.maps]) },
    prepare: (places) => {
      writeFaults(world, places);
      for (let chunk = 0; chunk < chunkCount(world); chunk++) {
        const job = chunkJob(world, places, chunk);
        rescue(places, () => {}, { ...job, map: join(places.dir, 'home/common.map') });
      }
    },
    run: ({ dir }, saved) => {
      const at = (path: string): string => join(dir, path);
      const pairs = Array.from({ length: chunkCount(world) }, (_, i) => ({
        raw: at(`stick/chunk0${i}.raw`),
        map: at(`stick/chunk0${i}.map`),
      }));
      const job = { chunks: pairs, image: at('image/final.raw'), map: at('pc/final.map') };
      const memory = isBeside ? new BesideThread(1, 40) : undefined;
      const lock = lockFile(job.map);
      try {
        const { receipts, chunks: merged } = mergeChunks(job, {
          signal: { aborted: false },
          onEvent: (event) => event.type === 'merged' && !event.chunk.refusal && saved(),
          ...(memory && { memory }),
        });
        const problem = receipts.find((receipt) => receipt.problem !== undefined);
        if (problem !== undefined) throw new NotAll(`no receipt: ${problem.problem}`);
        const refused = merged.find(({ refusal }) => refusal !== undefined);
        if (refused !== undefined) throw new NotAll(refused.refusal?.message);
      } finally {
        memory?.close();
        lock.close();
      }
    },
  };
}

/** The job said that not all of it was done. */
export class NotAll extends Error {}

function rescue(
  _: Places,
  saved: () => void,
  job: FileRescueJob,
  savesMax = Number.POSITIVE_INFINITY,
): void {
  let saves = 0;
  const lock = lockFile(job.map);
  try {
    const signal = {
      get aborted() {
        return saves >= savesMax;
      },
    };
    const { check } = rescueFilesBlocking(job, {
      signal,
      onEvent: (event) => {
        if (event.type !== 'saved') return;
        saves++;
        saved();
      },
    });
    if (check !== undefined && check.different.length > 0)
      throw new NotAll('differs when read again');
  } finally {
    lock.close();
  }
}

function copyJob(world: World, { dir, source }: Places): FileRescueJob {
  return {
    ...commonJob(world, source),
    target: join(dir, 'image/copy.raw'),
    map: join(dir, 'pc/copy.map'),
    targetSize: world.disk.length,
  };
}

function chunkJob(world: World, { dir, source }: Places, chunk: number): FileRescueJob {
  const { layout, pieceSize, chunkSize } = world;
  const range = rangeOf(world, chunk);
  return {
    ...commonJob(world, source),
    target: join(dir, `stick/chunk0${chunk}.raw`),
    map: join(dir, 'pc/common.map'),
    manifest: { job: JOB, sourceSize: world.disk.length, chunkSize },
    domain: [range],
    chunk: {
      map: join(dir, `stick/chunk0${chunk}.map`),
      manifest: { chunk, range, layout },
      pieceSize,
    },
    targetSize: range.pos + range.size,
  };
}

function commonJob(
  { clusterSize, saveIntervalMs }: World,
  source: string,
): Pick<FileRescueJob, 'source' | 'direct' | 'testMap' | 'settings' | 'saveIntervalMs'> {
  return {
    source: join(source, 'disk'),
    direct: 'never',
    testMap: join(source, 'faults'),
    settings: { sectorSize: SECTOR, clusterSize, skipInitial: 1024, skipMax: 4096 },
    saveIntervalMs,
  };
}
