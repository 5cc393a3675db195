/** The traps of docs/traps.md that need real devices and file systems: each one, and how it ends here. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeStick, missingForStick, type StickKind } from '../../../scripts/stick.ts';
import { type Answer, DEMO, MIB, needing, rescueCommand, temporaryDirectory } from './command.ts';

const PROGRAM = fileURLToPath(new URL('../bin/rescue.js', import.meta.url));
const CUT = ['--chunk-size', '1MiB'];

const read = (source: string, ...more: string[]): Answer =>
  rescueCommand(['read', source, ...more]);
const copy = (...words: string[]): Answer => rescueCommand(['copy', ...words]);

function expectRefused({ status, stderr }: Answer, ...words: string[]): void {
  expect([status, stderr]).toEqual([7, expect.stringMatching(/^rescue: /m)]);
  for (const word of words) expect(stderr).toContain(word);
}

/** Two devices at once, and a stick. */
function missingForLoops(): string | undefined {
  const missing = missingForStick('ext4');
  if (missing !== undefined) return missing;
  return freeLoops().length < 2 ? 'needs two free loop devices' : undefined;
}

/** The nodes of loop devices that nobody uses, those with high numbers first. */
function freeLoops(): string[] {
  const used = spawnSync('losetup', ['--list', '--noheadings', '--output', 'NAME']).stdout;
  const taken = String(used).split('\n');
  const numbers = Array.from({ length: 64 }, (_, i) => `/dev/loop${63 - i}`);
  return numbers.filter((path) => existsSync(path) && !taken.includes(path));
}

function run(tool: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** Attaches an image to a loop device, until the test ends or `detach` is called. */
function attach(image: string, device: string): () => void {
  run('losetup', device, image);
  let isAttached = true;
  const detach = (): void => {
    if (isAttached) run('losetup', '--detach', device);
    isAttached = false;
  };
  onTestFinished(detach);
  return detach;
}

/** A stick that is mounted until the test ends. */
function stickIn(
  dir: string,
  kind: StickKind,
  sizeMib: number,
): { image: string; device: string; folder: string } {
  const folder = join(dir, 'stick');
  mkdirSync(folder);
  const stick = makeStick(kind, { folder: dir, size: sizeMib * MIB });
  onTestFinished(() => stick.close());
  stick.mount(folder);
  return { image: join(dir, `stick-${kind}.img`), device: stick.device, folder };
}

const memory = needing(
  'T16: a map in memory',
  existsSync('/dev/shm') && spawnSync('stat', ['-fc', '%T', '/dev/shm']).stdout.includes('tmpfs')
    ? undefined
    : 'needs a tmpfs at /dev/shm',
);

describe.skipIf(memory.isSkipped)(memory.title, () => {
  test('is warned of by read, and a copy of it beside the chunks goes on', () => {
    const [dir, volatile] = [temporaryDirectory(), memoryDirectory()];
    const map = join(volatile, 'common.map');
    const first = read(DEMO, '--chunk', '0', ...CUT, '--out', dir, '--map', map);
    expect([first.status, first.stderr]).toEqual([
      0,
      expect.stringContaining(`${map} lies in memory`),
    ]);
    expect(first.stderr).toContain(`A copy is kept as ${join(dir, 'common.copy.map')}`);
    const kept = join(dir, 'common.copy.map');
    expect(readFileSync(kept, 'utf8')).toBe(readFileSync(map, 'utf8'));
    rmSync(map);
    copyFileSync(kept, join(dir, 'common.map'));
    const next = read(DEMO, '--chunk', '0-1', '--out', dir);
    expect(next.stdout).toContain('chunk 0 of 0-4 (0 B - 1 MiB): finished before');
    expect([next.status, next.stderr]).toEqual([0, '']);
  });

  test('says that there is no copy when the chunks are in memory as well', () => {
    const volatile = memoryDirectory();
    const { stderr } = read(DEMO, '--chunk', '0', ...CUT, '--out', volatile);
    expect(stderr).toContain('lies in memory');
    expect(stderr).not.toContain('A copy is kept');
  });

  test('has a copy beside the image of rescue copy, as it says', () => {
    const [dir, volatile] = [temporaryDirectory(), memoryDirectory()];
    const map = join(volatile, 'a.map');
    const { stderr } = copy(DEMO, join(dir, 'a.img'), map);
    expect(stderr).toContain('lies in memory');
    expect(stderr).toContain('A copy is kept as');
    const maps = readdirSync(dir).filter((name) => name.endsWith('.map'));
    const kept = maps.map((name) => readFileSync(join(dir, name), 'utf8'));
    expect(kept).toEqual([readFileSync(map, 'utf8')]);
  });
});

function memoryDirectory(): string {
  const dir = mkdtempSync('/dev/shm/rescue-test-');
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const loops = needing('with loop devices', missingForLoops());

describe.skipIf(loops.isSkipped)(loops.title, () => {
  test('T17: a disk that has another name after a restart is found, and another one is refused', () => {
    const dir = temporaryDirectory();
    const [disk, other, out] = [join(dir, 'disk.img'), join(dir, 'other.img'), join(dir, 'out')];
    for (const image of [disk, other]) writeFileSync(image, randomBytes(4 * MIB));
    mkdirSync(out);
    const [a = '', b = ''] = freeLoops();
    const detach = attach(disk, a);
    expect(read(a, '--chunk', '0', ...CUT, '--out', out).status).toBe(0);
    detach();
    attach(other, a);
    const detachB = attach(disk, b);
    const moved = read(a, '--chunk', '1', '--out', out);
    expect(moved.status).toBe(0);
    expect(moved.stderr).toContain(`${a} is not the disk that this rescue was begun with; ${b} is`);
    const chunk = readFileSync(join(out, 'chunk01.raw')).subarray(MIB);
    expect(chunk.equals(readFileSync(disk).subarray(MIB, 2 * MIB))).toBe(true);
    detachB();
    const before = readFileSync(join(out, 'common.map'), 'utf8');
    const gone = read(a, '--chunk', '2', '--out', out);
    expectRefused(gone, `common.map belongs to another disk than ${a}`, 'lsblk');
    expect(readFileSync(join(out, 'common.map'), 'utf8')).toBe(before);
    expect(existsSync(join(out, 'chunk02.raw'))).toBe(false);
  });

  test('T18: a source that is mounted for writing is refused, by device and by image', () => {
    const dir = temporaryDirectory();
    const { image, device, folder } = stickIn(dir, 'ext4', 4);
    const out = join(dir, 'out');
    mkdirSync(out);
    const before = readFileSync(image);
    for (const work of [
      () => read(device, '--all', '--out', out),
      () => read(image, '--all', '--out', out),
      () => read(device, '--all', '--out', folder, '--map', join(out, 'common.map')),
      () => copy(device, join(out, 'a.img')),
    ]) {
      expectRefused(work(), `is mounted at ${folder} and can be written to`, `umount ${folder}`);
    }
    expect(readdirSync(out)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['lost+found']);
    expect(readFileSync(image).equals(before)).toBe(true);
    const onto = copy(DEMO, device, join(out, 'a.map'), '--force');
    expectRefused(onto, device, `is mounted at ${folder}`, `umount ${folder}`);
    expect(readFileSync(image).equals(before)).toBe(true);
    run('mount', '-o', 'remount,ro', folder);
    const readOnly = read(device, '--all', '--out', out);
    expect(readOnly.status).toBe(0);
    expect(readOnly.stderr).toContain(`is mounted at ${folder}; leave it alone`);
    expect(readFileSync(join(out, 'chunk00.raw')).equals(readFileSync(image))).toBe(true);
  });

  test('T18: an image is not written through a device that is made of it', () => {
    const dir = temporaryDirectory();
    const image = join(dir, 'disk.img');
    copyFileSync(DEMO, image);
    const [device = ''] = freeLoops();
    attach(image, device);
    expectRefused(copy(image, device, join(dir, 'a.map'), '--force'), image, device);
    expectRefused(copy(device, image, join(dir, 'b.map'), '--force'), image, device);
    expect(readFileSync(image).equals(readFileSync(DEMO))).toBe(true);
  });

  test('T24: the end of a run says how to take the stick away', () => {
    const { folder } = stickIn(temporaryDirectory(), 'ext4', 16);
    const { status, stderr } = read(DEMO, '--chunk', '0', ...CUT, '--out', folder, '-v');
    expect(status).toBe(0);
    expect(stderr).toContain('chunk00.raw: read again from the disk, past the cache; it is what');
    expect(stderr).toContain(`Before you pull the stick: umount ${folder}`);
    expect(read(DEMO, '--chunk', '0', '--out', folder).stderr).not.toContain('umount');
    expect(stderr).toContain('when the stick is lost, so is what is known of the disk');
  });

  test('T33: verify sees a byte that changed on the stick while the cache has the old one', () => {
    const dir = temporaryDirectory();
    const disk = join(dir, 'disk.img');
    writeFileSync(disk, randomBytes(3 * MIB));
    const { image, folder } = stickIn(dir, 'ext4', 16);
    read(disk, '--all', '--out', folder);
    const chunk = join(folder, 'chunk00.raw');
    const [good] = verified(folder);
    expect(good).toMatchObject({ isPastCache: true, different: [], same: 3 * MIB });
    const pos = 2 * MIB + 4096;
    damageUnder(image, readFileSync(disk).subarray(pos, pos + 512));
    expect(readFileSync(chunk).equals(readFileSync(disk))).toBe(true);
    const answer = rescueCommand(['verify', folder, '--differs', join(dir, 'differs.map')]);
    expect(answer.status).toBe(2);
    expect(answer.stdout).toContain(`not what was read in 1 piece: ${2 * MIB}-${3 * MIB}`);
    expect(answer.stdout).toContain('copy it again');
    const { map } = parseMapfile(readFileSync(join(dir, 'differs.map'), 'utf8'));
    expect([...map.ranges('-')]).toEqual([{ pos: 2 * MIB, size: MIB }]);
  });
});

function verified(path: string): unknown[] {
  const { stdout } = rescueCommand(['verify', path, '--json']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** Changes a byte of a file system's image behind the system's back. */
function damageUnder(image: string, sector: Uint8Array): void {
  const pos = readFileSync(image).indexOf(sector);
  expect(pos).toBeGreaterThan(0);
  const fd = openSync(image, 'r+');
  try {
    writeSync(fd, new Uint8Array([(sector[0] as number) ^ 1]), 0, 1, pos);
  } finally {
    closeSync(fd);
  }
}

const tracing = needing('seen by strace', missingForTracing());

describe.skipIf(tracing.isSkipped)(tracing.title, () => {
  test('T24: a chunk is on the stick before its map says so, and both before the common map', () => {
    const dir = temporaryDirectory();
    const log = join(dir, 'strace.log');
    const out = join(dir, 'out');
    mkdirSync(out);
    strace(['-e', 'trace=fsync,fdatasync,rename,openat', '-o', log], DEMO, out);
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(out));
    const last = (pattern: RegExp): number => calls.findLastIndex((line) => pattern.test(line));
    const order = [
      last(/f(data)?sync\(.*\/chunk00\.raw>/),
      last(/fsync\(.*\.chunk00\.map\..*tmp>/),
      last(/rename\(.*"[^"]*\/chunk00\.map"/),
      last(/rename\(.*"[^"]*\/common\.map"/),
      last(/fsync\(.*\/out>/),
    ];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThanOrEqual(0);
    // Read again at last, and not from the cache.
    expect(last(/openat\(.*chunk00\.raw.*O_DIRECT/)).toBeGreaterThan(order[2] as number);
  });

  test('T33: where the cache cannot be passed by, verify says so', () => {
    const dir = temporaryDirectory();
    read(DEMO, '--chunk', '0', ...CUT, '--out', dir);
    const chunk = join(dir, 'chunk00.raw');
    const refusing = ['-P', chunk, '-e', 'inject=openat:error=EINVAL:when=1'];
    const words = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=openat', ...refusing];
    const { status, stdout } = spawnSync(
      'strace',
      [...words, process.execPath, PROGRAM, 'verify', chunk],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    expect(stdout).toContain('1048576 bytes are as they came from the source');
    expect(stdout).toContain("read from the system's cache, perhaps");
    expect(stdout).toContain('verify once more');
  });
});

function strace(words: readonly string[], source: string, out: string): void {
  const command = [process.execPath, PROGRAM, 'read', source, '--chunk', '0', '--out', out];
  const { status, stderr } = spawnSync('strace', ['-f', '-y', '-qq', ...words, ...command], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
}

function missingForTracing(): string | undefined {
  const { status } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']);
  return status === 0 ? undefined : 'needs strace that may trace';
}

const exfat = needing('T22: an exFAT stick', missingForStick('exfat'));

describe.skipIf(exfat.isSkipped)(exfat.title, () => {
  test('gets compact chunks, as many as fit, and that is said first', () => {
    const dir = temporaryDirectory();
    const map = join(dir, 'common.map');
    const { folder: stick } = stickIn(dir, 'exfat', 6);
    const words = ['--fit', '--out', stick, '--map', map];
    const first = read(DEMO, ...words, ...CUT, '-v');
    expect(first.status).toBe(0);
    expect(first.stderr).toContain('has no holes in files: chunks are written compact');
    expect(first.stderr).toMatch(/ are free in .*: 2 chunks fit \(chunks 0 to 1\)/);
    expect(first.stderr).toContain('3 chunks will be left');
    const chunks = readdirSync(stick).filter((name) => name.endsWith('.raw'));
    expect(chunks.map((name) => statSync(join(stick, name)).size)).toEqual(chunks.map(() => MIB));
    const full = read(DEMO, ...words);
    expect([full.status, full.stderr]).toEqual([
      1,
      expect.stringContaining('; the next chunk needs'),
    ]);
    expect(full.stderr).toContain('--free makes room');
    expect(readdirSync(stick).filter((name) => name.endsWith('.raw'))).toEqual(chunks);
    const final = join(dir, 'final.raw');
    rescueCommand(['merge', ...chunks.map((name) => join(stick, name)), final]);
    const end = chunks.length * MIB;
    const image = readFileSync(final).subarray(0, end);
    expect(image.equals(readFileSync(DEMO).subarray(0, end))).toBe(true);
    expect(read(DEMO, ...words, '--free').stdout).toContain('Deleted here');
  });
});

const fat = needing('T22: a FAT32 stick', missingForStick('fat32'));

describe.skipIf(fat.isSkipped)(fat.title, () => {
  test('is not begun with a chunk that it cannot take', () => {
    const dir = temporaryDirectory();
    const disk = join(dir, 'disk.img');
    writeFileSync(disk, '');
    truncateSync(disk, 5 * 1024 * MIB);
    const { folder: stick } = stickIn(dir, 'fat32', 64);
    const before = readdirSync(stick);
    const words = ['--chunk', '0', '--out', stick, '--map', join(dir, 'common.map')];
    const large = read(disk, ...words, '--chunk-size', '4500MiB');
    expect([large.status, large.stderr]).toEqual([1, expect.stringContaining('FAT32 takes less')]);
    expect(large.stderr).toContain('Use a smaller --chunk-size');
    const sparse = read(disk, ...words, '--chunk-size', '100MiB', '--layout', 'sparse');
    expect([sparse.status, sparse.stderr]).toEqual([1, expect.stringContaining('compact')]);
    expect(readdirSync(stick)).toEqual(before);
    expect(existsSync(join(dir, 'common.map'))).toBe(false);
  });
});
