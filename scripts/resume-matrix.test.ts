import { describe, expect, test } from 'vitest';
import { missingOracle } from './oracle.ts';
import { matrixCase, missingStrace, resumeMatrix } from './resume-matrix.ts';

const missing = missingOracle() ?? missingStrace();

describe.skipIf(missing !== undefined)(`a rescue stopped after any read ${missing ?? ''}`, () => {
  test.each([
    ['forwards', ['-r1']],
    ['backwards', ['-R', '-r2']],
    ['without skipping', ['-K0', '-u', '-n', '-r1']],
  ])('is carried on by either tool as by GNU, %s', (_, options) => {
    const { reads, differences } = resumeMatrix(matrixCase(options));
    expect(reads).toBeGreaterThan(20);
    expect(differences).toEqual([]);
  });
});
