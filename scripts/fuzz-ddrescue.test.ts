import { describe, expect, test } from 'vitest';
import { type Failure, failureText, fuzzDdrescue } from './fuzz-ddrescue.ts';
import { FAMILY_NAMES, fuzzCase } from './fuzz-families.ts';
import { ourSide } from './fuzz-ours.ts';
import { gnuSide, type Side } from './fuzz-run.ts';
import { missingOracle } from './oracle.ts';

const missing = missingOracle();
const FRESH_SEED = Date.now() % 1_000_000;

function expectNone(failures: readonly Failure[]): void {
  expect(failures.map(failureText).join('\n')).toBe('');
}

describe.skipIf(missing !== undefined)(`our ddrescue and GNU's ${missing ?? ''}`, () => {
  test('do the same in cases of every family', () => {
    const { failures, counts } = fuzzDdrescue({
      cases: 330,
      seed: 1,
      ours: ourSide,
      failuresMax: 3,
    });
    expectNone(failures);
    expect(Object.keys(counts)).toEqual(FAMILY_NAMES);
  });

  test(`do the same in cases never seen before, of seed ${FRESH_SEED}`, () => {
    const { failures } = fuzzDdrescue({
      cases: 160,
      seed: FRESH_SEED,
      ours: ourSide,
      failuresMax: 3,
    });
    expectNone(failures);
  });
});

/** GNU, but deaf to one option. */
const without =
  (option: string): Side =>
  (words, where) =>
    gnuSide(
      words.filter((word) => word !== option),
      where,
    );

describe.skipIf(missing !== undefined)(`the fuzzer ${missing ?? ''}`, () => {
  test('finds no difference between GNU and GNU', () => {
    const { failures } = fuzzDdrescue({ cases: 96, seed: 2, ours: gnuSide, isGnu: true });
    expectNone(failures);
  });

  test.each([
    ['-R', 'direction', 'reads'],
    ['-A', 'retrim', 'reads'],
    ['-J', 'check on error', 'reads'],
    ['-C', 'complete only', 'reads'],
    ['-I', 'size check', 'status'],
    ['-p', 'output', 'out'],
  ])('notices that %s does nothing, and cuts the case down to it', (option, family, what) => {
    const { failures } = fuzzDdrescue({
      cases: 60,
      seed: 3,
      ours: without(option),
      isGnu: true,
      families: [family],
      failuresMax: 1,
      shrinkTries: 60,
    });
    expect(failures).toHaveLength(1);
    const [{ line, differences } = { line: '', differences: [] }] = failures;
    expect(line).toMatch(new RegExp(`ddrescue .* ${option}\\b`));
    expect(differences.map((difference) => difference.what)).toContain(what);
  });

  test('makes the same cases of the same seed', () => {
    for (let index = 0; index < FAMILY_NAMES.length; index++) {
      expect(fuzzCase(5, index)).toEqual(fuzzCase(5, index));
    }
    expect(fuzzCase(5, 0)).not.toEqual(fuzzCase(6, 0));
  });
});
