import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byNumber } from '../../src/node/folders.ts';

const name = fc.string({ unit: fc.constantFrom('0', '1', '2', '9', 'a', 'B', '-', '.') });

test('names are in the order of the numbers in them', () => {
  const sorted = ['chunk2.map', 'chunk2.raw', 'chunk03.raw', 'chunk10.raw', 'chunk10.raw.gz'];
  expect([...sorted].reverse().sort(byNumber)).toEqual(sorted);
});

test('the order is one: no two names change places, and three are in a row', () => {
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(Math.sign(byNumber(a, b))).toBe(0 - Math.sign(byNumber(b, a)));
      expect(byNumber(a, b) === 0).toBe(a === b);
      if (byNumber(a, b) < 0 && byNumber(b, c) < 0) expect(byNumber(a, c)).toBeLessThan(0);
    }),
  );
});
