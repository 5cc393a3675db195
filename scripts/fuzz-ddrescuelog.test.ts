import { describe, expect, test } from 'vitest';
import { fuzzDdrescuelog } from './fuzz-ddrescuelog.ts';
import { missingOracle } from './oracle.ts';

const missing = missingOracle();
const FRESH_SEED = Date.now() % 1_000_000;

describe.skipIf(missing !== undefined)(`our ddrescuelog and GNU's ${missing ?? ''}`, () => {
  test.each([1, FRESH_SEED])('do the same in 260 random cases of seed %i', (seed) => {
    const failures: string[] = [];
    fuzzDdrescuelog({ cases: 260, seed, onFailure: (failure) => failures.push(failure) });
    expect(failures).toEqual([]);
  });
});
