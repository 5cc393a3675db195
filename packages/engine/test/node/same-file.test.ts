import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { assertDistinctFiles } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import { rescueErrorOf, scratchFolder } from './scratch.ts';

function clash(first: string, second: string): string {
  const error = rescueErrorOf(() =>
    assertDistinctFiles([
      { role: 'input file', path: first },
      { role: 'map file', path: second },
    ]),
  );
  expect(error.code).toBe('same-file');
  return error.message;
}

describe('two files', () => {
  test('that are two, or not there yet, are accepted', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'a'), '');
    writeFileSync(join(folder, 'b'), '');
    assertDistinctFiles([
      { role: 'input file', path: join(folder, 'a') },
      { role: 'output file', path: join(folder, 'b') },
      { role: 'map file', path: join(folder, 'c') },
      { role: 'log', path: '/dev/null' },
      { role: 'other log', path: '/dev/null' },
    ]);
  });

  test('that are one are refused with both roles and names', () => {
    const folder = scratchFolder();
    const path = join(folder, 'a');
    writeFileSync(path, '');
    linkSync(path, join(folder, 'hard'));
    symlinkSync('a', join(folder, 'soft'));
    for (const other of ['hard', 'soft']) {
      const message = clash(path, join(folder, other));
      for (const part of ['input file', 'map file', path, join(folder, other)]) {
        expect(message).toContain(part);
      }
    }
  });

  test('that will be one are refused, by whatever name', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'dir'));
    symlinkSync('dir', join(folder, 'link'));
    symlinkSync('dir/new', join(folder, 'dangling'));
    const path = join(folder, 'dir', 'new');
    clash(path, join(folder, 'link', 'new'));
    clash(path, join(folder, 'dangling'));
    clash(path, relative(process.cwd(), path));
    clash(join(folder, 'no', 'such', 'x'), join(folder, 'no', 'such', '..', 'such', 'x'));
  });
});
