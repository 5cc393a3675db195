/** Two runs on the same files, and files that are one under two names: the second is refused, nothing is touched. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForStick } from '../../../scripts/stick.ts';
import { DEMO, MIB, rescueCommand, startRescue, temporaryDirectory } from './command.ts';

/** How often many start at once; more for a torture. */
const ROUNDS = Number(process.env['RESCUE_RACE_ROUNDS'] ?? 2);

/** A source that takes long to read, in a folder of its own. */
function place(): string {
  const dir = temporaryDirectory();
  copyFileSync(DEMO, join(dir, 'source'));
  truncateSync(join(dir, 'source'), 256 * 1024 * MIB);
  return dir;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function isWritten(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** A run that has begun to write, and goes on until the test ends. */
async function begun(dir: string, words: readonly string[], output: string): Promise<ChildProcess> {
  const run = startRescue(words, { cwd: dir });
  onTestFinished(() => void run.kill('SIGKILL'));
  await until(() => run.exitCode !== null || isWritten(join(dir, output)));
  expect(run.exitCode).toBeNull();
  return run;
}

function asInput(dir: string, number: number): void {
  const name = `in${number}`;
  copyFileSync(DEMO, join(dir, `${name}.raw`));
  truncateSync(join(dir, `${name}.raw`), 64 * 1024 * MIB);
  writeFileSync(join(dir, `${name}.map`), `0 + 1\n0 ${64 * 1024 * MIB} +\n`);
}

interface Row {
  readonly name: string;
  readonly first: string;
  readonly output: string;
  readonly second: string;
  readonly status: number;
  readonly prepare?: (dir: string) => void;
}

const HARD_LINK = (dir: string): void => linkSync(join(dir, 'image'), join(dir, 'other'));
const ROWS: readonly Row[] = [
  {
    name: 'copy, with another map',
    first: 'copy source image a.map',
    output: 'image',
    second: 'copy source image b.map --force',
    status: 7,
  },
  {
    name: 'copy, by a hard link',
    first: 'copy source image a.map',
    output: 'image',
    prepare: HARD_LINK,
    second: 'copy source other b.map --force',
    status: 7,
  },
  {
    name: 'copy, by a symbolic link',
    first: 'copy source image a.map',
    output: 'image',
    prepare: (dir) => symlinkSync('image', join(dir, 'other')),
    second: 'copy source other b.map --force',
    status: 7,
  },
  {
    name: 'ddrescue beside copy',
    first: 'copy source image a.map',
    output: 'image',
    second: 'ddrescue source image b.map',
    status: 1,
  },
  {
    name: 'ddrescue -t by a hard link, without a map',
    first: 'ddrescue source image',
    output: 'image',
    prepare: HARD_LINK,
    second: 'ddrescue -t source other',
    status: 1,
  },
  {
    name: 'ddrescue: two halves and one map',
    first: 'ddrescue -s 128Gi source image a.map',
    output: 'image',
    second: 'ddrescue -i 128Gi source image a.map',
    status: 1,
  },
  {
    name: 'read, into one folder with two common maps',
    first: 'read source --all --chunk-size 64Gi --out . --map a.map',
    output: 'chunk00.raw',
    second: 'read source --chunk 0 --chunk-size 64Gi --out . --map b.map --reread',
    status: 7,
  },
  {
    name: 'merge, with another map',
    first: 'merge in1.raw image --map a.map --trust-holes',
    output: 'image',
    second: 'merge in2.raw image --map b.map --trust-holes --force',
    status: 7,
  },
];

describe('a second run is refused with the process of the first', () => {
  test.each(ROWS)('$name', async ({ first, output, second, status, prepare }) => {
    const dir = place();
    asInput(dir, 1);
    asInput(dir, 2);
    const run = await begun(dir, first.split(' '), output);
    run.kill('SIGSTOP');
    await until(() => isStopped(run.pid));
    prepare?.(dir);
    const before = statSync(join(dir, output)).size;
    const answer = rescueCommand(second.split(' '), { cwd: dir });
    expect([answer.status, answer.stderr]).toEqual([
      status,
      expect.stringMatching(new RegExp(`process ${run.pid}\\b`)),
    ]);
    expect(statSync(join(dir, output)).size).toBe(before);
    expect(existsSync(join(dir, 'b.map'))).toBe(false);
    const left = readdirSync(dir).filter(
      (name) => /b\.map|\.tmp$/.test(name) && !name.includes(`.${run.pid}.`),
    );
    expect(left).toEqual([]);
    // Killed, it is in nobody's way.
    run.kill('SIGKILL');
    run.kill('SIGCONT');
    await once(run, 'exit');
    const next = startRescue(second.split(' '), { cwd: dir });
    onTestFinished(() => void next.kill('SIGKILL'));
    let told = '';
    next.stderr?.on('data', (text) => {
      told += text;
    });
    await until(() => next.exitCode !== null || locksIn(dir).includes(next.pid));
    expect(told).not.toContain('in use');
  });

  test('ddrescue --no-lock goes on all the same', async () => {
    const dir = place();
    await begun(dir, ['ddrescue', 'source', 'image'], 'image');
    const words = ['ddrescue', '--no-lock', '-q', '-s', '1Mi', 'source', 'image'];
    expect(rescueCommand(words, { cwd: dir }).status).toBe(0);
  });

  test('of eight at once with maps of their own, one goes on', {
    timeout: ROUNDS * 30_000,
  }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const dir = place();
      const runs = Array.from({ length: 8 }, (_, i) =>
        startRescue(['copy', 'source', 'image', `${i}.map`], { cwd: dir }),
      );
      onTestFinished(() => {
        for (const run of runs) run.kill('SIGKILL');
      });
      const ended = (): ChildProcess[] => runs.filter(({ exitCode }) => exitCode !== null);
      await until(() => ended().length >= 7);
      expect(ended().map(({ exitCode }) => exitCode)).toEqual(Array(7).fill(7));
      for (const run of runs) run.kill('SIGKILL');
    }
  });
});

/** The processes that have a lock file here. */
function locksIn(dir: string): unknown[] {
  const locks = readdirSync(dir).filter((name) => /^[^.].*\.lock$/.test(name));
  return locks
    .map((name) => /"pid":(\d+)/.exec(readFileSync(join(dir, name), 'utf8'))?.[1])
    .map(Number);
}

/** Whether all its threads stand still. */
function isStopped(pid: number | undefined): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /^State:\tT/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')),
  );
}

const missing = missingForStick('ext4');

/** A loop device over a file, which goes with the test. */
function loopOver(path: string): string {
  const { stdout, stderr } = spawnSync('losetup', ['--find', '--show', path], {
    encoding: 'utf8',
  });
  const device = stdout.trim();
  expect(stderr).toBe('');
  onTestFinished(() => void spawnSync('losetup', ['--detach', device]));
  return device;
}

/** Makes a partition, and a node for it: /dev may not have one. */
function makeNode(device: string, path: string): void {
  spawnSync('addpart', [`/dev/${device.replace(/p1$/, '')}`, '1', '2048', '4096']);
  onTestFinished(() => void spawnSync('delpart', [`/dev/${device.replace(/p1$/, '')}`, '1']));
  const [major = '', minor = ''] = readFileSync(`/sys/class/block/${device}/dev`, 'utf8').split(
    ':',
  );
  expect(spawnSync('mknod', [path, 'b', major, minor.trim()]).status).toBe(0);
}

describe.skipIf(missing !== undefined)(
  `one file under two names${missing ? ` (${missing})` : ''}`,
  () => {
    const rows: [string, string, number][] = [
      ['copy from the loop device into its file', 'copy LOOP image x.map', 7],
      ['copy from the file into its loop device', 'copy image LOOP x.map --force', 7],
      ['copy with the map in the file behind the source', 'copy LOOP out image', 7],
      ['copy with the log in the file behind the source', 'copy LOOP out x.map --log image', 1],
      ['copy into a partition of the source', 'copy LOOP LOOPp1 x.map --force', 7],
      ['copy from a partition into its disk', 'copy LOOPp1 LOOP x.map --force', 7],
      ['copy from a partition into the file behind', 'copy LOOPp1 image x.map --force', 7],
      ['read with the common map in the file behind', 'read LOOP --all --out . --map image', 7],
      ['read of a chunk that is the source', 'read LOOP2 --chunk 0 --chunk-size 1Mi --out .', 7],
      ['merge into the device over a chunk', 'merge chunk00.raw LOOP2 --map x.map --force', 7],
      ['ddrescue from the loop device', 'ddrescue LOOP image x.map', 1],
      ['ddrescue into the loop device', 'ddrescue -f image LOOP x.map', 1],
      ['ddrescue into a partition of the source', 'ddrescue -f LOOP LOOPp1 x.map', 1],
      ['ddrescue with the map behind the source', 'ddrescue LOOP out image', 1],
      ['ddrescue with the map behind the output', 'ddrescue -f source LOOP image', 1],
      ['ddrescue with a log behind the source', 'ddrescue --log-reads=image LOOP out x.map', 1],
    ];

    test.each(rows)('%s', (_, words, status) => {
      const dir = temporaryDirectory();
      const [image, chunk] = [join(dir, 'image'), join(dir, 'chunk00.raw')];
      for (const path of [image, chunk, join(dir, 'source')]) {
        copyFileSync(DEMO, path);
        truncateSync(path, 8 * MIB);
      }
      writeFileSync(join(dir, 'chunk00.map'), `0 + 1\n0 ${8 * MIB} +\n`);
      const loop = loopOver(image);
      const second = words.includes('LOOP2') ? loopOver(chunk) : '';
      const partition = join(dir, 'partition');
      if (words.includes('LOOPp1')) makeNode(`${basename(loop)}p1`, partition);
      const before = readFileSync(image);
      const names = readdirSync(dir).sort();
      const given = words
        .replace('LOOP2', second)
        .replace('LOOPp1', partition)
        .replaceAll('LOOP', loop)
        .split(' ');
      const { status: is, stderr } = rescueCommand(given, { cwd: dir });
      expect([is, stderr]).toEqual([status, expect.stringMatching(/^(rescue|ddrescue): /m)]);
      expect(readFileSync(image).equals(before)).toBe(true);
      expect(readdirSync(dir).sort()).toEqual(names);
      expect(existsSync(`/dev/${basename(loop)}.lock`)).toBe(false);
    });
  },
);
