/** `rescue ddrescue` as a process: signals, streams, other runs, and a world in the way. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import {
  type FaultyDevice,
  missingForDevices,
  startFaultyDevice,
} from '../../../scripts/faulty-device.ts';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { DEMO, rescueCommand, startRescue, temporaryDirectory } from './command.ts';

const SIZE = statSync(DEMO).size;
const PROGRAM = fileURLToPath(new URL('../bin/rescue.js', import.meta.url));
/** Slow enough to be met in the middle: 128 reads a second. */
const SLOWLY = ['-c', '16', '-Z', '1Mi', '--mapfile-interval=0'];

function folder(): { in: string; out: string; map: string; dir: string } {
  const dir = temporaryDirectory();
  return { in: DEMO, out: join(dir, 'out'), map: join(dir, 'map'), dir };
}

const ddrescue = (...words: string[]): ReturnType<typeof rescueCommand> =>
  rescueCommand(['ddrescue', ...words]);
const mapOf = (path: string): RescueMap => parseMapfile(readFileSync(path, 'latin1')).map;

/** Waits until a map says that something was rescued. */
async function rescuedSome(map: string): Promise<void> {
  for (;;) {
    if (existsSync(map) && mapOf(map).sizeOf('+') > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function endOf(run: ChildProcess): Promise<{ status: number | null; signal: string | null }> {
  const [status, signal] = await once(run, 'close');
  return { status, signal };
}

/** Everything that a map calls rescued is in the image. */
function expectTrue(out: string, map: RescueMap): void {
  const image = readFileSync(out);
  const truth = readFileSync(DEMO);
  for (const { pos, size } of map.ranges('+')) {
    expect(image.subarray(pos, pos + size).equals(truth.subarray(pos, pos + size))).toBe(true);
  }
}

test('copies, says so, and says nothing with -q', () => {
  const at = folder();
  const first = ddrescue(at.in, at.out, at.map);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toMatch(/^GNU ddrescue 1\.30/);
  expect(first.stdout).toMatch(/\r\nFinished *\n$/);
  expect(readFileSync(at.out).equals(readFileSync(DEMO))).toBe(true);
  expect(ddrescue('-q', at.in, at.out, at.map)).toEqual({
    status: 0,
    signal: null,
    stdout: '',
    stderr: '',
  });
  expect(readdirSync(at.dir).sort()).toEqual(['map', 'out']);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s saves the map and ends the program, and the same command goes on',
  async (signal) => {
    const at = folder();
    const run = startRescue(['ddrescue', ...SLOWLY, at.in, at.out, at.map]);
    await rescuedSome(at.map);
    run.kill(signal);
    expect(await endOf(run)).toEqual({ status: null, signal });
    const map = mapOf(at.map);
    expect(map.sizeOf('+')).toBeGreaterThan(0);
    expect(map.sizeOf('?')).toBeGreaterThan(0);
    expectTrue(at.out, map);
    expect(ddrescue('-q', at.in, at.out, at.map).status).toBe(0);
    expect(readFileSync(at.out).equals(readFileSync(DEMO))).toBe(true);
  },
);

test('nobody reading the screen any more saves the map and ends the program', async () => {
  const at = folder();
  const run = startRescue(['ddrescue', ...SLOWLY, at.in, at.out, at.map]);
  await rescuedSome(at.map);
  run.stdout?.destroy();
  expect(await endOf(run)).toEqual({ status: null, signal: 'SIGPIPE' });
  const map = mapOf(at.map);
  expect(map.sizeOf('+')).toBeGreaterThan(0);
  expectTrue(at.out, map);
});

test('--same-file reads what it wrote before: an overlapping copy repeats its beginning, as GNU does', () => {
  const at = folder();
  const [step, size, whole] = [256 * 1024, 6 * 1024 * 1024, 8 * 1024 * 1024];
  const before = randomBytes(whole);
  writeFileSync(at.out, before);
  const words = ['-q', '-f', '--same-file', '-i0', `-o${step}`, `-s${size}`, at.out, at.out];
  expect(ddrescue(...words).status).toBe(0);
  const repeated = Buffer.alloc(size + step, before.subarray(0, step));
  const expected = Buffer.concat([repeated, before.subarray(size + step)]);
  expect(readFileSync(at.out).equals(expected)).toBe(true);
});

test('closed standard streams never let the screen into the image', () => {
  const at = folder();
  const command = `exec "$0" "$1" ddrescue "$2" "$3" "$4" <&- >&- 2>&-`;
  const { status } = spawnSync('sh', [
    '-c',
    command,
    process.execPath,
    PROGRAM,
    at.in,
    at.out,
    at.map,
  ]);
  expect(status).toBe(0);
  expect(readFileSync(at.out).equals(readFileSync(DEMO))).toBe(true);
});

test('a second run on the same mapfile is refused at once and told who has it', async () => {
  const at = folder();
  const first = startRescue(['ddrescue', ...SLOWLY, at.in, at.out, at.map]);
  await rescuedSome(at.map);
  const second = ddrescue(at.in, at.out, at.map);
  expect(second.status).toBe(1);
  expect(second.stderr).toContain(String(first.pid));
  first.kill('SIGINT');
  await endOf(first);
});

test('commands from standard input', () => {
  const at = folder();
  const { stdout, status } = spawnSync(
    process.execPath,
    [PROGRAM, 'ddrescue', '--command-mode', at.in, at.out, at.map],
    { input: 'c 0 1000\ns 0 2000\nx\nf\n', encoding: 'utf8' },
  );
  expect(stdout).toBe(
    'GNU ddrescue 1.30\ndone\n0x00000000  0x000003E8  +\n0x000003E8  0x000003E8  ?\ndone\n' +
      "error: unknown command 'x'\ndone\n",
  );
  expect(status).toBe(1);
});

test('a signal while commands are copied ends the program, with what was copied saved', async () => {
  const at = folder();
  const words = ['ddrescue', '--command-mode', '-c16', '-Z', '32Ki', at.in, at.out, at.map];
  const run = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  run.stdin.write('c 0 1Mi\nc 0 1000000\n');
  while (!existsSync(at.out) || statSync(at.out).size === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  run.kill('SIGTERM');
  expect(await endOf(run)).toEqual({ status: null, signal: 'SIGTERM' });
  const map = mapOf(at.map);
  expect(map.sizeOf('+')).toBeGreaterThan(0);
  expect(map.sizeOf('+')).toBeLessThan(1_000_000);
  expectTrue(at.out, map);
});

test('--ask does nothing without a yes', () => {
  const at = folder();
  const run = (input: string) =>
    spawnSync(process.execPath, [PROGRAM, 'ddrescue', '--ask', at.in, at.out], {
      input,
      encoding: 'utf8',
    });
  expect(run('n\n').status).toBe(1);
  expect(existsSync(at.out)).toBe(false);
  const yes = run('y\n');
  expect(yes.status).toBe(0);
  expect(yes.stdout).toContain('Proceed (y/N)?');
  expect(statSync(at.out).size).toBe(SIZE);
});

describe('where GNU loses data without a word, ours refuses', () => {
  test('a mapfile that says done beside an output that is missing or short', () => {
    const at = folder();
    expect(ddrescue('-q', at.in, at.out, at.map).status).toBe(0);
    truncateSync(at.out, SIZE - 512);
    const short = ddrescue(at.in, at.out, at.map);
    expect(short).toMatchObject({ status: 1, stdout: '' });
    expect(short.stderr).toContain(`has only ${SIZE - 512} bytes`);
    expect(short.stderr).toContain('--trust-outfile');
    rmSync(at.out);
    const gone = ddrescue(at.in, at.out, at.map);
    expect(gone.status).toBe(1);
    expect(existsSync(at.out)).toBe(false);
    expect(ddrescue('-q', '--trust-outfile', at.in, at.out, at.map).status).toBe(0);
  });

  test('a mapfile or a log that is a link to another file of the run', () => {
    const at = folder();
    writeFileSync(at.out, 'precious');
    symlinkSync(at.out, at.map);
    expect(ddrescue(at.in, at.out, at.map)).toMatchObject({
      status: 1,
      stderr: `ddrescue: ${at.map}: Outfile and mapfile are the same.\n`,
    });
    const log = ddrescue(`--log-reads=${at.out}`, at.in, at.out);
    expect(log.status).toBe(1);
    expect(log.stderr).toContain('are the same');
    expect(readFileSync(at.out, 'utf8')).toBe('precious');
  });

  test('an input that shrinks meanwhile is not finished, and the rest stays non-tried', async () => {
    const at = folder();
    const input = join(at.dir, 'in');
    writeFileSync(input, readFileSync(DEMO));
    const run = startRescue(['ddrescue', ...SLOWLY, input, at.out, at.map]);
    let stderr = '';
    run.stderr?.on('data', (text) => {
      stderr += text;
    });
    await rescuedSome(at.map);
    truncateSync(input, SIZE / 2);
    expect(await endOf(run)).toEqual({ status: 1, signal: null });
    expect(stderr).toContain('--accept-short-infile');
    const map = mapOf(at.map);
    expect(map.end).toBe(SIZE);
    expect(map.sizeOf('?')).toBeGreaterThanOrEqual(SIZE / 2);
    expectTrue(at.out, map);
  });

  test('-S writes zeros over what an existing output held', () => {
    const at = folder();
    const input = join(at.dir, 'zeros');
    writeFileSync(input, new Uint8Array(100_000));
    writeFileSync(at.out, new Uint8Array(100_000).fill(7));
    expect(ddrescue('-q', '-S', input, at.out).status).toBe(0);
    expect(readFileSync(at.out).every((byte) => byte === 0)).toBe(true);
  });

  test('a mapfile that cannot be saved is saved elsewhere when nobody is there to ask', async () => {
    const at = folder();
    const place = join(at.dir, 'place');
    const home = join(at.dir, 'home');
    mkdirSync(place);
    mkdirSync(home);
    const map = join(place, 'map');
    const run = startRescue(['ddrescue', ...SLOWLY, at.in, at.out, map], {
      cwd: home,
      env: { HOME: home },
    });
    let stderr = '';
    run.stderr?.on('data', (text) => {
      stderr += text;
    });
    await rescuedSome(map);
    // In one step: the run may be saving there at this moment.
    renameSync(place, join(at.dir, 'gone'));
    expect(await endOf(run)).toEqual({ status: 1, signal: null });
    expect(stderr).toContain(`${map}: Error writing mapfile: `);
    expect(stderr).toContain(`cp '${join(home, 'ddrescue.map')}' '${map}'`);
    const saved = mapOf(join(home, 'ddrescue.map'));
    expect(saved.sizeOf('+')).toBeGreaterThan(0);
    expectTrue(at.out, saved);
  });

  test('an output that is the backup of the mapfile that a link means', () => {
    const at = folder();
    mkdirSync(join(at.dir, 'd'));
    const backup = join(at.dir, 'd', 'm.bak');
    writeFileSync(backup, 'precious');
    symlinkSync(join(at.dir, 'd', 'm'), at.map);
    const answer = ddrescue(at.in, backup, at.map);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain('Outfile and mapfile backup are the same.');
    expect(readFileSync(backup, 'utf8')).toBe('precious');
  });

  test('fill mode with a mapfile that cannot be saved', () => {
    const at = folder();
    writeFileSync(at.out, 'precious');
    const { status, stderr } = spawnSync(
      process.execPath,
      [PROGRAM, 'ddrescue', '-F+', at.in, at.out, '-'],
      { input: '0 + 1\n0 8 +\n', encoding: 'utf8', cwd: at.dir },
    );
    expect([status, stderr]).toEqual([1, 'ddrescue: (stdout): Mapfile is not writable.\n']);
    expect(readFileSync(at.out, 'utf8')).toBe('precious');
    expect(readdirSync(at.dir)).toEqual(['out']);
  });

  test('room for an input without an end is not reserved until the disk is full', () => {
    const at = folder();
    const answer = ddrescue('-p', '/dev/zero', at.out, at.map);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain("the input's size is not known");
    expect(statSync(at.out).size).toBe(0);
  });

  test('a log that is the file of the bad sector data', () => {
    const at = folder();
    const garbage = join(at.dir, 'garbage');
    writeFileSync(garbage, new Uint8Array(512).fill(7));
    const words = [`--bad-sector-data=${garbage}`, `--log-reads=${garbage}`];
    expect(ddrescue(...words, at.in, at.out).status).toBe(1);
    expect(readFileSync(garbage).every((byte) => byte === 7)).toBe(true);
  });

  test('a write that fails claims nothing', () => {
    const at = folder();
    const full = ddrescue('-f', at.in, '/dev/full', at.map);
    expect(full.status).toBe(1);
    expect(full.stderr).toBe(
      'ddrescue: /dev/full: Write error: No space left on device (errno=28)\n',
    );
    expect(mapOf(at.map).sizeOf('+')).toBe(0);
  });
});

const missing = missingForDevices();

describe.skipIf(missing !== undefined)(`devices ${missing ? `(${missing})` : ''}`, () => {
  const tools = ['mkfs.ext4', 'blkid', 'mount'];
  const lacking = tools.filter((tool) => spawnSync(tool, ['-V']).error !== undefined);
  const need = lacking.length === 0 ? '' : ` (needs ${lacking.join(', ')})`;

  test.skipIf(need !== '')(`a mounted device is not overwritten by --force alone${need}`, () => {
    const at = folder();
    const disk = join(at.dir, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, 16 << 20);
    const sh = (command: string): string => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${command}: ${stderr}`);
      return stdout.trim();
    };
    sh(`mkfs.ext4 -q ${disk}`);
    const place = join(at.dir, 'place');
    mkdirSync(place);
    const loop = sh(`losetup --find --show ${disk}`);
    try {
      sh(`mount ${loop} ${place}`);
      try {
        const refused = ddrescue('-f', at.in, loop, at.map);
        expect(refused.status).toBe(1);
        expect(refused.stderr).toContain('--force-mounted');
      } finally {
        sh(`umount ${place}`);
      }
      expect(sh(`blkid -p -o value -s TYPE ${loop}`)).toBe('ext4');
      expect(ddrescue('-q', '-f', at.in, loop, at.map).status).toBe(0);
      expect(readFileSync(loop).subarray(0, SIZE).equals(readFileSync(DEMO))).toBe(true);
    } finally {
      sh(`losetup --detach ${loop}`);
    }
  });

  const missingBoth = missingOracle();
  describe.skipIf(missingBoth !== undefined)(`as ddrescue does it ${missingBoth ?? ''}`, () => {
    /** A device that takes a while for each request of the kernel. */
    async function withSlowDevice<T>(work: (device: FaultyDevice) => T): Promise<T> {
      const at = folder();
      const good = join(at.dir, 'good.map');
      writeFileSync(good, `0 + 1\n0 ${SIZE} +\n`);
      const device = await startFaultyDevice({
        image: DEMO,
        badMap: good,
        loop: true,
        delayMs: 150,
      });
      try {
        return work(device);
      } finally {
        await device.close();
      }
    }

    const common = ['-d', '-c', '128', '-s', '2Mi'];

    // Both measure a real device while the machine does other things, too.
    test('a slow device: what is slow is left for later passes', { retry: 3 }, async () => {
      await withSlowDevice((device) => {
        const options = [...common, '-a', '10M', '--delay-slow=0'];
        const [gnu, our] = [folder(), folder()];
        const theirs = runOracle([...options, '--log-events=events', device.path, 'out', 'map'], {
          cwd: gnu.dir,
        });
        const ours = rescueCommand(
          ['ddrescue', ...options, '--log-events=events', device.path, 'out', 'map'],
          { cwd: our.dir },
        );
        expect([theirs.status, ours.status]).toEqual([0, 0]);
        const passes = (dir: string): string[] =>
          readFileSync(join(dir, 'events'), 'utf8').match(/Pass \d \(\w+\)/g) ?? [];
        expect(passes(gnu.dir).length).toBeGreaterThan(1);
        expect(passes(our.dir)).toEqual(passes(gnu.dir));
        expect(readFileSync(our.out).equals(readFileSync(DEMO).subarray(0, 2 << 20))).toBe(true);
      });
    });

    test('too many slow reads, and a limit of time, end both alike', async () => {
      await withSlowDevice((device) => {
        const limits = [
          ['-a', '10M', '--delay-slow=0', '--max-slow-reads=1'],
          ['-a', '10M', '--delay-slow=0', '--max-slow-reads=0', '--reset-slow'],
        ];
        for (const limit of limits) {
          const [gnu, our] = [folder(), folder()];
          const theirs = runOracle([...common, ...limit, device.path, gnu.out, gnu.map]);
          const ours = ddrescue(...common, ...limit, device.path, our.out, our.map);
          expect([ours.status, ours.stderr]).toEqual([theirs.status, theirs.stderr]);
          expect(theirs.status).toBe(1);
          expect(ours.stdout).toMatch(/\n {2}Too many slow reads\n$/);
          expect(theirs.stdout).toMatch(/\n {2}Too many slow reads\n$/);
          expect(mapOf(our.map).sizeOf('?')).toBeGreaterThan(0);
        }
      });
    });
  });
});
