/** Maps that cannot be saved: full disks, and sticks that were pulled. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeStick, missingForStick } from '../../../scripts/stick.ts';
import { DEMO, MIB, PROGRAM, rescueCommand, startRescue, temporaryDirectory } from './command.ts';

const missing = missingForStick('ext4');
const title = (text: string): string => `${text}${missing ? ` (${missing})` : ''}`;
const mapOf = (path: string): RescueMap => parseMapfile(readFileSync(path, 'latin1')).map;

function mounted(folder: string, size: string): void {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder]);
  expect(status).toBe(0);
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
}

/** Nothing repeats in it, and nothing is zero. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  return Buffer.from(bytes.map((byte) => byte | 1));
}

describe.skipIf(missing !== undefined)(title('a disk that fills up'), () => {
  const fills = ['tmpfs', 'ext4'] as const;
  const programs = [
    ['copy', 'map'],
    ['ddrescue', 'map'],
    ['read', 'common.map'],
  ] as const;
  const rows = fills.flatMap((kind) => programs.map((each) => [kind, ...each] as const));

  test.each(rows)(
    '%s, %s: the map claims what is there, and the rest comes when there is room',
    (kind, command, name) => {
      const dir = temporaryDirectory();
      const [folder, source] = [join(dir, 'disk'), join(dir, 'source')];
      mkdirSync(folder);
      const truth = noise(24 * MIB);
      writeFileSync(source, truth);
      if (kind === 'tmpfs') mounted(folder, '16m');
      else {
        const stick = makeStick(kind, {
          folder: dir,
          size: 40 * MIB,
        });
        onTestFinished(() => stick.close());
        stick.mount(folder);
      }
      // So much is left, whatever the file system takes for itself.
      const left = 12 * MIB;
      const free = statfs(folder);
      if (free > left) writeFileSync(join(folder, 'ballast'), noise(free - left));
      const words = {
        copy: ['copy', source, 'image', 'map'],
        ddrescue: ['ddrescue', source, 'image', 'map'],
        read: ['read', source, '--chunk', '0', '--chunk-size', '24MiB', '--out', '.'],
      }[command];
      const run = rescueCommand(words, { cwd: folder, env: { HOME: dir } });
      expect([run.status, run.stderr]).toEqual([1, expect.stringMatching(/no space left/i)]);
      const image = join(folder, command === 'read' ? 'chunk00.raw' : 'image');
      const map = mapOf(join(folder, name));
      expect(map.sizeOf('+')).toBeGreaterThan(8 * MIB);
      const there = readFileSync(image);
      for (const { pos, size } of map.ranges('+')) {
        expect(there.subarray(pos, pos + size).equals(truth.subarray(pos, pos + size))).toBe(true);
      }
      expect(readdirSync(folder).filter((each) => each.startsWith('.'))).toEqual([]);
      if (kind === 'tmpfs') spawnSync('mount', ['-o', 'remount,size=64m', folder]);
      else return;
      expect(rescueCommand(words, { cwd: folder, env: { HOME: dir } }).status).toBe(0);
      expect(readFileSync(image).equals(truth)).toBe(true);
      expect(readdirSync(folder).filter((each) => each.startsWith('.'))).toEqual([]);
    },
  );
});

function statfs(folder: string): number {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%a %S', folder], { encoding: 'utf8' });
  const [blocks = 0, size = 0] = stdout.split(' ').map(Number);
  return blocks * size;
}

describe.skipIf(missing !== undefined)(title('a stick that is pulled'), () => {
  test.each(['copy', 'ddrescue'])(
    '%s: nothing is saved into the bare folder below',
    async (command) => {
      const dir = temporaryDirectory();
      const [folder, home] = [join(dir, 'stick'), join(dir, 'home')];
      mkdirSync(folder);
      mkdirSync(home);
      mounted(folder, '64m');
      const [image, map] = [join(folder, 'image'), join(folder, 'map')];
      const bad = join(dir, 'bad.map');
      writeFileSync(bad, '0 + 1\n0 0x100000000 +\n');
      const words =
        command === 'copy'
          ? ['copy', '-H', longBad(dir), longSource(dir), image, map]
          : ['ddrescue', '-q', '-c8', '-Z', '1Mi', '--mapfile-interval=0', DEMO, image, map];
      const run = startRescue(words, { cwd: home, env: { HOME: home } });
      onTestFinished(() => void run.kill('SIGKILL'));
      let stderr = '';
      run.stderr?.on('data', (text) => {
        stderr += text;
      });
      const end = once(run, 'close');
      while (!existsSync(map)) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(spawnSync('umount', ['-l', folder]).status).toBe(0);
      if (command === 'copy') run.kill('SIGINT');
      const [status, signal] = await end;
      expect(signal ?? status).toBe(command === 'copy' ? 'SIGINT' : 1);
      expect(stderr).toContain('another file system now');
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});

function hasStarted(dir: string): boolean {
  return ['image', 'chunk00.raw'].some(
    (name) => (statSync(join(dir, 'out', name), { throwIfNoEntry: false })?.size ?? 0) > MIB,
  );
}

/** A source, and areas of it that fail, which take long to read. */
function longSource(dir: string): string {
  const path = join(dir, 'source');
  writeFileSync(path, '');
  spawnSync('sh', ['-c', 'head -c 3000000 /dev/urandom > "$0"; truncate -s 1G "$0"', path]);
  return path;
}

function longBad(dir: string): string {
  const path = join(dir, 'long.map');
  const areas = Array.from(
    { length: 1500 },
    (_, i) => `${i * 65536} 32768 +\n${i * 65536 + 32768} 32768 -\n`,
  );
  writeFileSync(path, `0 + 1\n${areas.join('')}`);
  return path;
}

describe('a map whose folder is gone', () => {
  const slow = (dir: string): string[] => ['-H', longBad(dir), longSource(dir)];
  const reading = (dir: string, out: string, common: string): string[] => [
    ...['read', ...slow(dir), '--chunk', '0', '--chunk-size', '1Gi'],
    ...['--out', out, '--map', common],
  ];
  /** Starts a run, takes the folder of its map away, and lets a signal or the next save find out. */
  async function withoutFolder(
    dir: string,
    words: readonly string[],
    map: string,
  ): Promise<{ status: unknown; signal: unknown; stderr: string; home: string }> {
    const home = join(dir, 'home');
    mkdirSync(home);
    const run = startRescue(words, { cwd: home, env: { HOME: home } });
    onTestFinished(() => void run.kill('SIGKILL'));
    let stderr = '';
    run.stderr?.on('data', (text) => {
      stderr += text;
    });
    const end = once(run, 'close');
    // Saved for the first time, and read on.
    while (!hasStarted(dir)) await new Promise((resolve) => setTimeout(resolve, 5));
    renameSync(dirname(map), join(dir, 'away'));
    const [status, signal] = await end;
    return { status, signal, stderr, home };
  }

  test('copy: it is saved beside the image, told with the way back, and goes on from there', async () => {
    const dir = temporaryDirectory();
    const [place, out] = [join(dir, 'place'), join(dir, 'out')];
    mkdirSync(place);
    mkdirSync(out);
    const [map, image] = [join(place, 'a.map'), join(out, 'image')];
    // What is of that name already is another one's.
    symlinkSync(join(dir, 'planted'), join(out, 'a.emergency.map'));
    const words = ['copy', ...slow(dir), image, map];
    // Wherever the way back is pasted, it leads there.
    const given = [...words.slice(0, -1), join('..', 'place', 'a.map')];
    const { status, stderr } = await withoutFolder(dir, given, map);
    expect([status, stderr]).toEqual([1, expect.stringContaining('no such file')]);
    const saved = join(out, 'a.emergency-2.map');
    // Once, and on lines of its own.
    expect(stderr.split(`cp '${saved}' '${map}'`)).toHaveLength(2);
    expect(stderr).toMatch(
      / is saved as .*\n {2}Before you go on, copy it back \(if .*\): cp .*\n/,
    );
    expect(stderr).not.toContain('\uFFFD');
    expect(existsSync(join(dir, 'planted'))).toBe(false);
    expect(mapOf(saved).sizeOf('+')).toBeGreaterThan(0);
    mkdirSync(place);
    expect(spawnSync('sh', ['-c', `cp '${saved}' '${map}'`]).status).toBe(0);
    const before = mapOf(map).sizeOf('+');
    const next = rescueCommand([...words, '--no-scrape']);
    expect(next.status).toBe(4);
    expect(mapOf(map).sizeOf('+')).toBeGreaterThanOrEqual(before);
  });

  test('read: neither the common map nor the chunk claims what the other has not', async () => {
    const dir = temporaryDirectory();
    const [place, out] = [join(dir, 'place'), join(dir, 'out')];
    mkdirSync(place);
    mkdirSync(out);
    const common = join(place, 'common.map');
    const words = reading(dir, out, common);
    const { status, stderr } = await withoutFolder(dir, words, common);
    expect(status).toBe(1);
    const saved = join(out, 'common.emergency.map');
    expect(stderr).toContain(`cp '${saved}' '${common}'`);
    const own = mapOf(join(out, 'chunk00.map'));
    expect(mapOf(saved).sizeOf('+')).toBe(own.sizeOf('+'));
    // Whether the copy comes back or the old one does: what the chunk's own map knows counts.
    mkdirSync(place);
    const old = readFileSync(join(dir, 'away', 'common.map'));
    for (const text of [readFileSync(saved), old]) {
      writeFileSync(common, text);
      expect(rescueCommand([...words, '--no-scrape', '--no-check']).status).toBe(4);
      expect(mapOf(common).sizeOf('+')).toBeGreaterThanOrEqual(own.sizeOf('+'));
    }
  });

  test("read: a chunk's own map that cannot be saved is saved elsewhere, and the common one waits for it", async () => {
    const dir = temporaryDirectory();
    const [place, out] = [join(dir, 'place'), join(dir, 'out')];
    mkdirSync(place);
    mkdirSync(out);
    const [common, own] = [join(place, 'common.map'), join(out, 'chunk00.map')];
    const words = reading(dir, out, common);
    const { status, stderr, home } = await withoutFolder(dir, words, own);
    expect(status).toBe(1);
    const saved = join(home, 'chunk00.emergency.map');
    expect(stderr).toContain(`cp '${saved}' '${own}'`);
    expect(mapOf(saved).sizeOf('+')).toBeGreaterThan(0);
    expect(mapOf(common).sizeOf('+')).toBe(0);
    renameSync(join(dir, 'away'), out);
    expect(spawnSync('sh', ['-c', `cp '${saved}' '${own}'`]).status).toBe(0);
    const next = rescueCommand([...words, '--no-scrape', '--no-check']);
    expect(next.status).toBe(4);
    expect(mapOf(common).sizeOf('+')).toBeGreaterThanOrEqual(mapOf(saved).sizeOf('+'));
  });
});

describe('ddrescue: the question about a mapfile that cannot be saved', () => {
  /** Takes the folder of the map away, answers once, and never closes standard input. */
  async function asked(
    answer: (run: ReturnType<typeof spawn>) => void,
  ): Promise<{ end: unknown; stderr: string; dir: string; home: string; map: string }> {
    const dir = temporaryDirectory();
    for (const name of ['place', 'out', 'home']) mkdirSync(join(dir, name));
    const [home, map] = [join(dir, 'home'), join(dir, 'place', 'a.map')];
    const options = ['-q', '--mapfile-interval=0', '-H', longBad(dir)];
    const words = ['ddrescue', ...options, longSource(dir), join(dir, 'out', 'image'), map];
    const run = spawn(process.execPath, [PROGRAM, ...words], { cwd: home });
    onTestFinished(() => void run.kill('SIGKILL'));
    let stderr = '';
    const isAsked = new Promise<void>((resolve) => {
      run.stderr.on('data', (text) => {
        stderr += text;
        if (stderr.includes('to abort.')) resolve();
      });
    });
    const end = once(run, 'close');
    while (!hasStarted(dir)) await new Promise((resolve) => setTimeout(resolve, 5));
    renameSync(join(dir, 'place'), join(dir, 'away'));
    await Promise.race([isAsked, end]);
    answer(run);
    const [status, signal] = await end;
    return { end: signal ?? status, stderr, dir, home, map };
  }

  const questions = (stderr: string): number => stderr.split('to abort.').length - 1;

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s is answer E: the map is saved elsewhere once, and the signal ends the run',
    async (signal) => {
      const { end, stderr, dir, home, map } = await asked((run) => void run.kill(signal));
      expect([end, questions(stderr)]).toEqual([signal, 1]);
      expect(readdirSync(home)).toEqual(['ddrescue.map']);
      expect(stderr).toContain(`cp '${join(home, 'ddrescue.map')}' '${map}'`);
      const saved = mapOf(join(home, 'ddrescue.map'));
      const last = mapOf(join(dir, 'away', 'a.map'));
      expect(saved.sizeOf('+')).toBeGreaterThanOrEqual(last.sizeOf('+'));
    },
  );

  test('E is asked for once, and one map is saved', async () => {
    const { end, stderr, home } = await asked((run) => void run.stdin?.write('E\n'));
    expect([end, questions(stderr)]).toEqual([1, 1]);
    expect(stderr.split(' cp ').length).toBe(2);
    expect(readdirSync(home)).toEqual(['ddrescue.map']);
  });

  test('Q is asked for once, and nothing is saved', async () => {
    const { end, stderr, home } = await asked((run) => void run.stdin?.write('q\n'));
    expect([end, questions(stderr)]).toEqual([1, 1]);
    expect(readdirSync(home)).toEqual([]);
  });
});

const scripts = spawnSync('script', ['--version']).status === 0 ? undefined : 'needs script';

describe.skipIf(scripts !== undefined)(
  `somebody at the terminal${scripts ? ` (${scripts})` : ''}`,
  () => {
    /** Runs a rescue in a terminal, takes its map's folder away, and types. */
    async function typed(
      keys: string,
      onAsked: (dir: string) => void,
    ): Promise<{ shown: string; dir: string }> {
      const dir = temporaryDirectory();
      for (const name of ['place', 'out', 'home']) mkdirSync(join(dir, name));
      const words = ['copy', '-H', longBad(dir), longSource(dir), join(dir, 'out', 'image')];
      const line = [process.execPath, PROGRAM, ...words, join(dir, 'place', 'a.map')].join(' ');
      const run = spawn('script', ['-qefc', line, '/dev/null'], {
        cwd: join(dir, 'home'),
        env: { ...process.env, HOME: join(dir, 'home'), CI: '1' },
      });
      onTestFinished(() => void run.kill('SIGKILL'));
      let shown = '';
      run.stdout.on('data', (text) => {
        shown += text;
      });
      const end = once(run, 'close');
      while (!hasStarted(dir)) await new Promise((resolve) => setTimeout(resolve, 5));
      renameSync(join(dir, 'place'), join(dir, 'away'));
      while (!shown.includes('press ENTER') && run.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      onAsked(dir);
      run.stdin.write(keys);
      const [status] = await end;
      return { shown: `${shown}\nstatus ${status}`, dir };
    }

    test('ENTER tries again, and the run goes on', async () => {
      const back = (dir: string): void => renameSync(join(dir, 'away'), join(dir, 'place'));
      const { shown, dir } = await typed('\n', back);
      expect(shown).toContain('status 4');
      expect(mapOf(join(dir, 'place', 'a.map')).sizeOf('?')).toBe(0);
    });

    test('E saves it elsewhere and ends', async () => {
      const { shown, dir } = await typed('e\n', () => {});
      expect(shown).toMatch(/press ENTER to try again,\r\n {2}or E and ENTER/);
      expect(shown).toContain('status 1');
      expect(mapOf(join(dir, 'out', 'a.emergency.map')).sizeOf('+')).toBeGreaterThan(0);
    });

    test('Q ends with the map of the last save', async () => {
      const { shown, dir } = await typed('q\n', () => {});
      expect(shown).toContain('status 1');
      expect(readdirSync(join(dir, 'out'))).toEqual(['image']);
      expect(readdirSync(join(dir, 'home'))).toEqual([]);
    });

    test('Ctrl-C saves it elsewhere and ends by the signal', async () => {
      const { shown, dir } = await typed('\x03', () => {});
      expect(shown).toContain('status 130');
      expect(mapOf(join(dir, 'out', 'a.emergency.map')).sizeOf('+')).toBeGreaterThan(0);
    });
  },
);
