/** What is told at the ends that look like trouble and are none, and at trouble that has a way out. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Answer, BAD, DEMO, rescueCommand, temporaryDirectory } from './command.ts';

interface Journey {
  readonly dir: string;
  readonly stick: string;
  readonly common: string;
  readonly image: string;
  read(...more: readonly string[]): Answer;
  merge(...more: readonly string[]): Answer;
}

function journey(): Journey {
  const dir = temporaryDirectory();
  const [stick, common, image] = ['stick', 'common.map', 'final.raw'].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  mkdirSync(stick);
  const where = ['--out', stick, '--map', common, '--chunk-size', '1MiB'];
  return {
    ...{ dir, stick, common, image },
    read: (...more) => rescueCommand(['read', DEMO, ...where, ...more]),
    merge: (...more) => rescueCommand(['merge', ...more, stick, image]),
  };
}

describe.each(['--fit', '--next'])('read %s when all is read', (which) => {
  test('is a success', () => {
    const { read } = journey();
    read('--all');
    const { status, stdout, stderr } = read(which);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^All 5 chunks are read: there is nothing left to read\. Carry/);
    expect(stdout).not.toContain('--retry-bad');
  });

  test('says what could not be read, and how to try it again', () => {
    const { read } = journey();
    read('--all', ...BAD);
    const { status, stdout } = read(which, ...BAD);
    expect([status, stdout]).toEqual([4, expect.stringContaining('--retry-bad -r 3')]);
  });
});

describe('merge of a stick that --free has emptied', () => {
  test.each(['the folder', 'a pattern'])('by %s: there is nothing new on it', (by) => {
    const { stick, image, read, merge } = journey();
    for (const [more, status] of [
      [['--chunk', '0'], 4],
      [['--all'], 0],
    ] as const) {
      read(...more);
      merge();
      read(...more, '--free');
      const from = by === 'the folder' ? stick : join(stick, 'chunk*.raw');
      const again = rescueCommand(['merge', from, image]);
      expect([again.status, again.stderr]).toEqual([
        status,
        expect.not.stringContaining('rescue:'),
      ]);
      expect(again.stdout).toContain(`${stick}: nothing new there. It has no chunks`);
      expect(again.stdout).toMatch(/final\.raw: \d+ of 4195840 bytes rescued/);
    }
  });

  test('by a slip in the name of the image, no image is made', () => {
    const { dir, stick, read, merge } = journey();
    read('--all');
    merge();
    read('--fit', '--free');
    const other = join(dir, 'fnial.raw');
    expect(rescueCommand(['merge', stick, other]).status).toBe(1);
    expect(existsSync(other)).toBe(false);
  });
});

test('status proposes --free where it was used before', () => {
  const { common, read } = journey();
  const proposed = (): string | undefined =>
    /rescue read .*/.exec(rescueCommand(['status', common]).stdout)?.[0];
  read('--chunk', '0');
  expect(proposed()).toContain('--fit --out');
  read('--chunk', '1', '--free');
  expect(proposed()).toContain('--fit --free --out');
});

test('plan proposes a map on this PC, unless there is one already', () => {
  const { dir, stick } = journey();
  const proposed = (): string | undefined =>
    /rescue read .*/.exec(rescueCommand(['plan', DEMO, '--out', stick], { cwd: dir }).stdout)?.[0];
  expect(proposed()).toMatch(/ --map demo\.map$/);
  writeFileSync(join(dir, 'demo.map'), '');
  expect(proposed()).not.toContain('--map');
  rmSync(join(dir, 'demo.map'));
  rescueCommand(['read', DEMO, '--chunk', '0', '--out', stick]);
  expect(proposed()).not.toContain('--map');
});
