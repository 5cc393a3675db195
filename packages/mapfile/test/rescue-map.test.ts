import { BLOCK_STATUSES, type BlockStatus, Domain, RescueMap } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** `runs('4+ 2- 10?')`: a map of touching blocks from 0. */
function runs(text: string): RescueMap {
  let pos = 0;
  return RescueMap.fromBlocks(
    text.split(' ').map((word) => {
      const size = Number(word.slice(0, -1));
      pos += size;
      return { pos: pos - size, size, status: word.slice(-1) as BlockStatus };
    }),
  );
}

function textOf(map: RescueMap): string {
  return [...map.blocks()].map(({ size, status }) => `${size}${status}`).join(' ');
}

const SIZE = 60;

/** The slow truth: one status and one side of the domain a byte. */
class Model {
  readonly statuses: BlockStatus[] = Array.from({ length: SIZE }, () => '?');
  inside: boolean[] = Array.from({ length: SIZE }, () => true);

  sizeInDomain(status: BlockStatus): number {
    return this.statuses.filter((each, i) => each === status && this.inside[i]).length;
  }

  areasInDomain(status: BlockStatus): number {
    const is = (i: number): boolean => this.statuses[i] === status && this.inside[i] === true;
    return this.statuses.filter((_, i) => is(i) && !(i > 0 && is(i - 1))).length;
  }
}

const status = fc.constantFrom(...BLOCK_STATUSES);
const range = fc
  .tuple(fc.nat(SIZE - 1), fc.integer({ min: 1, max: SIZE }))
  .map(([pos, size]) => ({ pos, size: Math.min(size, SIZE - pos) }));

describe('RescueMap', () => {
  test('merges what it sets with neighbours of the same status', () => {
    const map = runs('4+ 2- 10?');
    map.set(6, 8, '+');
    expect(textOf(map)).toBe('4+ 2- 2+ 8?');
    map.set(4, 6, '+');
    expect(textOf(map)).toBe('8+ 8?');
  });

  test('keeps equal neighbours apart that it was given apart, until told to merge', () => {
    const map = runs('4- 4- 4?');
    expect(map.count).toBe(3);
    expect(map.areasInDomain('-')).toBe(1);
    map.mergeNeighbours();
    expect(textOf(map)).toBe('8- 4?');
  });

  test('does not merge across a border of the domain', () => {
    const map = runs('10?');
    map.restrictTo(Domain.whole(2, 6));
    map.set(2, 6, '-');
    map.set(0, 2, '-');
    expect(textOf(map)).toBe('2- 4- 4?');
    map.release();
    expect(textOf(map)).toBe('6- 4?');
  });

  test('refuses a range outside itself', () => {
    expect(() => runs('4?').set(2, 5, '+')).toThrow(RangeError);
    expect(() => runs('4?').set(2, 2, '+')).toThrow(RangeError);
  });

  test('agrees with a list of bytes after any sequence of updates', () => {
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 4 }),
        fc.array(fc.tuple(range, status), { maxLength: 60 }),
        (domainRanges, updates) => {
          const map = RescueMap.ofOne(0, SIZE);
          const model = new Model();
          if (domainRanges.length > 0) {
            const domain = Domain.of(domainRanges);
            map.restrictTo(domain);
            model.inside = model.inside.map((_, i) => domain.includes(i));
          }
          for (const [{ pos, size }, next] of updates) {
            map.set(pos, pos + size, next);
            model.statuses.fill(next, pos, pos + size);
            for (let i = 0; i < SIZE; i++) {
              const index = map.indexAt(i);
              expect(map.statusAt(index)).toBe(model.statuses[i]);
              expect(map.isInDomain(index)).toBe(model.inside[i]);
            }
            for (const each of BLOCK_STATUSES) {
              expect(map.sizeInDomain(each)).toBe(model.sizeInDomain(each));
              expect(map.areasInDomain(each)).toBe(model.areasInDomain(each));
            }
          }
          const copy = map.clone();
          map.release();
          expect(copy.count).toBeGreaterThanOrEqual(map.count);
          for (let i = 1; i < map.count; i++) expect(map.codeAt(i)).not.toBe(map.codeAt(i - 1));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('truncates and slices as a list of bytes would', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(range, status), { maxLength: 20 }), range, (updates, part) => {
        const map = RescueMap.ofOne(0, SIZE);
        for (const [{ pos, size }, next] of updates) map.set(pos, pos + size, next);
        const slice = map.slice(part.pos, part.pos + part.size);
        expect([slice.start, slice.end]).toEqual([part.pos, part.pos + part.size]);
        for (let i = slice.start; i < slice.end; i++) {
          expect(slice.statusAt(slice.indexAt(i))).toBe(map.statusAt(map.indexAt(i)));
        }
        const cut = map.clone();
        cut.truncate(part.pos);
        expect(cut.end).toBe(part.pos);
        expect([...cut.blocks()]).toEqual([...map.slice(0, part.pos).blocks()]);
        let sum = 0;
        for (const each of BLOCK_STATUSES) sum += cut.sizeOf(each);
        expect(sum).toBe(cut.end);
      }),
    );
  });

  test('an update costs the same with a thousand blocks and with a million', () => {
    // Counted, not timed: how many blocks of the tables an update near the last one may move.
    const count = 1_000_000;
    const starts = Float64Array.from({ length: count }, (_, i) => i * 1024);
    const codes = Uint8Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 4 : 0));
    const map = RescueMap.fromRuns({ starts, codes, count, end: count * 1024 });
    for (let i = 1; i < count; i += 2) map.set(i * 1024, i * 1024 + 512, '-');
    expect(map.count).toBe(count + count / 2);
    expect(map.sizeOf('-')).toBe((count / 2) * 512);
    // 500,000 splits that each moved the whole table would take minutes and hit the test's limit.
  });
});
