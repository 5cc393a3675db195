import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mergeChunks } from '@chunkrescue/engine';
import { expect, test } from 'vitest';
import { type Merge, tortureChunks } from './torture-chunks.ts';
import { DAMAGES } from './torture-damage.ts';

const FRESH_SEED = Date.now() % 1_000_000;

test.each([1, FRESH_SEED])(
  'no damage, loss, order or mix-up of chunks is silent (seed %i)',
  (seed) => {
    const { failures, counts } = tortureChunks({ cases: 1000, seed });
    expect(failures.join('\n')).toBe('');
    expect(Object.keys(counts).sort()).toEqual(['whole', ...DAMAGES].sort());
  },
);

/** A merge of chunks that do not prove what they are, as those made by other tools. */
const withoutProof: Merge = (job, how) => {
  for (const { map } of job.chunks) {
    if (!existsSync(map)) continue;
    writeFileSync(map, readFileSync(map, 'utf8').replace(/^#.*\n/gm, ''));
  }
  return mergeChunks(job, how);
};

test('a merge that believes chunks is found out', () => {
  const { failures } = tortureChunks({ cases: 200, seed: 1, merge: withoutProof });
  expect(failures.length).toBeGreaterThan(0);
});
