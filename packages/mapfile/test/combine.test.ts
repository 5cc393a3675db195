import {
  BLOCK_STATUSES,
  combine,
  Domain,
  differenceOf,
  intersectionOf,
  progressOf,
  RescueMap,
  unionOf,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const blocks = fc.array(
  fc.record({ size: fc.integer({ min: 1, max: 9 }), status: fc.constantFrom(...BLOCK_STATUSES) }),
  { maxLength: 8 },
);
const anyMap = fc.tuple(fc.nat(20), blocks).map(([start, sizes]) => {
  let pos = start;
  return RescueMap.fromBlocks(
    sizes.map(({ size, status }) => {
      pos += size;
      return { pos: pos - size, size, status };
    }),
  );
});
const anyDomain = fc
  .array(fc.record({ pos: fc.nat(60), size: fc.nat(9) }), { maxLength: 8 })
  .map((ranges) => Domain.of(ranges));

const at = (map: RescueMap, pos: number): string | undefined => {
  const index = map.indexAt(pos);
  return index < 0 ? undefined : map.statusAt(index);
};

describe('combining maps', () => {
  test('looks at each byte of both', () => {
    fc.assert(
      fc.property(anyMap, anyMap, (a, b) => {
        const both = combine(a, b, (left, right) => left ?? right ?? '?');
        const empty = a.count === 0 && b.count === 0;
        const start = Math.min(...[a, b].filter((map) => map.count > 0).map((map) => map.start));
        if (!empty) expect(both.start).toBe(start);
        expect(both.end).toBe(Math.max(a.end, b.end));
        for (let i = both.start; i < both.end; i++) {
          expect(at(both, i)).toBe(at(a, i) ?? at(b, i) ?? '?');
        }
      }),
    );
  });

  test('a union never knows less than either, whatever the order', () => {
    fc.assert(
      fc.property(anyMap, anyMap, anyMap, (a, b, c) => {
        const union = unionOf(unionOf(a, b), c);
        expect([...union.blocks()]).toEqual([...unionOf(c, unionOf(b, a)).blocks()]);
        for (let i = 0; i < 100; i++) {
          const known = [a, b, c].map((map) => progressOf((at(map, i) ?? '?') as '?'));
          if (union.indexAt(i) >= 0)
            expect(union.codeAt(union.indexAt(i))).toBe(Math.max(...known));
        }
      }),
    );
  });

  test('a map united or intersected with itself says no more than before', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const [union, intersection] = [unionOf(map, map), intersectionOf(map, map)];
        map.mergeNeighbours();
        expect([...union.blocks()]).toEqual([...map.blocks()]);
        expect([...intersection.ranges('+')]).toEqual([...map.ranges('+')]);
      }),
    );
  });

  test('intersection and difference are about what is finished', () => {
    fc.assert(
      fc.property(anyMap, anyMap, (a, b) => {
        for (let i = 0; i < 100; i++) {
          const [left, right] = [at(a, i) === '+', at(b, i) === '+'];
          expect(at(intersectionOf(a, b), i) === '+').toBe(left && right);
          expect(at(differenceOf(a, b), i) === '+').toBe(left && !right);
        }
      }),
    );
  });
});

describe('Domain', () => {
  test('set operations look at each byte', () => {
    fc.assert(
      fc.property(anyDomain, anyDomain, (a, b) => {
        for (let i = 0; i < 80; i++) {
          expect(a.union(b).includes(i)).toBe(a.includes(i) || b.includes(i));
          expect(a.intersect(b).includes(i)).toBe(a.includes(i) && b.includes(i));
          expect(a.subtract(b).includes(i)).toBe(a.includes(i) && !b.includes(i));
        }
        expect(a.union(b).size).toBe(a.size + b.subtract(a).size);
      }),
    );
  });

  test('joins what touches and drops what is empty', () => {
    const domain = Domain.of([
      { pos: 8, size: 4 },
      { pos: 20, size: 0 },
      { pos: 0, size: 8 },
    ]);
    expect([...domain.ranges()]).toEqual([{ pos: 0, size: 12 }]);
  });

  test('takes the finished blocks of a map', () => {
    const map = RescueMap.fromBlocks([
      { pos: 4, size: 4, status: '+' },
      { pos: 8, size: 2, status: '-' },
      { pos: 10, size: 2, status: '+' },
    ]);
    expect([...Domain.fromMap(map).ranges()]).toEqual([
      { pos: 4, size: 4 },
      { pos: 10, size: 2 },
    ]);
  });
});
