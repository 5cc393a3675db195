/** The traps of docs/traps.md that snap while a disk is read: each one, and how it ends here. */
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  BAD,
  DEMO,
  MIB,
  rescueCommand,
  startRescue,
  temporaryDirectory,
} from './command.ts';

const SIZE = statSync(DEMO).size;
const CUT = ['--chunk-size', '1MiB'];

const mapAt = (path: string): RescueMap => parseMapfile(readFileSync(path, 'utf8')).map;
const read = (source: string, ...more: string[]): Answer =>
  rescueCommand(['read', source, ...more]);
const copy = (...words: string[]): Answer => rescueCommand(['copy', ...words]);

/** The bytes of all files in a folder, by name; locks come and go. */
function contents(dir: string): Record<string, string> {
  const names = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ name }) => [name, readFileSync(join(dir, name), 'latin1')]),
  );
}

/** Does something that has to leave every file of these folders as it is, and add none. */
function unchanged(dirs: readonly string[], work: () => Answer): Answer {
  const before = dirs.map(contents);
  const answer = work();
  expect(dirs.map((dir) => Object.keys(contents(dir)))).toEqual(before.map(Object.keys));
  expect(dirs.map(contents).every((now, i) => isSame(now, before[i]))).toBe(true);
  return answer;
}

function isSame(a: Record<string, string>, b: Record<string, string> | undefined): boolean {
  return Object.entries(a).every(([name, bytes]) => b?.[name] === bytes);
}

/** Refused, with a sentence that has all these words. */
function expectRefused({ status, stderr }: Answer, ...words: string[]): void {
  expect([status, stderr]).toEqual([7, expect.stringMatching(/^rescue: /m)]);
  for (const word of words) expect(stderr).toContain(word);
}

function folder(dir: string, name: string): string {
  mkdirSync(join(dir, name));
  return join(dir, name);
}

/** An image as long as the demo disk, with other bytes. */
function otherDisk(dir: string): string {
  const path = join(dir, 'other.img');
  writeFileSync(path, readFileSync(DEMO).reverse());
  return path;
}

describe('T1: a finished map with another disk of the same size', () => {
  test('read refuses it, into the old folder and into a new one', () => {
    const dir = temporaryDirectory();
    const [out, fresh] = [folder(dir, 'out'), folder(dir, 'fresh')];
    const other = otherDisk(dir);
    read(DEMO, '--all', ...CUT, '--out', out);
    const map = join(out, 'common.map');
    const again = unchanged([out], () => read(other, '--all', '--out', out));
    expectRefused(again, `${map} belongs to another disk than ${other}`, 'position', '--adopt');
    const elsewhere = unchanged([out, fresh], () =>
      read(other, '--all', '--map', map, '--out', fresh),
    );
    expectRefused(elsewhere, map, other, '--adopt');
  });

  test('copy refuses it, onto the old image and onto a new one', () => {
    const dir = temporaryDirectory();
    const other = otherDisk(dir);
    const [image, map] = [join(dir, 'a.img'), join(dir, 'a.img.map')];
    copy(DEMO, image);
    expectRefused(
      unchanged([dir], () => copy(other, image)),
      map,
      other,
      '--adopt',
    );
    expectRefused(
      unchanged([dir], () => copy(other, join(dir, 'b.img'), map)),
      map,
      other,
      '--adopt',
    );
  });

  test('copy refuses it also where the two disks begin alike', () => {
    const dir = temporaryDirectory();
    const [image, other] = [join(dir, 'a.img'), join(dir, 'other.img')];
    writeFileSync(other, readFileSync(DEMO).fill('x', MIB, 4 * MIB));
    copy(DEMO, image);
    expectRefused(
      unchanged([dir], () => copy(other, image)),
      `${image}.map`,
      other,
    );
  });
});

describe('T1: an output that was emptied under its map', () => {
  test('is refused by read and copy, also where it is as long as before', () => {
    const dir = temporaryDirectory();
    const out = folder(dir, 'out');
    const [chunk, image] = [join(out, 'chunk01.raw'), join(dir, 'a.img')];
    read(DEMO, '--chunk', '1', ...CUT, '--out', out);
    copy(DEMO, image);
    for (const [size, sentence] of [
      [0, 'has only 0 bytes'],
      [SIZE, 'there are other bytes'],
    ] as const) {
      for (const path of [chunk, image]) writeFileSync(path, Buffer.alloc(size));
      const again = unchanged([out], () => read(DEMO, '--chunk', '1', '--out', out));
      expectRefused(again, chunk, sentence, '--reread');
      const copied = unchanged([dir], () => copy(DEMO, image));
      expectRefused(copied, `${image} `, `${image}.map says`, sentence);
    }
  });

  test('is refused where the map is ddrescue’s and there is no chunk at all', () => {
    const dir = temporaryDirectory();
    const out = folder(dir, 'out');
    const map = join(dir, 'disk.map');
    writeFileSync(map, `0 + 1\n0 ${SIZE} +\n`);
    expectRefused(
      unchanged([dir, out], () => read(DEMO, '--all', ...CUT, '--map', map, '--out', out)),
      map,
      'no chunk in',
    );
  });
});

test('T8: no old bytes stay where the source has zeros, with -S and without', () => {
  const dir = temporaryDirectory();
  const [zeros, old] = [join(dir, 'zeros.img'), join(dir, 'old.img')];
  const source = readFileSync(DEMO).fill(0, MIB, 3 * MIB);
  writeFileSync(zeros, source);
  writeFileSync(old, Buffer.alloc(SIZE, 'x'));
  const map = join(dir, 'old.map');
  expect(rescueCommand(['ddrescue', '-q', '-S', zeros, old, map]).status).toBe(0);
  expect(mapAt(map).sizeOf('+')).toBe(SIZE);
  expect(readFileSync(old).equals(source)).toBe(true);
  const mine = join(dir, 'mine.img');
  writeFileSync(mine, Buffer.alloc(SIZE, 'x'));
  expectRefused(
    unchanged([dir], () => copy(zeros, mine)),
    mine,
    'no map',
  );
  expect(copy(zeros, mine, '--force').status).toBe(0);
  expect(readFileSync(mine).equals(source)).toBe(true);
});

test('T9: leading zeros and units in maps made by hand are explained', () => {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'octal.map'), '0 + 1\n\n010000000 0x1000 +\n');
  writeFileSync(join(dir, 'units.map'), '0 + 1\n0 100M +\n');
  const lint = rescueCommand(['map', 'lint', 'octal.map', 'units.map'], { cwd: dir });
  expect(lint.status).toBe(2);
  expect(lint.stdout).toContain('octal.map: line 3, column 1: 010000000 is octal, 2097152');
  expect(lint.stdout).toContain('is 10000000 meant?');
  expect(lint.stdout).toContain('units.map: line 2, column 3: 100M has a unit');
  expect(lint.stdout).toContain('write 100000000');
});

test('T10: a run that came to its end without all bytes ends with 4, and says what is lost', () => {
  const dir = temporaryDirectory();
  const chunk = read(DEMO, ...BAD, '--chunk', '0', ...CUT, '--out', dir);
  expect(chunk.status).toBe(4);
  expect(chunk.stdout).toContain(
    '1034752 of 1048576 bytes rescued (98.68 %), 13.5 KiB unreadable in 4 areas',
  );
  const whole = copy(DEMO, join(dir, 'a.img'), ...BAD);
  expect(whole.status).toBe(4);
  expect(whole.stdout).toContain('(94.26 %), 235 KiB unreadable in 12 areas');
});

test('T11: maps of neighbouring chunks join into one', () => {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, '0.map'), `0 + 1\n0 ${MIB} +\n`);
  writeFileSync(join(dir, '1.map'), `0 + 1\n${MIB} 4096 -\n${MIB + 4096} ${MIB - 4096} +\n`);
  const { status, stdout } = rescueCommand(['map', 'union', '0.map', '1.map'], { cwd: dir });
  expect(status).toBe(0);
  expect([...parseMapfile(stdout).map.blocks()]).toEqual([
    { pos: 0, size: MIB, status: '+' },
    { pos: MIB, size: 4096, status: '-' },
    { pos: MIB + 4096, size: MIB - 4096, status: '+' },
  ]);
});

describe('T12: in the place of the common map', () => {
  test("a chunk's map is refused by read and copy, and stays as it is", () => {
    const dir = temporaryDirectory();
    const out = folder(dir, 'out');
    read(DEMO, '--chunk', '0', ...CUT, '--out', out);
    const map = join(out, 'chunk00.map');
    for (const work of [
      () => read(DEMO, '--chunk', '2', '--map', map, '--out', out),
      () => copy(DEMO, join(dir, 'a.img'), map),
    ]) {
      const refused = unchanged([dir, out], work);
      expectRefused(refused, `${map} is the map of chunk 0`, 'common.map', '--adopt');
    }
  });

  test('a plan of rescue plan is refused, and stays as it is', () => {
    const dir = temporaryDirectory();
    const plans = folder(dir, 'plans');
    rescueCommand(['plan', DEMO, ...CUT, '--maps', plans]);
    const plan = join(plans, 'chunk01.plan.map');
    const refused = unchanged([dir, plans], () => read(DEMO, '--all', '--map', plan, '--out', dir));
    expectRefused(refused, `${plan} is a plan`, 'common.map');
  });

  test('a plan made by hand is refused, and stays as it is', () => {
    const dir = temporaryDirectory();
    const out = folder(dir, 'out');
    const plan = join(dir, 'plan.map');
    writeFileSync(plan, `0 + 1\n0 ${MIB} +\n`);
    const words = ['--all', ...CUT, '--map', plan, '--out', out];
    expectRefused(
      unchanged([dir, out], () => read(DEMO, ...words)),
      plan,
    );
  });
});

test('T15: there is always a map, and the end of a run says where', () => {
  const dir = temporaryDirectory();
  const image = join(dir, 'a.img');
  const copied = copy(DEMO, image);
  expect(copied.stdout).toContain(`${image}  ${image}.map`);
  expect(mapAt(`${image}.map`).sizeOf('+')).toBe(SIZE);
  const chunk = read(DEMO, '--chunk', '0', ...CUT, '--out', dir);
  expect(chunk.stdout).toContain(`${join(dir, 'chunk00.raw')}  ${join(dir, 'chunk00.map')}`);
  expect(mapAt(join(dir, 'common.map')).sizeOf('+')).toBe(MIB);
  const merged = rescueCommand(['merge', join(dir, 'chunk00.raw'), join(dir, 'final.raw')]);
  expect(merged.status).toBe(4);
  expect(mapAt(join(dir, 'final.map')).sizeOf('+')).toBe(MIB);
});

test('T26: a chunk size that is no whole number of sectors is rounded, told and remembered', () => {
  const dir = temporaryDirectory();
  const first = read(DEMO, '--chunk', '0', '--chunk-size', '1M', '--out', dir);
  expect(first.stderr).toContain('rounded up from 1000000 to 1000448 bytes');
  expect(first.stderr).toContain('sectors of 512 bytes');
  expect(readFileSync(join(dir, 'common.map'), 'utf8')).toContain('# Chunk size: 1000448\n');
  expect(read(DEMO, '--chunk', '1', '--out', dir).stdout).toContain('1000448 of 1000448 bytes');
  const other = unchanged([dir], () => read(DEMO, '--chunk', '2', ...CUT, '--out', dir));
  expectRefused(other, '1000448', '1048576', 'Leave --chunk-size out');
});

test('T32: a second run on the same map is refused with the process of the first', async () => {
  const dir = temporaryDirectory();
  const [big, out] = [join(dir, 'big.img'), folder(dir, 'out')];
  writeFileSync(big, '');
  truncateSync(big, 256 * MIB);
  const first = startRescue(['read', big, '--all', '-c', '1', '--out', out]);
  try {
    while (!existsSync(join(out, 'chunk00.raw'))) await new Promise((go) => setTimeout(go, 5));
    first.kill('SIGSTOP');
    await untilStopped(first.pid as number);
    const second = unchanged([out], () => read(big, '--all', '--out', out));
    expectRefused(second, join(out, 'common.map'), `process ${first.pid}`);
  } finally {
    first.kill('SIGKILL');
    await once(first, 'exit');
  }
  // What a killed run leaves behind holds nobody up.
  const [left] = readdirSync(out).filter((name) => name.endsWith('.lock'));
  expect(left).toBeDefined();
  expect(read(big, '--chunk', '0', '--out', out).status).toBe(0);
});

/** All threads of a process have stopped: what was begun is not finished a moment later. */
async function untilStopped(pid: number): Promise<void> {
  const isStopped = (thread: string): boolean =>
    /^State:\tT/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'));
  while (!readdirSync(`/proc/${pid}/task`).every(isStopped)) {
    await new Promise((go) => setTimeout(go, 5));
  }
}

describe("T35: a partition's map with the whole disk", () => {
  test('is refused with the partition and where it begins, and the advice works', () => {
    const { dir, disk, part } = partitioned();
    const out = folder(dir, 'out');
    read(part, '--chunk', '0-1', ...CUT, '--out', out);
    const map = join(out, 'common.map');
    for (const work of [
      () => read(disk, '--chunk', '2', '--out', out),
      () => copy(disk, join(dir, 'a.img'), map),
    ]) {
      const refused = unchanged([dir, out], work);
      expectRefused(refused, map, 'partition 1', `position ${MIB}`);
      expect(refused.stderr).toContain(`rescue map shift ${map} --by ${MIB} --output NEW.map`);
    }
    const shifted = join(dir, 'disk.map');
    rescueCommand(['map', 'shift', map, '--by', `${MIB}`, '--output', shifted]);
    expect([...mapAt(shifted).ranges('+')]).toEqual([{ pos: MIB, size: 2 * MIB }]);
  });

  test('is refused where the map is ddrescue’s, too', () => {
    const { dir, disk } = partitioned();
    const out = folder(dir, 'out');
    const map = join(out, 'common.map');
    writeFileSync(map, `0 ? 1\n0 ${2 * MIB} +\n${2 * MIB} ${SIZE - 2 * MIB} ?\n`);
    expectRefused(
      unchanged([out], () => read(disk, '--chunk', '5', ...CUT, '--out', out)),
      map,
      'partition 1',
    );
  });
});

/** The demo disk as a partition, and a disk with an MBR that has it 1 MiB from its start. */
function partitioned(): { dir: string; disk: string; part: string } {
  const dir = temporaryDirectory();
  const [disk, part] = [join(dir, 'disk.img'), join(dir, 'part.img')];
  copyFileSync(DEMO, part);
  const bytes = Buffer.alloc(8 * MIB);
  bytes[446 + 4] = 0x83;
  bytes.writeUInt32LE(MIB / 512, 446 + 8);
  bytes.writeUInt32LE(SIZE / 512, 446 + 12);
  bytes.writeUInt16BE(0x55aa, 510);
  bytes.set(readFileSync(DEMO), MIB);
  writeFileSync(disk, bytes);
  return { dir, disk, part };
}

test('T36: maps of older and newer ddrescues are read and gone on with', () => {
  const dir = temporaryDirectory();
  const [image, old] = [join(dir, 'a.img'), join(dir, 'old.map')];
  const half = readFileSync(DEMO).subarray(0, 2 * MIB);
  const blocks = `0x00000000  0x00200000  +\n0x00200000  0x00200600  ?\n`;
  writeFileSync(image, half);
  writeFileSync(
    old,
    `# Rescue Logfile. Created by GNU ddrescue version 1.14\n0x200000 ?\n${blocks}`,
  );
  writeFileSync(
    join(dir, 'new.map'),
    `# Mapfile. Created by GNU ddrescue version 1.30\n0 % 1\n${blocks}`,
  );
  const words = ['map', 'convert', join(dir, 'new.map'), '--for', '1.29'];
  const converted = rescueCommand(words);
  expect([converted.status, converted.stdout]).toEqual([
    0,
    expect.stringMatching(/^0x0+ +\? +5$/m),
  ]);
  expect(converted.stderr).toContain('sweeping (%), which came with 1.30');
  const shown = rescueCommand(['map', 'show', old, join(dir, 'new.map')]);
  expect(shown.status).toBe(0);
  expect(shown.stdout).toContain('copying, pass 1, at 0x00200000');
  expect(shown.stdout).toContain('sweeping, pass 1');
  expect(copy(DEMO, image, old).status).toBe(0);
  expect(readFileSync(image).equals(readFileSync(DEMO))).toBe(true);
  // What we leave behind is read by all of them: the state of an ended run is a plain +.
  expect(readFileSync(old, 'utf8')).toMatch(/^0x[0-9A-F]+ +\+ +1$/m);
});

test('T37: --chunk with a size, or counted from 1, is answered with what was meant', () => {
  const dir = temporaryDirectory();
  const size = unchanged([dir], () => read(DEMO, '--chunk', '100M', '--out', dir));
  expect([size.status, size.stderr]).toEqual([
    1,
    expect.stringContaining('"100M" is not a chunk number; for a size use --chunk-size 100M'),
  ]);
  const beyond = read(DEMO, '--chunk', '5', ...CUT, '--out', dir);
  expect([beyond.status, beyond.stderr]).toEqual([
    1,
    expect.stringContaining('The last chunk is 4.'),
  ]);
  const first = read(DEMO, '--chunk', '1', ...CUT, '--out', dir);
  expect(first.stdout).toContain('chunk 1 of 0-4 (1 MiB - 2 MiB)');
});
