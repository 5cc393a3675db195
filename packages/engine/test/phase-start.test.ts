import {
  type MaybePromise,
  type PhaseStart,
  rescue,
  rescueBlocking,
  type Source,
  withBadAreas,
  withBadSectorData,
  withCheckOnError,
  withRateLimit,
  withReadLog,
} from '@chunkrescue/engine';
import {
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '@chunkrescue/engine/testing';
import { RescueMap } from '@chunkrescue/mapfile';
import { expect, test } from 'vitest';

const SIZE = 64 * 1024;
const SETTINGS = { clusterSize: 4096, retryPasses: 2 };
const BAD = [{ pos: 20_480, size: 2048 }];

/** A failing disk that notes which phase it was told, and how many reads followed. */
function toldDisk(answer: () => MaybePromise<void> = () => undefined): {
  source: Source;
  told: string[];
} {
  const disk = new SimulatedSource({ size: SIZE, bad: BAD, failsWhole: true });
  const told: string[] = [];
  const source: Source = {
    name: 'told disk',
    size: SIZE,
    sectorSize: 512,
    enter({ phase, sectorSize }: PhaseStart) {
      told.push(`${phase} by ${sectorSize}`);
      return answer();
    },
    read(pos, into) {
      if (told.at(-1) !== 'reads') told.push('reads');
      return disk.read(pos, into);
    },
  };
  return { source, told };
}

const IN_ORDER = ['copying', 'trimming', 'scraping', 'retrying'].flatMap((phase) => [
  `${phase} by 512`,
  'reads',
]);

test('a source hears of each phase before the first read of it, and once', () => {
  const { source, told } = toldDisk();
  const target = new MemoryTarget();
  const clock = new VirtualClock();
  const { map } = rescueBlocking({ source, target, clock, settings: SETTINGS });
  expect(map.sizeOf('-')).toBe(2048);
  expect(told).toEqual(IN_ORDER);
});

test('a source that answers later is waited for', async () => {
  const { source, told } = toldDisk(async () => {
    await Promise.resolve();
    told.push('ready');
  });
  await rescue({ source, target: new MemoryTarget(), settings: SETTINGS });
  expect(told.slice(0, 5)).toEqual([
    'copying by 512',
    'ready',
    'reads',
    'trimming by 512',
    'ready',
  ]);
});

test('a resumed rescue tells the phase that it goes on with, and nothing of copying', () => {
  const { source, told } = toldDisk();
  const [target, store, clock] = [new MemoryTarget(), new MemoryMapStore(), new VirtualClock()];
  const ports = { source, target, store, clock };
  rescueBlocking({ ...ports, settings: { clusterSize: 4096, trims: false, sweeps: false } });
  told.length = 0;
  rescueBlocking({ ...ports, settings: SETTINGS });
  expect(told).toEqual(IN_ORDER.slice(2));
});

test('nothing is told when no read follows', () => {
  const { source, told } = toldDisk();
  const target = new MemoryTarget();
  rescueBlocking({ source, target, clock: new VirtualClock(), signal: { aborted: true } });
  expect(told).toEqual([]);
});

test('what a source throws then ends the run, with the map saved', () => {
  const { source } = toldDisk(() => {
    throw new Error('gone');
  });
  const store = new MemoryMapStore();
  const ports = { source, target: new MemoryTarget(), store, clock: new VirtualClock() };
  expect(() => rescueBlocking({ ...ports, settings: SETTINGS })).toThrow('gone');
  expect(store.stored?.map.sizeOf('?')).toBe(SIZE);
});

test.each<[string, (source: Source) => Source]>([
  ['bad areas', (source) => withBadAreas(source, RescueMap.ofOne(0, SIZE, '+'))],
  ['garbage', (source) => withBadSectorData(source, new Uint8Array(512))],
  ['a check on errors', (source) => withCheckOnError(source, 512)],
  ['a rate limit', (source) => withRateLimit(source, { bytesPerS: 1, clock: new VirtualClock() })],
  ['a log of reads', (source) => withReadLog(source, () => {})],
])('%s around a source lets the phase through', (_, wrap) => {
  const { source, told } = toldDisk();
  wrap(source).enter?.({ phase: 'scraping', sectorSize: 512 });
  expect(told).toEqual(['scraping by 512']);
});
