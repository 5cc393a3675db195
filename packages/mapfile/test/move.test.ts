import {
  BLOCK_STATUSES,
  clipMapfile,
  formatMapfile,
  type Mapfile,
  OPEN_END,
  parseMapfile,
  RescueMap,
  shiftLimits,
  shiftMapfile,
  unionOf,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const blocks = fc.array(
  fc.record({ size: fc.integer({ min: 1, max: 9 }), status: fc.constantFrom(...BLOCK_STATUSES) }),
  { minLength: 1, maxLength: 8 },
);
const anyMap = fc.tuple(fc.nat(20), blocks, fc.boolean()).map(([start, sizes, isOpen]) => {
  let pos = start;
  const list = sizes.map(({ size, status }) => {
    pos += size;
    return { pos: pos - size, size, status };
  });
  const last = list.at(-1) as (typeof list)[number];
  if (isOpen) last.size = OPEN_END - last.pos;
  return RescueMap.fromBlocks(list);
});
const mapfileOf = (map: RescueMap, position = map.start): Mapfile => ({
  heading: ['# of the whole'],
  position,
  state: '?',
  pass: 2,
  map,
});
const text = (mapfile: Mapfile): string => formatMapfile({ ...mapfile, heading: [] });

describe('shifting', () => {
  test('there and back gives the same', () => {
    fc.assert(
      fc.property(anyMap, fc.nat(2 ** 48), (map, by) => {
        const mapfile = mapfileOf(map);
        expect(text(shiftMapfile(shiftMapfile(mapfile, by), -by))).toBe(text(mapfile));
      }),
    );
  });

  test('goes to its limits, and not beyond', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const { min, max } = shiftLimits(map);
        expect(shiftMapfile(mapfileOf(map), min).map.start).toBe(0);
        const far = shiftMapfile(mapfileOf(map), max);
        expect(text({ ...parseMapfile(text(far)), heading: [] })).toBe(text(far));
        expect(() => shiftMapfile(mapfileOf(map), min - 1)).toThrow(RangeError);
        expect(() => shiftMapfile(mapfileOf(map), max + 1)).toThrow(RangeError);
      }),
    );
  });

  test('keeps an unknown end, moves the position, and forgets comments', () => {
    const mapfile = parseMapfile('# x\n0x200 - 3\n0x200 0x200 +\n0x400 0x7FFFFFFFFFFFFBFF ?\n');
    const moved = shiftMapfile(mapfile, 0x1000);
    expect(moved).toMatchObject({ heading: [], position: 0x1200, state: '-', pass: 3 });
    expect([moved.map.start, moved.map.end]).toEqual([0x1200, OPEN_END]);
  });

  test('an empty map goes anywhere', () => {
    expect(shiftMapfile(parseMapfile(''), -512).map.count).toBe(0);
  });
});

describe('clipping', () => {
  test('in two parts and putting them together gives the same', () => {
    fc.assert(
      fc.property(anyMap, fc.nat(100), (map, at) => {
        const left = clipMapfile(mapfileOf(map), 0, at).map;
        const right = clipMapfile(mapfileOf(map), at, OPEN_END).map;
        map.mergeNeighbours();
        expect([...unionOf(left, right).blocks()]).toEqual([...map.blocks()]);
      }),
    );
  });

  test('of a union is the union of the clips, where both maps reach', () => {
    fc.assert(
      fc.property(anyMap, anyMap, fc.nat(60), fc.nat(40), (a, b, pos, size) => {
        const clip = (map: RescueMap) => clipMapfile(mapfileOf(map), pos, pos + size).map;
        const [left, right] = [clip(a), clip(b)];
        const whole = clip(unionOf(a, b));
        const parts = unionOf(left, right);
        for (let at = pos; at < pos + size; at++) {
          const status = parts.indexAt(at) < 0 ? '?' : parts.statusAt(parts.indexAt(at));
          if (whole.indexAt(at) >= 0) expect(whole.statusAt(whole.indexAt(at))).toBe(status);
          else expect(status).toBe('?');
        }
      }),
    );
  });

  test('keeps the position inside the part', () => {
    const map = RescueMap.ofOne(0, 4096);
    const positionAt = (position: number) =>
      clipMapfile(mapfileOf(map, position), 1024, 2048).position;
    expect([0, 1500, 4096, OPEN_END].map(positionAt)).toEqual([1024, 1500, 2048, 2048]);
  });
});
