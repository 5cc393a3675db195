import { Domain, type Mapfile, parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GenerateOptions, generate } from '../src/generate.ts';
import { planRescue } from '../src/plan.ts';
import { gnuManner } from '../src/strategy/manner.ts';
import { resolveSettings } from '../src/strategy/settings.ts';
import { MemoryMapStore, SimulatedSource, VirtualClock } from '../src/testing/index.ts';

test('a sector of zeros was not rescued, any other was', () => {
  const byteAt = (pos: number): number => (pos === 25 || pos >= 70 ? 1 : 0);
  const { map } = generated({ size: 100, byteAt });
  expect(textOf(map)).toBe('0 20 ?, 20 10 +, 30 40 ?, 70 30 +');
});

test('the map ends where the copy ends', () => {
  const { map, store } = generated({ size: 55, byteAt: () => 1 }, { sourceSize: 100 });
  expect(textOf(map)).toBe('0 55 +');
  expect(store.stored).toMatchObject({ state: '+', position: 40 });
});

test('a copy that ends before rescued bytes is not believed', () => {
  const mapfile = parseMapfile('0 G 1\n0 60 ?\n60 20 +\n');
  const { result, map } = generated({ size: 55, byteAt: () => 1 }, { sourceSize: 100, mapfile });
  expect(result.end).toBe('copy-short');
  expect(textOf(map)).toBe('0 55 +, 55 5 ?, 60 20 +, 80 20 ?');
});

test('what cannot be read stays non-tried', () => {
  const disk = { size: 100, byteAt: () => 1, bad: [{ pos: 33, size: 2 }] };
  const { map, result } = generated(disk);
  expect(textOf(map)).toBe('0 33 +, 33 7 ?, 40 60 +');
  expect(result.progress).toMatchObject({ rescued: 93, generated: 93 });
});

test('reads at the offset, and only in the domain', () => {
  const disk = { size: 150, byteAt: (pos: number) => (pos >= 95 ? 1 : 0) };
  const { map, copy } = generated(disk, { domain: Domain.whole(25, 85), offset: 50 });
  expect(copy.reads.map(({ pos, size }) => [pos, size])).toEqual([
    [75, 15],
    [90, 20],
    [110, 20],
    [130, 5],
  ]);
  expect(textOf(map)).toBe('0 40 ?, 40 45 +, 85 15 ?');
});

test('stopped and resumed at any place, it makes the map of one run', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 100, maxLength: 100 }),
      fc.integer({ min: 0, max: 5 }),
      (bytes, stopAfter) => {
        const disk = { size: 100, byteAt: (pos: number) => bytes[Math.floor(pos / 3)] as number };
        let left = stopAfter;
        const signal = {
          get aborted() {
            return left-- <= 0;
          },
        };
        const first = generated(disk, { signal });
        const mapfile = first.store.stored as Mapfile;
        const second = first.result.end === 'aborted' ? generated(disk, { mapfile }) : first;
        expect(textOf(second.map)).toBe(textOf(generated(disk).map));
      },
    ),
  );
});

type Changes = Partial<GenerateOptions> & {
  sourceSize?: number;
  domain?: Domain;
  mapfile?: Mapfile;
};

function generated(disk: ConstructorParameters<typeof SimulatedSource>[0], changes: Changes = {}) {
  const { sourceSize = 100, domain = Domain.whole(), mapfile, ...rest } = changes;
  const source = { size: sourceSize, sectorSize: 1 };
  const settings = resolveSettings({ sectorSize: 1, clusterSize: 1 }, source, gnuManner);
  const rescue = planRescue({ sourceSize, domain, mapfile }, settings);
  const store = new MemoryMapStore();
  const copy = new SimulatedSource(disk);
  const result = generate({
    rescue,
    copy,
    store,
    offset: 0,
    sectorSize: 10,
    clusterSize: 20,
    clock: new VirtualClock(),
    ...rest,
  });
  return { result, copy, store, map: rescue.map };
}

function textOf(map: RescueMap): string {
  return [...map.blocks()].map(({ pos, size, status }) => `${pos} ${size} ${status}`).join(', ');
}
