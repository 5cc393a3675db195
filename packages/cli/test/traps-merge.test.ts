/** The traps of docs/traps.md that snap when chunks are put together: each one, and how it ends here. */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForSmallDisk, smallDisk } from '../../engine/test/node/scratch.ts';
import {
  type Answer,
  BAD,
  DEMO,
  fixture,
  MIB,
  PROGRAM,
  rescueCommand,
  temporaryDirectory,
} from './command.ts';

const SIZE = statSync(DEMO).size;

const raw = (dir: string, number: number): string => join(dir, `chunk0${number}.raw`);
const mapAt = (path: string): RescueMap => parseMapfile(readFileSync(path, 'utf8')).map;
const blocksAt = (path: string): unknown[] => [...mapAt(path).blocks()];
const merge = (...files: string[]): Answer => rescueCommand(['merge', ...files]);

/** Chunks of the demo disk, some of whose sectors fail, read once for all tests. */
let stock: string;

beforeAll(() => {
  stock = mkdtempSync(join(tmpdir(), 'rescue-traps-'));
  const words = ['read', DEMO, ...BAD, '--all', '--chunk-size', '1MiB', '--out', stock];
  expect(rescueCommand(words).status).toBe(4);
});

afterAll(() => rmSync(stock, { recursive: true, force: true }));

/** Folders of one test; the first one has the chunks. */
function folders<const Names extends string[]>(...names: Names): { [I in keyof Names]: string } {
  const dir = temporaryDirectory();
  const made = names.map((name) => join(dir, name)) as { [I in keyof Names]: string };
  cpSync(stock, made[0] as string, { recursive: true });
  for (const folder of made.slice(1)) mkdirSync(folder);
  return made;
}

/** Reads chunks into a folder in the layout for FAT. */
function readCompact(chunks: string, dir: string): void {
  const words = ['--chunk-size', '1MiB', '--layout', 'compact', '--out', dir];
  rescueCommand(['read', DEMO, ...BAD, '--chunk', chunks, ...words]);
}

/** Copies the files of a chunk, as a file manager would. */
function carry(chunk: string, to: string): string {
  for (const path of [chunk, chunk.replace(/raw$/, 'map')]) {
    copyFileSync(path, join(to, basename(path)));
  }
  return join(to, basename(chunk));
}

/** The demo disk with zeros where nothing can be read. */
function demoAsFarAsReadable(): Buffer {
  const bytes = readFileSync(DEMO);
  for (const { pos, size } of mapAt(fixture('demo-bad.map')).ranges('-')) {
    bytes.fill(0, pos, pos + size);
  }
  return bytes;
}

/** Changes one byte. */
function damage(path: string, pos: number): void {
  const bytes = readFileSync(path);
  bytes[pos] = (bytes[pos] as number) ^ 1;
  writeFileSync(path, bytes);
}

/** Merging this chunk into an image that has others is refused, and image and map stay as they are. */
function expectRefused(chunk: string, { status, stderr }: Answer): void {
  expect(status).toBe(2);
  expect(stderr).toContain('Refused:');
  expect(stderr).toContain(chunk.replace(/\.raw$/, ''));
  expect(stderr).toMatch(/Copy .*again|Give the chunk/);
}

/** Does something to an image, which has to stay as it is. */
function unchanged(final: string, work: () => Answer): Answer {
  const map = final.replace(/raw$/, 'map');
  const before = { bytes: readFileSync(final), blocks: blocksAt(map) };
  const answer = work();
  expect(readFileSync(final).equals(before.bytes)).toBe(true);
  expect(blocksAt(map)).toEqual(before.blocks);
  return answer;
}

test('T1: an image that was emptied or replaced is not gone on with as if it were whole', () => {
  const [here] = folders('here');
  const final = join(here, 'final.raw');
  merge(raw(here, 0), raw(here, 1), final);
  const map = readFileSync(join(here, 'final.map'), 'utf8');
  writeFileSync(final, '');
  const emptied = merge(raw(here, 2), final);
  expect([emptied.status, emptied.stderr]).toEqual([7, expect.stringContaining('only 0 bytes')]);
  truncateSync(final, SIZE);
  const zeros = merge(raw(here, 2), final);
  expect([zeros.status, zeros.stderr]).toEqual([7, expect.stringMatching(/at position \d+/)]);
  expect(zeros.stderr).toContain(final);
  expect(zeros.stderr).toContain('Put the right image back');
  expect(readFileSync(final).equals(Buffer.alloc(SIZE))).toBe(true);
  expect(readFileSync(join(here, 'final.map'), 'utf8')).toBe(map);
});

test('T1: a chunk of another disk of the same size stays out of the image', () => {
  const [here, other] = folders('here', 'other');
  const disk = join(other, 'disk.img');
  writeFileSync(disk, readFileSync(DEMO).reverse());
  rescueCommand(['read', disk, '--chunk', '0,2', '--chunk-size', '1MiB', '--out', other]);
  const final = join(here, 'final.raw');
  merge(raw(here, 0), final);
  for (const number of [0, 2]) {
    const foreign = unchanged(final, () => merge(raw(other, number), final));
    expect(foreign.status).toBe(7);
    expect(foreign.stderr).toContain(`${raw(other, number)} `);
    expect(foreign.stderr).toMatch(/of another (disk|rescue)/);
    expect(foreign.stderr).toContain('--same-disk');
  }
});

describe('T2: a chunk beside the map of the whole disk', () => {
  test('is refused where the map says what it is', () => {
    const [here, stick] = folders('here', 'stick');
    const final = join(here, 'final.raw');
    merge(raw(here, 0), raw(here, 1), final);
    copyFileSync(raw(here, 4), raw(stick, 4));
    copyFileSync(join(here, 'common.map'), join(stick, 'chunk04.map'));
    expectRefused(
      raw(stick, 4),
      unchanged(final, () => merge(raw(stick, 4), final)),
    );
  });

  test('does not write the hole in front of it over what an image has', () => {
    const [here, stick] = folders('here', 'stick');
    const final = join(here, 'final.raw');
    merge(raw(here, 0), raw(here, 1), final);
    copyFileSync(raw(here, 4), raw(stick, 4));
    writeFileSync(join(stick, 'chunk04.map'), withoutComments(join(here, 'common.map')));
    const { status, stderr } = unchanged(final, () => merge(raw(stick, 4), final));
    expect([status, stderr]).toEqual([2, expect.stringContaining(raw(stick, 4))]);
  });

  test('does not give a new image the hole in front of it as data', () => {
    const [here, stick] = folders('here', 'stick');
    copyFileSync(raw(here, 4), raw(stick, 4));
    writeFileSync(join(stick, 'chunk04.map'), withoutComments(join(here, 'common.map')));
    const final = join(stick, 'final.raw');
    merge(raw(stick, 4), final);
    merge(raw(here, 0), raw(here, 1), raw(here, 2), raw(here, 3), raw(here, 4), final);
    expect(readFileSync(final).equals(demoAsFarAsReadable())).toBe(true);
  });
});

/** A map as ddrescue leaves it when it went on with ours. */
function withoutComments(path: string): string {
  return readFileSync(path, 'utf8').replace(/^#.*\n/gm, '');
}

test('T3: chunks merge in any order and again, chunk 10 behind chunk 2 however they are named', () => {
  const many = temporaryDirectory();
  rescueCommand(['read', DEMO, ...BAD, '--all', '--chunk-size', '256KiB', '--out', many]);
  for (const kind of ['raw', 'map']) {
    renameSync(join(many, `chunk02.${kind}`), join(many, `chunk2.${kind}`));
  }
  const names = [
    'chunk2.raw',
    ...Array.from({ length: 17 }, (_, i) => `chunk${String(i).padStart(2, '0')}.raw`),
  ].filter((name) => name !== 'chunk02.raw');
  const paths = names.map((name) => join(many, name));
  const at = (number: number): string => join(many, `chunk${number}.raw`);
  const final = join(many, 'final.raw');
  const first = merge(at(10), at(2), final);
  expect(first.stdout.indexOf('chunk2.raw')).toBeLessThan(first.stdout.indexOf('chunk10.raw'));
  expect(merge(...paths.slice(9).reverse(), final).stdout).toMatch(/chunk10\.raw: already merged/);
  const last = merge(...paths, final);
  expect(last.status).toBe(4);
  expect(readFileSync(final).equals(demoAsFarAsReadable())).toBe(true);
  const again = unchanged(final, () => merge(...paths, final));
  expect(again.stdout.match(/already merged/g)).toHaveLength(17);
});

test('T4: the right map with the wrong chunk file is refused, whatever their names say', () => {
  const [, here, stick] = folders('sparse', 'here', 'stick');
  readCompact('0-2', here);
  const final = join(here, 'final.raw');
  merge(raw(here, 2), final);
  copyFileSync(raw(here, 1), raw(stick, 0));
  copyFileSync(join(here, 'chunk00.map'), join(stick, 'chunk00.map'));
  const swapped = unchanged(final, () => merge(raw(stick, 0), final));
  expectRefused(raw(stick, 0), swapped);
  expect(swapped.stderr).toContain('between positions 0 and 1048576');
  // Here the pair is right and only its name is wrong: what it says of itself counts.
  copyFileSync(join(here, 'chunk01.map'), join(stick, 'chunk00.map'));
  merge(raw(stick, 0), final);
  const wanted = demoAsFarAsReadable()
    .fill(0, 0, MIB)
    .fill(0, 3 * MIB);
  expect(readFileSync(final).equals(wanted)).toBe(true);
});

test('T5: a chunk cut short is refused with its length, and the others of the call go in', () => {
  const [here, stick] = folders('here', 'stick');
  const short = carry(raw(here, 0), stick);
  truncateSync(short, 300_000);
  const final = join(stick, 'final.raw');
  const answer = merge(short, raw(here, 1), final);
  expectRefused(short, answer);
  expect(answer.stderr).toContain('it has 300000 of 1048576 bytes');
  expect(answer.stdout).toContain('missing');
  expect(blocksAt(join(stick, 'final.map'))).toEqual([
    { pos: 0, size: MIB, status: '?' },
    ...blocksAt(join(stock, 'chunk01.map')),
    { pos: 2 * MIB, size: SIZE - 2 * MIB, status: '?' },
  ]);
  expect(readFileSync(final).subarray(0, MIB).equals(Buffer.alloc(MIB))).toBe(true);
});

test('T6: one changed byte or bit is found to the MiB, in chunk or map, and nothing is written', () => {
  const [here, stick] = folders('here', 'stick');
  const fresh = join(stick, 'final.raw');
  const chunk = carry(raw(here, 0), stick);
  damage(chunk, 5000);
  const bytes = merge(chunk, fresh);
  expectRefused(chunk, bytes);
  expect(bytes.stderr).toContain('its digest differs between positions 0 and 1048576');
  carry(raw(here, 0), stick);
  const map = join(stick, 'chunk00.map');
  damage(map, readFileSync(map).indexOf('0x00000200  -') + 12);
  const bit = merge(chunk, fresh);
  expectRefused(chunk, bit);
  expect(bit.stderr).toContain(`${map} is damaged`);
  expect(existsSync(fresh)).toBe(false);
  expect(existsSync(join(stick, 'final.map'))).toBe(false);
});

test('T7: what could not be read arrives as bad, not as untried, and is told', () => {
  const [here] = folders('here');
  const final = join(here, 'final.raw');
  const { status, stdout } = merge(raw(here, 0), final);
  expect(status).toBe(4);
  expect(stdout).toContain(`${raw(here, 0)}: 1034752 bytes merged; 13.5 KiB of it could not`);
  expect(stdout).toContain('13.5 KiB could not be read, the first from position 39424 on');
  const [mine, true_] = [mapAt(join(here, 'final.map')), mapAt(fixture('demo-bad.map'))];
  expect([...mine.ranges('-')]).toEqual([...true_.slice(0, MIB).ranges('-')]);
});

test('T13: the image is as long as the disk from the first chunk on', () => {
  const [here] = folders('here');
  const final = join(here, 'final.raw');
  expect(merge(raw(here, 0), final).stdout).toContain(`1034752 of ${SIZE} bytes rescued`);
  expect(statSync(final).size).toBe(SIZE);
  expect(statSync(final).blocks * 512).toBeLessThan(2 * MIB);
  expect(mapAt(join(here, 'final.map')).end).toBe(SIZE);
});

test('T14: missing chunks are named, and the status is 4', () => {
  const [here] = folders('here');
  const { status, stdout } = merge(raw(here, 0), raw(here, 3), join(here, 'final.raw'));
  expect(status).toBe(4);
  expect(stdout).toContain('missing 2049.5 KiB: chunk01 - chunk02, chunk04');
});

test('T23: a compact chunk is no longer than its data, and a blown-up sparse one merges alike', () => {
  const [sparse, compact] = folders('a', 'b');
  readCompact('3', compact);
  expect([statSync(raw(sparse, 3)).size, statSync(raw(compact, 3)).size]).toEqual([4 * MIB, MIB]);
  // As Explorer, or cp --sparse=never, copies it: every byte of the hole is written.
  writeFileSync(raw(sparse, 3), readFileSync(raw(sparse, 3)));
  const images = [sparse, compact].map((dir) => {
    expect(merge(raw(dir, 3), join(dir, 'final.raw')).status).toBe(4);
    return {
      bytes: readFileSync(join(dir, 'final.raw')),
      blocks: blocksAt(join(dir, 'final.map')),
    };
  });
  expect(images[0]?.bytes.equals(images[1]?.bytes as Buffer)).toBe(true);
  expect(images[0]?.blocks).toEqual(images[1]?.blocks);
});

describe('what a receipt gives away', () => {
  const free = (dir: string): Answer =>
    rescueCommand(['read', DEMO, ...BAD, '--fit', '--free', '--out', dir]);

  test('is not a chunk that contradicts the image: one of the two is wrong', () => {
    const [stick, pc] = folders('stick', 'pc');
    const image = join(pc, 'final.raw');
    expect(merge(stick, image).status).toBe(4);
    // A bit of the image rots; the good copy is on the stick.
    const bytes = readFileSync(image);
    const [claimed] = mapAt(join(stick, 'chunk02.map')).ranges('+');
    const pos = (claimed?.pos ?? 0) + 100;
    bytes[pos] = (bytes[pos] as number) ^ 1;
    writeFileSync(image, bytes);
    const again = merge(stick, image);
    expect(again.status).toBe(7);
    expect(again.stderr).toContain(`both have byte ${pos} of the source`);
    const { stdout, stderr } = free(stick);
    expect(`${stdout}${stderr}`).toContain('chunk00.raw');
    expect(existsSync(raw(stick, 2))).toBe(true);
    expect(existsSync(raw(stick, 0))).toBe(false);
  });

  test.skipIf(missingForSmallDisk())('makes room on a stick that is full to the last byte', () => {
    const stick = smallDisk(16 * 1024) as string;
    const pc = temporaryDirectory();
    const map = join(pc, 'common.map');
    const chunks = ['--chunk-size', '1MiB', '--out', stick, '--map', map];
    expect(rescueCommand(['read', DEMO, ...BAD, '--chunk', '0-3', ...chunks]).status).toBe(4);
    expect(merge(stick, join(pc, 'final.raw')).status).toBe(4);
    for (let size = MIB; size >= 1; size = Math.floor(size / 2)) {
      for (let isFull = false; !isFull; ) {
        try {
          appendFileSync(join(stick, 'photos'), Buffer.alloc(size, 1));
        } catch {
          isFull = true;
        }
      }
    }
    const { stdout } = rescueCommand(['read', DEMO, ...BAD, '--fit', '--free', ...chunks]);
    expect(stdout).toContain('Deleted here, since the other PC has them');
    expect(existsSync(raw(stick, 0))).toBe(false);
    expect(existsSync(raw(stick, 4))).toBe(true);
  });

  test('is nothing of an earlier image once a new one is begun, even if that never gets far', () => {
    const [stick, pc] = folders('stick', 'pc');
    const image = join(pc, 'final.raw');
    expect(merge(stick, image).status).toBe(4);
    rmSync(pc, { recursive: true });
    mkdirSync(pc);
    const limit = `ulimit -f 1500; exec "$@"`;
    const command = [process.execPath, PROGRAM, 'merge', stick, image];
    const { status } = spawnSync('bash', ['-c', limit, 'bash', ...command]);
    expect(status).toBe(1);
    free(stick);
    expect(existsSync(raw(stick, 4))).toBe(true);
  });
});

test('an image that would take the map of the reading for its own is refused, and that map is to be kept', () => {
  const [stick] = folders('stick');
  const { status, stderr } = merge(raw(stick, 0), join(stick, 'common.raw'));
  expect(status).toBe(7);
  expect(stderr).toContain('is the map by which the disk is read');
  expect(stderr).toContain('Keep that map.');
});

test('status calls nothing merged that two images have one half of each', () => {
  const [stick, pc] = folders('stick', 'pc');
  const [first, second] = ['a', 'b'].map((name) => join(pc, `${name}.raw`)) as [string, string];
  merge(raw(stick, 0), raw(stick, 1), raw(stick, 2), first);
  expect(merge('--new-image', raw(stick, 3), raw(stick, 4), second).status).toBe(4);
  const { stdout } = rescueCommand(['status', pc, stick]);
  expect(stdout).not.toContain('may go');
  expect(stdout).toContain(`rescue merge`);
});

test('large chunks, of which one is written while the next is read, give every byte of the disk', () => {
  const dir = temporaryDirectory();
  const [disk, image] = [join(dir, 'disk'), join(dir, 'final.raw')];
  mkdirSync(join(dir, 'stick'));
  writeFileSync(disk, randomBytes(150 * MIB));
  const read = ['read', disk, '--all', '--chunk-size', '60MiB', '--out', join(dir, 'stick')];
  expect(rescueCommand(read).status).toBe(0);
  expect(merge(join(dir, 'stick'), image).status).toBe(0);
  expect(readFileSync(image).equals(readFileSync(disk))).toBe(true);
});
