/** Where a rescue stands, asked on the PC with the failing disk, on the stick and on the PC with room. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { seal } from '@chunkrescue/engine';
import { expect, test } from 'vitest';
import { type Answer, DEMO, fixture, rescueCommand, temporaryDirectory } from './command.ts';

interface World {
  readonly cwd: string;
  run(line: string): Answer;
  /** Reads chunks of the demo disk onto the stick; the common map stays at home. */
  read(...more: string[]): Answer;
}

/** `home` is of the PC with the failing disk, `pcb` of the one with room; the stick travels. */
function world({ badMap = 'demo-bad.map' } = {}): World {
  const cwd = temporaryDirectory();
  for (const name of ['home', 'stick', 'pcb']) mkdirSync(join(cwd, name));
  const disk = badMap === '' ? [DEMO] : [DEMO, '-H', fixture(badMap)];
  const common = ['--chunk-size', '1MiB', '--out', 'stick', '--map', 'home/common.map'];
  return {
    cwd,
    run: (line) => rescueCommand(line.split(' '), { cwd }),
    read: (...more) => rescueCommand(['read', ...disk, ...common, ...more], { cwd }),
  };
}

/** The columns of the table without the sizes. */
const rowsOf = (stdout: string): string[] =>
  [
    ...stdout.matchAll(
      /^ {2}(all|[\d-]+) +(\S+) +(complete|unfinished|damaged|no \.\w+|-) +(\S+) /gm,
    ),
  ].map(([, chunk, read, here, merged]) => [chunk, read, here, merged].join(' '));

test('on the PC with the failing disk: what is read, what is left, and the command that goes on', () => {
  const { run, read } = world();
  read('--chunk', '0-2');
  const { status, stdout } = run('status home/common.map');
  expect(status).toBe(4);
  expect(rowsOf(stdout)).toEqual(['0-2 yes - ?', '3-4 no - ?']);
  expect(stdout).toContain('a source (4195840 bytes): 5 chunks of 1 MiB');
  expect(stdout).toContain('Rescued: 2928128 of 4195840 bytes (69.78 %)');
  expect(stdout).toContain('Unreadable: 212.5 KiB in 8 areas');
  expect(stdout).toContain(`rescue read ${DEMO} --fit --out /media/stick --map home/common.map`);
  expect(stdout).toContain('rescue status home/common.map /media/stick');
});

test('with the stick before anything was merged: carry it', () => {
  const { run, read } = world();
  read('--chunk', '0,1');
  const { stdout } = run('status home stick');
  expect(rowsOf(stdout)).toEqual(['0-1 yes complete ?', '2-4 no - ?']);
  expect(stdout).toContain('rescue merge stick/chunk00.raw stick/chunk01.raw final.raw');
  expect(stdout).toContain(`rescue read ${DEMO} --fit --out stick --map home/common.map`);
});

test('the receipt on the stick tells what was merged and may be deleted', () => {
  const { run, read } = world();
  read('--chunk', '0-2');
  run('merge stick/chunk00.raw stick/chunk01.raw pcb/final.raw');
  const both = run('status home/common.map stick');
  expect(both.status).toBe(4);
  expect(rowsOf(both.stdout)).toEqual(['0-1 yes complete yes', '2 yes complete no', '3-4 no - no']);
  expect(both.stdout).toContain('Missing in the image: chunks 2-4');
  expect(both.stdout).toContain('--fit --free --out stick --map home/common.map');
  expect(both.stdout).toContain('deletes chunks 0-1 here');
  expect(rowsOf(run('status stick').stdout)).toEqual([
    '0-1 yes complete yes',
    '2 yes complete no',
    '3-4 ? - no',
  ]);
});

test('the receipt that was kept at home is known without the stick', () => {
  const { run, read } = world();
  read('--chunk', '0');
  run('merge stick/chunk00.raw pcb/final.raw');
  read('--chunk', '1', '--free');
  const { stdout } = run('status home/common.map');
  expect(rowsOf(stdout)).toEqual(['0 yes - yes', '1 yes - no', '2-4 no - no']);
  expect(stdout).toContain('home/common.receipt.map');
});

test('on the PC with room: what is in the image and what to merge', () => {
  const { run, read } = world();
  read('--chunk', '0-2');
  run('merge stick/chunk00.raw pcb/final.raw');
  for (const place of ['pcb', 'pcb/final.raw', 'pcb/final.map']) {
    const { status, stdout } = run(`status ${place}`);
    expect(status).toBe(4);
    expect(rowsOf(stdout)).toEqual(['0 yes - yes', '1-4 ? - no']);
    expect(stdout).toContain('rescue read SOURCE --fit --free --out /media/stick --map COMMON');
  }
  const both = run('status pcb/final.raw stick');
  expect(rowsOf(both.stdout)).toEqual(['0 yes complete yes', '1-2 yes complete no', '3-4 ? - no']);
  expect(both.stdout).toContain('rescue merge stick/chunk01.raw stick/chunk02.raw pcb/final.raw');
});

const ALL = [0, 1, 2, 3, 4].map((number) => `stick/chunk0${number}.raw`).join(' ');

test('ends with 0 only when all is rescued and in the image', () => {
  const { run, read } = world({ badMap: '' });
  read('--all');
  const before = run('status home stick');
  expect(before.status).toBe(4);
  expect(before.stdout).toContain('rescue merge stick final.raw');
  run(`merge ${ALL} pcb/final.raw`);
  for (const places of ['pcb', 'stick']) expect(run(`status ${places}`).status).toBe(0);
  const pcb = run('status pcb stick');
  expect([pcb.status, pcb.stdout]).toEqual([0, expect.stringContaining('verify pcb/final.raw')]);
  const home = run('status home stick');
  expect([home.status, home.stdout.replace(/\s+/g, ' ')]).toEqual([
    0,
    expect.stringContaining('The files of chunks 0-4 here may be deleted'),
  ]);
});

test('when everything was tried: what could not be read, and how to try again', () => {
  const { run, read } = world();
  read('--all');
  run(`merge ${ALL} pcb/final.raw`);
  const { status, stdout } = run('status pcb home');
  expect(status).toBe(4);
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    'Everything was tried, and 235 KiB could not be read; pcb/final.map says where its gaps are.',
  );
  expect(stdout).toContain('rescue verify pcb/final.raw');
  expect(stdout).toContain('--retry-bad -r 3');
});

test('a damaged chunk is named, ends with 2, and hides no other', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0-2');
  truncateSync(join(cwd, 'stick/chunk01.raw'), 1024 * 1024 + 1000);
  const map = join(cwd, 'stick/chunk02.map');
  writeFileSync(map, readFileSync(map, 'utf8').replace(' -\n', ' +\n'));
  const { status, stdout, stderr } = run('status home stick');
  expect(status).toBe(2);
  expect(rowsOf(stdout)).toEqual(['0 yes complete ?', '1-2 yes damaged ?', '3-4 no - ?']);
  expect(stderr).toContain('stick/chunk01.raw is cut short');
  expect(stderr).toContain('stick/chunk02.map is damaged: its checksum does not fit');
  expect(stdout).toContain('--chunk 1-2 --reread --out stick --map home/common.map');
  expect(run('status stick/chunk00.raw').status).toBe(2);
  // The way out that is shown.
  for (const name of ['chunk01.raw', 'chunk01.map', 'chunk02.raw', 'chunk02.map']) {
    rmSync(join(cwd, 'stick', name));
  }
  expect(read('--chunk', '1-2', '--reread').status).toBe(4);
  expect(rowsOf(run('status home stick').stdout)).toEqual(['0-2 yes complete ?', '3-4 no - ?']);
});

test('an interrupted chunk is unfinished, and is read on, not merged', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0,1');
  for (const path of ['stick/chunk01.map', 'home/common.map']) {
    const text = readFileSync(join(cwd, path), 'utf8');
    const cut = text
      .replace(/^(0x[0-9A-F]+ +)\+/m, '$1?')
      .replace(/^0x001F0000 .*-$/m, '0x001F0000  0x00010000  ?');
    writeFileSync(join(cwd, path), seal(cut));
  }
  const { status, stdout } = run('status home stick');
  expect(status).toBe(4);
  expect(rowsOf(stdout)).toEqual(['0 yes complete ?', '1 partly unfinished ?', '2-4 no - ?']);
  expect(stdout).toContain('rescue merge stick/chunk00.raw final.raw');
  expect(stdout).toContain('Chunks 1-4: still to be read');
});

test('half a chunk: a file without its map, a map without its file', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0-2');
  rmSync(join(cwd, 'stick/chunk01.map'));
  rmSync(join(cwd, 'stick/chunk02.raw'));
  const { status, stdout, stderr } = run('status stick');
  expect(status).toBe(2);
  expect(stdout).toMatch(/^ {2}1 .* no \.map /m);
  expect(stdout).toMatch(/^ {2}2 .* no \.raw /m);
  expect(stderr).toContain('stick/chunk01.raw has no map');
});

test('a chunk that is nowhere: look for it, or read it again', () => {
  const { cwd, run, read } = world();
  read('--all');
  for (const end of ['raw', 'map']) rmSync(join(cwd, `stick/chunk01.${end}`));
  run('merge stick/chunk00.raw stick/chunk03.raw stick/chunk04.raw pcb/final.raw');
  const { stdout } = run('status home stick');
  expect(rowsOf(stdout)).toEqual([
    '0 yes complete yes',
    '1 yes - no',
    '2 yes complete no',
    '3 yes complete yes',
    '4 yes complete yes',
  ]);
  expect(stdout).toContain('Missing in the image: chunks 1-2');
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    'Chunk 1: read, but neither here nor in the image.',
  );
  expect(stdout).toContain(`rescue read ${DEMO} --chunk 1 --reread --out stick`);
});

test('a lost image counts for nothing', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0');
  run('merge stick/chunk00.raw pcb/final.raw');
  rmSync(join(cwd, 'pcb/final.raw'));
  const { status, stderr } = run('status pcb');
  expect([status, stderr]).toEqual([2, expect.stringContaining('no image lies beside it')]);
});

test('gives one exact JSON document with every chunk', () => {
  const { run, read } = world();
  read('--chunk', '0-2');
  run('merge stick/chunk00.raw pcb/final.raw');
  const { status, stdout } = run('status --json home stick');
  expect([status, stdout.trim().split('\n').length]).toEqual([4, 1]);
  const { jobs, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({ schema: 1, type: 'status', troubles: [] });
  expect(jobs).toHaveLength(1);
  const [job] = jobs;
  expect(job).toMatchObject({ source: { size: 4195840 }, chunkSize: 1048576 });
  expect(job.totals).toMatchObject({ rescued: 2928128, bad: 217600, nonTried: 1050112 });
  expect(job.chunks).toHaveLength(5);
  expect(job.chunks[0]).toMatchObject({
    ...{ chunk: 0, pos: 0, size: 1048576, rescued: 1034752, bad: 13824 },
    ...{ read: 'done', here: 'complete', merged: 'done', isReceived: true },
  });
  expect(job.chunks[4]).toMatchObject({ pos: 4194304, size: 1536, read: 'not', here: 'none' });
  expect(job.next[0].command).toBe('rescue merge stick/chunk01.raw stick/chunk02.raw final.raw');
});

test('keeps two rescues apart, and takes only its own beside a file', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0');
  const other = ['read', DEMO, '--chunk-size', '2MiB', '--chunk', '0', '--out', 'pcb'];
  rescueCommand([...other, '--map', 'home/other.map'], { cwd });
  expect(JSON.parse(run('status --json home').stdout).jobs).toHaveLength(2);
  const { stdout } = run('status home/other.map');
  expect(stdout).toContain('3 chunks of 2 MiB');
  expect(stdout).not.toContain('5 chunks of 1 MiB');
});

test('writes nothing, and counts a file once that is given twice', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0,1');
  run('merge stick/chunk00.raw pcb/final.raw');
  const look = (): string[] =>
    readdirSync(cwd, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => `${name} ${statSync(join(cwd, name)).mtimeMs}`);
  const before = look();
  const { stdout } = run('status --json home stick ./stick stick/chunk00.raw home/common.map pcb');
  expect(look()).toEqual(before);
  const [job] = JSON.parse(stdout).jobs;
  expect(job.commonMaps).toEqual(['home/common.map']);
  expect(job.chunks[0].files).toHaveLength(1);
});

test('emergency copies of maps count, but the rescue goes on with the common map', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0');
  const old = readFileSync(join(cwd, 'home', 'common.map'));
  read('--chunk', '1');
  const before = run('status stick home').stdout;
  for (const name of ['common.emergency', 'common.emergency-2']) {
    copyFileSync(join(cwd, 'home', 'common.map'), join(cwd, 'stick', `${name}.map`));
  }
  copyFileSync(join(cwd, 'stick', 'chunk01.map'), join(cwd, 'stick', 'chunk01.emergency.map'));
  writeFileSync(join(cwd, 'home', 'common.map'), old);
  const { stdout } = run('status stick home');
  expect(rowsOf(stdout)).toEqual(rowsOf(before));
  expect(stdout).toContain('--map home/common.map');
  expect(stdout).not.toContain('--map stick');
  // Who merges by hand merges the files, and no copy of a map is taken for one.
  expect(run('merge stick/chunk00.raw stick/chunk01.raw pcb/final.raw').status).toBe(4);
});

test('a common map that ddrescue rewrote belongs to the only rescue there is', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0');
  const common = join(cwd, 'home/common.map');
  writeFileSync(common, readFileSync(common, 'utf8').replace(/^#.*\n/gm, ''));
  expect(rowsOf(run('status home stick').stdout)).toEqual(['0 yes complete ?', '1-4 no - ?']);
  const alone = run('status home');
  expect([alone.status, alone.stderr]).toEqual([1, expect.stringContaining('rescue map show')]);
});

test("a map of ddrescue's is told with what it has and the command that goes on", () => {
  const { cwd, run } = world();
  const blocks = '0x0 0x1F000 +\n0x1F000 0x1000 -\n0x20000 0x60000 ?\n';
  const map = (command: string): string =>
    `# Mapfile. Created by GNU ddrescue version 1.30\n# Command line: ${command}\n0x20000 ? 1\n${blocks}`;
  const file = join(cwd, 'home/a.map');
  writeFileSync(file, map('ddrescue -n /dev/sdb1 a.img a.map'));
  const { status, stderr } = run('status home/a.map');
  expect(status).toBe(1);
  expect(stderr).toContain(
    'home/a.map is a map that ddrescue wrote: 126976 of 524288 bytes (24.21 %) rescued, 4 KiB unreadable.',
  );
  expect(stderr).toContain('rescue ddrescue -n /dev/sdb1 a.img a.map.');
  expect(stderr).not.toContain('Nothing of a rescue');
  // What stands there must not become a command.
  writeFileSync(file, map('ddrescue /dev/sdb1 $(reboot) a.map'));
  expect(run('status home/a.map').stderr).toContain('rescue ddrescue SOURCE IMAGE home/a.map.');
});

test('says what to give where there is nothing', () => {
  const { cwd, run } = world();
  writeFileSync(join(cwd, 'home/holiday.jpg'), 'a picture');
  writeFileSync(join(cwd, 'home/bundle.js.map'), '{"version":3}');
  const nothing = rescueCommand(['status'], { cwd: join(cwd, 'home') });
  expect([nothing.status, nothing.stderr]).toEqual([1, expect.stringContaining('in this folder')]);
  const gone = run('status media/stick');
  expect([gone.status, gone.stderr]).toEqual([1, expect.stringContaining('Is the stick mounted')]);
  const picture = run('status home/holiday.jpg');
  expect([picture.status, picture.stderr]).toEqual([1, expect.stringContaining('nothing that')]);
});

test('names and comments from a stick command neither the terminal nor a shell', () => {
  const { cwd, read } = world();
  read('--chunk', '0');
  const evil = "st\u001b[2Jick';touch x;'";
  renameSync(join(cwd, 'stick'), join(cwd, evil));
  const common = join(cwd, 'home/common.map');
  const text = readFileSync(common, 'utf8').replace(/rescue read \S+/, 'rescue read $(reboot)');
  writeFileSync(common, seal(text));
  copyFileSync(join(cwd, evil, 'chunk00.map'), join(cwd, evil, 'chunk\u001b[2J03.map'));
  const { stdout, stderr } = rescueCommand(['status', 'home', evil], { cwd });
  expect(stdout + stderr).not.toContain('\u001b');
  expect(stdout).not.toContain('reboot');
  const quoted = "$'st\\U0000001b[2Jick\\U00000027;touch x;\\U00000027'";
  expect(stdout).toContain(`rescue read SOURCE --fit --out ${quoted} --map home/common.map`);
});

test('what a retry gained is to be carried and merged again', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0,4');
  run('merge stick/chunk00.raw stick/chunk04.raw pcb/final.raw');
  const retry = ['--retry-bad', '--out', 'stick', '--map', 'home/common.map'];
  rescueCommand(['read', DEMO, ...retry], { cwd });
  const { stdout } = run('status home stick');
  expect(rowsOf(stdout)).toEqual(['0 yes complete partly', '1-3 no - no', '4 yes complete yes']);
  const words = stdout.replace(/\s+/g, ' ');
  expect(words).toContain('(again, for what is new)');
  expect(words).toContain('rescue merge stick/chunk00.raw final.raw');
  expect(words).toContain('--free first deletes chunk 4 here');
});

test('compressed chunks are chunks', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0,1', '--compress', 'gzip');
  expect(rowsOf(run('status home stick').stdout)).toEqual(['0-1 yes complete ?', '2-4 no - ?']);
  expect(run('status stick/chunk00.raw.gz').stdout).toContain('stick/chunk01.raw.gz final.raw');
  rmSync(join(cwd, 'stick/chunk01.raw.gz.map'));
  const { status, stdout } = run('status stick');
  expect([status, stdout]).toEqual([2, expect.stringMatching(/^ {2}1 .* no \.map /m)]);
});

test('a damaged compressed chunk: the way out that is shown leaves no damaged file', () => {
  const { cwd, run, read } = world();
  read('--chunk', '0-1', '--compress', 'gzip');
  truncateSync(join(cwd, 'stick/chunk01.raw.gz.map'), 300);
  const words = run('status home stick').stdout.replace(/\s+/g, ' ');
  const remove = /\((rm -f [^)]*)\)/.exec(words)?.[1] as string;
  const again = /read \S+ (--chunk 1 .*?) --out stick/.exec(words)?.[1] as string;
  expect(again).toBe('--chunk 1 --reread --compress gzip');
  expect(spawnSync('sh', ['-c', remove], { cwd }).status).toBe(0);
  read(...again.split(' '));
  expect(rowsOf(run('status home stick').stdout)).toEqual(['0-1 yes complete ?', '2-4 no - ?']);
  expect(run('merge stick pcb/final.raw').status).toBe(4);
});

test.each([0, 60])('a map of %i bytes is damaged, not missing', (size) => {
  const { cwd, run, read } = world();
  read('--chunk', '0');
  truncateSync(join(cwd, 'stick/chunk00.map'), size);
  const { status, stderr } = run('status stick');
  expect([status, stderr]).toEqual([2, expect.stringContaining('stick/chunk00.map is damaged')]);
});
