import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withDirectWord } from '../src/options/direct.ts';
import { BAD, DEMO, rescueCommand, temporaryDirectory } from './command.ts';

describe('the argument of --direct', () => {
  test.each([
    ['read /dev/sdb --all', 'read /dev/sdb --all'],
    ['copy -d /dev/sdb a.raw', 'copy --direct=always /dev/sdb a.raw'],
    ['copy --direct /dev/sdb a.raw', 'copy --direct=always /dev/sdb a.raw'],
    ['copy /dev/sdb a.raw -d', 'copy /dev/sdb a.raw --direct=always'],
    ['copy --direct never /dev/sdb a.raw', 'copy --direct=never /dev/sdb a.raw'],
    ['copy -d auto /dev/sdb a.raw', 'copy --direct=auto /dev/sdb a.raw'],
    ['copy --direct=auto /dev/sdb', 'copy --direct=auto /dev/sdb'],
    ['copy -nd /dev/sdb', 'copy -n --direct=always /dev/sdb'],
    ['copy -nd never /dev/sdb', 'copy -n --direct=never /dev/sdb'],
    ['copy -dnv never b', 'copy -nv --direct=always never b'],
    ['copy -d -b 512', 'copy --direct=always -b 512'],
    ['copy -d -- -d', 'copy --direct=always -- -d'],
  ])('%s', (given, meant) => {
    expect(withDirectWord(given.split(' ')).join(' ')).toBe(meant);
  });

  test('may be given once', () => {
    const { status, stderr } = rescueCommand(['copy', DEMO, 'x.raw', '-d', '--direct=never']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('--direct is given twice')]);
  });

  test('is one of three words', () => {
    const { status, stderr } = rescueCommand(['copy', DEMO, 'x.raw', '--direct=sometimes']);
    expect(status).toBe(1);
    expect(stderr).toContain('"auto", "always", "never"');
  });
});

/** A copy of the demo disk where nothing can be read directly; undefined where there is no such place. */
function diskWithoutDirect(dir: string): string | undefined {
  const folder = join(dir, 'ramfs');
  mkdirSync(folder);
  if (spawnSync('mount', ['-t', 'ramfs', 'none', folder]).status !== 0) return undefined;
  onTestFinished(() => {
    spawnSync('umount', ['--lazy', folder]);
  });
  const disk = join(folder, 'disk.img');
  copyFileSync(DEMO, disk);
  return disk;
}

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!isRoot)(`a source without direct reads${isRoot ? '' : ' (needs root)'}`, () => {
  test('is told once for all chunks, even with -q, and as JSON', (context) => {
    const dir = temporaryDirectory();
    const disk = diskWithoutDirect(dir);
    if (disk === undefined) return context.skip('no ramfs');
    const sentence = `${disk} cannot be read directly; going on through the system's cache, which can lose up to 128 KiB around each bad sector.`;
    const words = [disk, ...BAD, '--chunk-size', '1MiB', '--all', '--out', dir, '--json', '-q'];
    const read = rescueCommand(['read', ...words]);
    expect([read.status, read.stderr]).toEqual([4, `${sentence}\n`]);
    const records = read.stdout.split('\n').filter((line) => line.includes('"fallback"'));
    expect(records.map((line) => JSON.parse(line))).toEqual([
      { schema: 1, type: 'fallback', source: disk, message: sentence },
    ]);
  });

  test('is not mentioned when nothing fails, and refused when direct reads are insisted on', (context) => {
    const dir = temporaryDirectory();
    const disk = diskWithoutDirect(dir);
    if (disk === undefined) return context.skip('no ramfs');
    const auto = rescueCommand(['copy', disk, join(dir, 'a.raw')]);
    expect([auto.status, auto.stderr]).toEqual([0, '']);
    const never = rescueCommand(['copy', disk, join(dir, 'b.raw'), ...BAD, '--direct', 'never']);
    expect([never.status, never.stderr]).toEqual([4, expect.not.stringContaining('directly')]);
    const always = rescueCommand(['copy', disk, join(dir, 'c.raw'), '-d']);
    expect(always.status).toBe(1);
    expect(always.stderr).toContain('Direct reads of');
    expect(always.stderr).toContain('Run again without direct reads');
  });
});
