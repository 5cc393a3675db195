import { Domain, type Range, type RescueMap } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CopyOnDemand, copyOnDemand } from '../src/copy-on-demand.ts';
import { planRescue } from '../src/plan.ts';
import { gnuManner } from '../src/strategy/manner.ts';
import { resolveSettings } from '../src/strategy/settings.ts';
import { byteOfDisk, fullTarget, MemoryTarget, SimulatedSource } from '../src/testing/index.ts';

test('copies the range in clusters, each once', () => {
  const { copy, source } = setUp({ size: 200 });
  copyOnDemand(copy, { pos: 25, size: 60 });
  copyOnDemand(copy, { pos: 10, size: 30 });
  copyOnDemand(copy, { pos: 100, size: 30 });
  copyOnDemand(copy, { pos: 145, size: 25 });
  expect(source.reads.map(({ pos, size }) => [pos, size])).toEqual([
    [25, 15],
    [40, 20],
    [60, 20],
    [80, 5],
    [10, 15],
    [100, 20],
    [120, 10],
    [145, 15],
    [160, 10],
  ]);
  expect(textOf(copy.rescue.map)).toBe(
    '0 10 ?, 10 75 +, 85 15 ?, 100 30 +, 130 15 ?, 145 25 +, 170 30 ?',
  );
});

test('what fails is bad at once; asked again, it is tried again', () => {
  const { copy, source } = setUp({ size: 200, bad: [{ pos: 50, size: 1 }] });
  copyOnDemand(copy, { pos: 40, size: 40 });
  expect(textOf(copy.rescue.map)).toBe('0 40 ?, 40 10 +, 50 10 -, 60 20 +, 80 120 ?');
  copyOnDemand(copy, { pos: 51, size: 5 });
  expect(textOf(copy.rescue.map)).toBe(
    '0 40 ?, 40 10 +, 50 1 -, 51 5 +, 56 4 -, 60 20 +, 80 120 ?',
  );
  expect(source.reads).toHaveLength(3);
});

test('a failed write leaves the map as it was', () => {
  const { copy } = setUp({ size: 200 });
  expect(() => copyOnDemand({ ...copy, target: fullTarget() }, { pos: 0, size: 9 })).toThrow(
    'No space left.',
  );
  expect(textOf(copy.rescue.map)).toBe('0 200 ?');
});

test('where the source turns out to end, the map ends', () => {
  const { copy } = setUp({ size: 90 }, { sourceSize: undefined });
  copyOnDemand(copy, { pos: 65, size: 100 });
  expect(textOf(copy.rescue.map)).toBe('0 65 ?, 65 25 +');
});

test('any ranges: what is marked rescued is in the target, and only what was asked for', () => {
  const range = fc.record({
    pos: fc.integer({ min: 0, max: 300 }),
    size: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 5 }),
      fc.array(range, { maxLength: 3 }),
      range,
      (asked, bad, part) => {
        const domain = Domain.of([part]).clip(0, 299);
        if (domain.isEmpty) return;
        const { copy, target } = setUp({ size: 300, bad }, { domain });
        for (const each of asked) copyOnDemand(copy, each);
        const { map } = copy.rescue;
        const wanted = Domain.of(asked).intersect(domain).clip(0, 300);
        const tried = Domain.of([...map.ranges('+'), ...map.ranges('-')]);
        expect([...tried.ranges()]).toEqual([...wanted.ranges()]);
        for (const { pos, size } of map.ranges('+')) {
          for (let at = pos; at < pos + size; at++) {
            expect(target.bytes[at]).toBe(byteOfDisk(at));
          }
        }
        for (const { pos, size } of Domain.of(bad).ranges()) {
          const seen = Domain.of(map.ranges('+')).clip(pos, pos + size);
          expect(seen.isEmpty).toBe(true);
        }
      },
    ),
  );
});

function setUp(
  disk: { size: number; bad?: Range[] },
  plan: { sourceSize?: number | undefined; domain?: Domain } = {},
) {
  const source = new SimulatedSource(disk);
  const sourceSize = 'sourceSize' in plan ? plan.sourceSize : disk.size;
  const settings = resolveSettings({ sectorSize: 10, clusterSize: 20 }, source, gnuManner);
  const domain = plan.domain ?? Domain.whole();
  const rescue = planRescue({ sourceSize, domain }, settings);
  const target = new MemoryTarget();
  const copy: CopyOnDemand = { rescue, source, target, buffer: new Uint8Array(20) };
  return { copy, source, target };
}

function textOf(map: RescueMap): string {
  const whole = map.clone();
  whole.release();
  return [...whole.blocks()].map(({ pos, size, status }) => `${pos} ${size} ${status}`).join(', ');
}
