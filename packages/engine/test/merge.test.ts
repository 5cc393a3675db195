import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { expect, onTestFinished, test } from 'vitest';
import { mergeChunks } from '../src/chunks/merge.ts';

const MIB = 1024 * 1024;

test('a merge stopped inside a chunk claims nothing of it, and the same merge goes on', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-merge-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const at = (name: string): string => join(dir, name);
  const heading = `# Source size: ${20 * MIB}\n# Chunk: 0\n`;
  writeFileSync(at('a.raw'), Buffer.alloc(20 * MIB, 'abc'));
  writeFileSync(at('a.map'), `${heading}0 + 1\n0 ${20 * MIB} +\n`);
  const job = {
    chunks: [{ raw: at('a.raw'), map: at('a.map') }],
    image: at('final.raw'),
    map: at('final.map'),
  };
  const signal = { aborted: false };
  const stopped = mergeChunks(job, {
    signal,
    onEvent: ({ type }) => {
      signal.aborted ||= type === 'merging';
    },
  });
  expect([stopped.end, stopped.totals.rescued, stopped.chunks]).toEqual(['aborted', 0, []]);
  const whole = mergeChunks(job, { signal: { aborted: false }, onEvent: () => {} });
  expect([whole.end, whole.totals.rescued]).toEqual(['finished', 20 * MIB]);
  expect(readFileSync(at('final.raw')).equals(readFileSync(at('a.raw')))).toBe(true);
  expect(parseMapfile(readFileSync(at('final.map'), 'utf8')).map.count).toBe(1);
});
