import { expect, test } from 'vitest';
import { fuzzInput, LAWS } from './fuzz-input.ts';
import { GIANTS, tryGiant } from './fuzz-input-giants.ts';

const FRESH_SEED = Date.now() % 1_000_000;
const CASES = 25_000;

test.each([1, FRESH_SEED])(
  `${CASES} damaged and hostile inputs of seed %i keep the laws of their parsers`,
  (seed) => {
    const { counts, violations } = fuzzInput({ cases: CASES, seed, violationsMax: 3 });
    expect(violations).toEqual([]);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(CASES);
    expect(Object.keys(counts).sort()).toEqual(LAWS.map(({ name }) => name).sort());
  },
);

/** Characters; the long run takes a hundred times as many. */
const GIANT_SIZE = 1_000_000;

test.each(Object.keys(GIANTS))(
  'a map with %s is done with at once',
  (name) => {
    tryGiant(name, GIANT_SIZE);
  },
  5000,
);
