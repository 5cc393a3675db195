/** What GNU ddrescue loses without a word, with block devices: each case, with both programs. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForDevices, startServedDevice } from '../../../scripts/faulty-device.ts';
import { makeStick, missingForStick } from '../../../scripts/stick.ts';
import { BAD, DEMO, MIB, needing, temporaryDirectory } from './command.ts';
import {
  claimed,
  expectHeld,
  mapOf,
  missingForTracing,
  PROGRAMS,
  rescue,
  startTraced,
  until,
} from './silent-loss-programs.ts';

const TRUTH = readFileSync(DEMO);
const SIZE = TRUTH.length;

const writeback = needing('the output device', missingForDevices());

describe.skipIf(writeback.isSkipped)(writeback.title, () => {
  interface Output {
    readonly device: string;
    /** What is behind it, where no cache is. */
    readonly behind: string;
    readonly map: string;
    /** From now on it fails. */
    fail(): void;
    /** From now on it does not. */
    mend(): void;
  }

  /** A device that takes what is written, and may fail when the system's cache writes it back. */
  async function outputDevice(call: 'pwrite' | 'flush'): Promise<Output> {
    const dir = temporaryDirectory();
    const [behind, trigger] = [join(dir, 'behind'), join(dir, 'trigger')];
    writeFileSync(behind, Buffer.alloc(SIZE, 0xee));
    const nbdkit =
      call === 'pwrite' ? failingWrites(behind, trigger) : failingFlush(behind, trigger);
    const device = await startServedDevice({ nbdkit, loop: true, isWritable: true });
    onTestFinished(() => device.close());
    return {
      device: device.path,
      behind,
      map: join(dir, 'map'),
      fail: () => writeFileSync(trigger, ''),
      mend: () => rmSync(trigger),
    };
  }

  const failingWrites = (behind: string, trigger: string): string[] => [
    ...['--filter=error', 'file', behind],
    ...['error-pwrite=EIO', 'error-pwrite-rate=100%', `error-pwrite-file=${trigger}`],
  ];

  /** That filter knows no flush. */
  const failingFlush = (behind: string, trigger: string): string[] => [
    'eval',
    `get_size=echo ${SIZE}`,
    `pread=dd if=${behind} skip=$4 count=$3 iflag=skip_bytes,count_bytes`,
    `pwrite=dd of=${behind} seek=$4 oflag=seek_bytes conv=notrunc`,
    'can_write=exit 0',
    'can_flush=exit 0',
    `flush=[ ! -e ${trigger} ] || { echo EIO >&2; exit 1; }`,
  ];

  test.each(PROGRAMS)('works: $name ends with 0, and all is behind it', async (program) => {
    const { device, behind, map } = await outputDevice('pwrite');
    expect(rescue(program, '--force', DEMO, device, map).status).toBe(0);
    expect(readFileSync(behind).equals(TRUTH)).toBe(true);
    expect(claimed(map)).toBe(SIZE);
  });

  test.each(PROGRAMS)('fails at writeback: $name says so, and claims nothing', async (program) => {
    const { device, behind, map, fail, mend } = await outputDevice('pwrite');
    fail();
    const { status, stderr } = rescue(program, '--force', DEMO, device, map);
    expect([status, stderr]).toEqual([program.trouble, expect.stringContaining(device)]);
    expectHeld(map, behind, TRUTH);
    mend();
    expect(rescue(program, '--force', DEMO, device, map).status).toBe(0);
    expect(readFileSync(behind).equals(TRUTH)).toBe(true);
  });

  test.each(PROGRAMS)('fails at the flush: $name says so, and claims nothing', async (program) => {
    const { device, behind, map, fail, mend } = await outputDevice('flush');
    fail();
    const { status, stderr } = rescue(program, '--force', DEMO, device, map);
    expect([status, stderr]).toEqual([program.trouble, expect.stringContaining(device)]);
    expect(claimed(map)).toBe(0);
    mend();
    expect(rescue(program, '--force', DEMO, device, map).status).toBe(0);
    expect(readFileSync(behind).equals(TRUTH)).toBe(true);
  });

  test.each(PROGRAMS)('fails in a later run: $name keeps what it had', async (program) => {
    const { device, behind, map, fail } = await outputDevice('pwrite');
    rescue(program, '--force', ...BAD, DEMO, device, map);
    const before = [...mapOf(map).ranges('+')];
    fail();
    expect(rescue(program, '--force', '-r1', DEMO, device, map).status).toBe(program.trouble);
    expect([...mapOf(map).ranges('+')]).toEqual(before);
    expectHeld(map, behind, TRUTH);
  });
});

const shrinking = needing(
  'a device that shrinks while it is read',
  missingForDevices() ?? missingForTracing(),
);

describe.skipIf(shrinking.isSkipped)(shrinking.title, () => {
  test.each(PROGRAMS)('$name: that is no success, and the rest stays untried', async (program) => {
    const dir = temporaryDirectory();
    const [disk, out, map, log] = ['disk', 'out', 'map', 'log'].map((name) => join(dir, name)) as [
      ...[string, string, string, string],
    ];
    copyFileSync(DEMO, disk);
    const device = run('losetup', '--read-only', '--find', '--show', disk);
    onTestFinished(() => void run('losetup', '--detach', device));
    const slowly = ['-e', 'trace=pread64', '-e', 'inject=pread64:delay_enter=30000'];
    const ended = startTraced(program, ['-P', device, '-o', log, ...slowly], device, out, map);
    await until(() => existsSync(log) && readFileSync(log, 'utf8').split('\n').length > 4);
    truncateSync(disk, 3 * MIB);
    run('losetup', '--set-capacity', device);
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([program.trouble, expect.stringContaining('ended')]);
    expect([mapOf(map).end, mapOf(map).sizeOf('?')]).toEqual([SIZE, SIZE - 3 * MIB]);
    expectHeld(map, out, TRUTH);
  });
});

const mounted = needing('a mounted file system', missingForStick('ext4'));

describe.skipIf(mounted.isSkipped)(mounted.title, () => {
  test.each(PROGRAMS)('$name --force does not overwrite it; another option does', (program) => {
    const dir = temporaryDirectory();
    const [folder, map] = [join(dir, 'folder'), join(dir, 'map')];
    mkdirSync(folder);
    const stick = makeStick('ext4', { folder: dir, size: 8 * MIB });
    onTestFinished(() => stick.close());
    stick.mount(folder);
    // Where ext4 has its name; other bytes of a mounted file system may change by themselves.
    const uuid = (): string => readFileSync(stick.device).subarray(1128, 1144).toString('hex');
    const before = uuid();
    const { status, stderr } = rescue(program, '--force', DEMO, stick.device, map);
    expect([status, stderr]).toEqual([
      program.refused,
      expect.stringContaining(program.overMounted),
    ]);
    expect(uuid()).toBe(before);
    expect(existsSync(map)).toBe(false);
    const insists = ['--force', program.overMounted, DEMO, stick.device, map];
    expect(rescue(program, ...insists).status).toBe(0);
    expect(uuid()).toBe(TRUTH.subarray(1128, 1144).toString('hex'));
  });
});

function run(tool: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}
