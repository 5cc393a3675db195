import { Domain, type Mapfile, parseMapfile } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RescueError } from '../src/errors.ts';
import { type FillOptions, fill } from '../src/fill.ts';
import { planRescue } from '../src/plan.ts';
import { gnuManner } from '../src/strategy/manner.ts';
import type { Rescue } from '../src/strategy/rescue.ts';
import { resolveSettings } from '../src/strategy/settings.ts';
import { MemoryMapStore, MemoryTarget, VirtualClock } from '../src/testing/index.ts';

const MAP = '0 ? 1\n0 100 +\n100 50 -\n150 30 /\n180 20 +\n200 70 -\n';

test('writes the chosen blocks and nothing else, each piece from the beginning of the data', () => {
  const { target, result } = filled({ data: bytesOf('abc') });
  expect(target.writes).toEqual([
    { pos: 100, size: 20 },
    { pos: 120, size: 20 },
    { pos: 140, size: 10 },
    { pos: 200, size: 20 },
    { pos: 220, size: 20 },
    { pos: 240, size: 20 },
    { pos: 260, size: 10 },
  ]);
  expect(textOf(target.bytes.subarray(100, 124))).toBe('abcabcabcabcabcabcababca');
  expect(result.progress).toMatchObject({ filled: 120, filledAreas: 2, remaining: 0 });
});

test('begins each sector with its place when asked', () => {
  const { target } = filled({ writesLocation: true, sectorSize: 64, clusterSize: 128 });
  // An area just as long as the line. (A shorter one cuts it, and a zero closes it.)
  expect(textOf(target.bytes.subarray(100, 150))).toBe(
    '\n# position 0x00000064 sector 0x00000001 status - ',
  );
  expect(textOf(target.bytes.subarray(200, 251))).toBe(
    '\n# position 0x000000C8 sector 0x00000003 status - x',
  );
});

test('tries the rest of an area by sectors after a failed write, when those are ignored', () => {
  const target = new FaultyTarget([205]);
  const { result, store } = filled({ target, ignoresWriteErrors: true });
  expect(target.tried.slice(3)).toEqual([
    [200, 20],
    [200, 10],
    [210, 10],
    [220, 10],
    [230, 10],
    [240, 10],
    [250, 10],
    [260, 10],
  ]);
  expect(result.progress).toMatchObject({ filled: 110, remaining: 10, filledAreas: 2 });
  expect(store.stored?.state).toBe('+');
});

test('a failed write ends the run otherwise, and the map tells where', () => {
  const store = new MemoryMapStore();
  const target = new FaultyTarget([225]);
  expect(() => filled({ target, store })).toThrow('Broken.');
  expect(store.stored).toMatchObject({ state: 'F', position: 220 });
});

test('saves in the middle when the time has come, after making the target durable', () => {
  const clock = new VirtualClock();
  const store = new MemoryMapStore();
  const { target } = filled({ store, clock, saveIntervalMs: () => 0 });
  expect(store.saves).toBe(8);
  expect(target.syncs).toBe(8);
  expect(store.stored?.heading).toContain('# Finished');
});

test('stopped and resumed at any place, it writes what one run writes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.constantFrom(...'?*/-+')), {
        minLength: 1,
      }),
      fc.integer({ min: 0, max: 30 }),
      (blocks, stopAfter) => {
        let pos = 0;
        const lines = blocks.map(([size, status]) => {
          pos += size;
          return `${pos - size} ${size} ${status}`;
        });
        const map = `0 ? 1\n${lines.join('\n')}\n`;
        const whole = filled({ map, data: Uint8Array.of(9) });
        const store = new MemoryMapStore();
        const target = new MemoryTarget();
        let left = stopAfter;
        const signal = {
          get aborted() {
            return left-- <= 0;
          },
        };
        const first = filled({ map, store, target, signal, data: Uint8Array.of(9) });
        const stored = store.stored as Mapfile;
        if (first.result.end === 'aborted') {
          expect(stored.state).toBe('F');
          filled({ mapfile: stored, target, data: Uint8Array.of(9) });
        }
        expect(target.writes).toEqual(whole.target.writes);
        expect(first.rescue.map.sizeOf('-')).toBe(parseMapfile(map).map.sizeOf('-'));
      },
    ),
  );
});

/** Fails every write that covers one of these bytes. */
class FaultyTarget extends MemoryTarget {
  readonly tried: [number, number][] = [];
  readonly #bad: readonly number[];

  constructor(bad: readonly number[]) {
    super();
    this.#bad = bad;
  }

  override write(pos: number, bytes: Uint8Array): void {
    this.tried.push([pos, bytes.length]);
    if (this.#bad.some((at) => at >= pos && at < pos + bytes.length)) {
      throw new RescueError('target-write', 'Broken.');
    }
    super.write(pos, bytes);
  }
}

type Changes = Partial<FillOptions> & { map?: string; mapfile?: Mapfile };

function filled(changes: Changes) {
  const { map = MAP, mapfile = parseMapfile(map), ...rest } = changes;
  const source = { size: undefined, sectorSize: 1 };
  const settings = resolveSettings({ sectorSize: 1, clusterSize: 1 }, source, gnuManner);
  const plan = { sourceSize: undefined, domain: Domain.whole(), mapfile, isWithinMap: true };
  const rescue: Rescue = planRescue(plan, settings);
  const store = (rest.store as MemoryMapStore | undefined) ?? new MemoryMapStore();
  const target = (rest.target as MemoryTarget | undefined) ?? new MemoryTarget();
  const result = fill({
    rescue,
    types: ['-'],
    sectorSize: 10,
    clusterSize: 20,
    data: bytesOf('x'),
    writesLocation: false,
    isSynchronous: false,
    ignoresWriteErrors: false,
    clock: new VirtualClock(),
    ...rest,
    store,
    target,
  });
  return { result, rescue, store, target };
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
