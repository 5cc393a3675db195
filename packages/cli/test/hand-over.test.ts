/** ddrescue goes on with a chunk of ours, and what then lies in its file is neither forgotten nor deleted. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { expect, test } from 'vitest';
import { type Answer, MIB, rescueCommand, temporaryDirectory } from './command.ts';

const HALF = MIB / 2;

/** A disk that begins with zeros; chunk 0 read to its half, and ddrescue went on with the other one. */
function handedOver(): {
  dir: string;
  disk: string;
  raw: string;
  read: (...more: string[]) => Answer;
} {
  const dir = temporaryDirectory();
  for (const name of ['stick', 'home', 'other']) mkdirSync(join(dir, name));
  const [disk, bad] = [join(dir, 'disk'), join(dir, 'bad')];
  const [stick, common] = [join(dir, 'stick'), join(dir, 'home', 'common.map')];
  const raw = join(stick, 'chunk00.raw');
  writeFileSync(disk, Buffer.concat([Buffer.alloc(HALF - 65536), Buffer.alloc(MIB + 65536, 'ab')]));
  writeFileSync(bad, `0 + 1\n0 ${HALF} +\n${HALF} ${HALF} -\n${MIB} ${HALF} +\n`);
  const where = ['--out', stick, '--map', common, '--chunk-size', '1MiB'];
  const read = (...more: string[]): Answer => rescueCommand(['read', disk, ...where, ...more]);
  read('-H', bad, '--chunk', '0', '-n', '-N');
  // ddrescue does so when it has saved for some minutes.
  copyFileSync(common, `${common}.bak`);
  const words = ['-q', '-s1MiB', '-r1', disk, raw, common];
  expect(rescueCommand(['ddrescue', ...words]).status).toBe(0);
  return { dir, disk, raw, read };
}

test('--trust-target takes what ddrescue wrote, behind zeros that were left out of the file', () => {
  const { raw, read, disk } = handedOver();
  const refused = read('--chunk', '0');
  expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining('--trust-target')]);
  const { status, stderr } = read('--chunk', '0', '--trust-target');
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('holes')]);
  expect(readFileSync(raw).equals(readFileSync(disk).subarray(0, MIB))).toBe(true);
});

test('--trust-target does not take holes for what ddrescue wrote', () => {
  const { raw, read } = handedOver();
  truncateSync(raw, HALF);
  truncateSync(raw, MIB);
  const { status, stderr } = read('--chunk', '0', '--trust-target');
  expect([status, stderr]).toEqual([7, expect.not.stringContaining('--carried')]);
});

test('--carried is refused for what lies in this very file', () => {
  const { read } = handedOver();
  const { status, stderr } = read('--chunk', '0', '--carried');
  expect([status, stderr]).toEqual([7, expect.stringContaining('--trust-target')]);
  expect(stderr).toContain(`holds data from position ${HALF}`);
});

/** One half of chunk 0 on a stick that was merged, the other one on another stick that is on its way. */
function halves(): { dir: string; raw: string; read: (...more: string[]) => Answer } {
  const dir = temporaryDirectory();
  for (const name of ['stick', 'second', 'home', 'other']) mkdirSync(join(dir, name));
  const [disk, bad] = [join(dir, 'disk'), join(dir, 'bad')];
  writeFileSync(disk, Buffer.alloc(2 * MIB, 'ab'));
  writeFileSync(bad, `0 + 1\n0 ${HALF} +\n${HALF} ${HALF} -\n${MIB} ${MIB} +\n`);
  const [stick, common] = [join(dir, 'stick'), join(dir, 'home', 'common.map')];
  const where = ['--map', common, '--chunk-size', '1MiB', '--layout', 'sparse'];
  const read = (...more: string[]): Answer => rescueCommand(['read', disk, ...where, ...more]);
  read('--out', stick, '-H', bad, '--chunk', '0', '-n', '-N');
  rescueCommand(['merge', stick, join(dir, 'other', 'final.raw')]);
  const second = read('--out', join(dir, 'second'), '--chunk', '0', '--retry-bad');
  if (second.status !== 0) read('--out', join(dir, 'second'), '--chunk', '0', '--carried', '-r1');
  return { dir, raw: join(stick, 'chunk00.raw'), read };
}

test('--free deletes a chunk that has arrived, though the rest of it is on another stick', () => {
  const { dir, raw, read } = halves();
  const { map } = parseMapfile(readFileSync(join(dir, 'home', 'common.map'), 'latin1'));
  expect(map.sizeOf('+')).toBe(MIB);
  expect(read('--out', join(dir, 'stick'), '--next', '--free').stdout).toContain('chunk00.raw');
  expect(existsSync(raw)).toBe(false);
});

test('status tells no file to be deleted of which more was read than has arrived', () => {
  const { dir } = halves();
  const [common, final] = [join(dir, 'home', 'common.map'), join(dir, 'other', 'final.raw')];
  const told = rescueCommand(['status', common, join(dir, 'stick'), final]);
  expect(told.stdout).toContain('more was read than the image has');
  expect(told.stdout).not.toMatch(/may be deleted|Everything is rescued/);
});

test('--free keeps a compact chunk that ddrescue went on with, in either place', () => {
  for (const place of [[], ['-o', '0']]) {
    const dir = temporaryDirectory();
    for (const name of ['stick', 'other']) mkdirSync(join(dir, name));
    const [disk, bad] = [join(dir, 'disk'), join(dir, 'bad')];
    writeFileSync(disk, Buffer.alloc(2 * MIB, 'ab'));
    writeFileSync(
      bad,
      `0 + 1\n0 ${MIB + 4096} +\n${MIB + 4096} ${HALF} -\n${MIB + HALF + 4096} ${HALF - 4096} +\n`,
    );
    const [stick, common] = [join(dir, 'stick'), join(dir, 'common.map')];
    const raw = join(stick, 'chunk01.raw');
    const where = ['--out', stick, '--map', common, '--chunk-size', '1MiB', '--layout', 'compact'];
    const read = (...more: string[]): Answer => rescueCommand(['read', disk, ...where, ...more]);
    read('-H', bad, '--chunk', '1', '-n', '-N');
    rescueCommand(['merge', stick, join(dir, 'other', 'final.raw')]);
    // As GNU's program does it without being told.
    const words = ['-q', '-r1', '-i', `${MIB}`, '--trust-outfile', ...place, disk, raw, common];
    expect(rescueCommand(['ddrescue', ...words]).status).toBe(0);
    const { stderr } = read('--next', '--free');
    expect([stderr, existsSync(raw)]).toEqual([expect.stringContaining('chunk01.raw'), true]);
  }
});

test('after ddrescue another stick goes on, by what ddrescue replaced', () => {
  const { dir, disk } = handedOver();
  const [second, common] = [join(dir, 'second'), join(dir, 'home', 'common.map')];
  mkdirSync(second);
  const words = ['read', disk, '--out', second, '--map', common, '--next'];
  const { status, stderr } = rescueCommand(words);
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('rescue read did not write')]);
  const jobOf = (path: string): string | undefined =>
    /^# Job: .*$/m.exec(readFileSync(path, 'latin1'))?.[0];
  expect(jobOf(join(second, 'chunk01.map'))).toBe(jobOf(join(dir, 'stick', 'chunk00.map')));
});

test('--retry-bad does not call it well when its map has gone back in time', () => {
  const dir = temporaryDirectory();
  const disk = join(dir, 'disk');
  writeFileSync(disk, Buffer.alloc(2 * MIB, 'ab'));
  const where = ['--out', dir, '--chunk-size', '1MiB'];
  rescueCommand(['read', disk, ...where, '--chunk', '0']);
  const { status, stderr } = rescueCommand(['read', disk, ...where, '--retry-bad']);
  expect([status, stderr]).toEqual([4, expect.stringContaining('1 of the chunks')]);
});

test('--trust-target does not take zeros for it, where files have no holes', () => {
  const { dir, raw, read } = halves();
  writeFileSync(raw, Buffer.concat([readFileSync(raw), Buffer.alloc(MIB)]).subarray(0, MIB));
  const { status, stderr } = read('--out', join(dir, 'stick'), '--chunk', '0', '--trust-target');
  expect([status, stderr]).toEqual([7, expect.stringContaining('nothing but zeros')]);
});

test('--free keeps a chunk of which more was read than has arrived', () => {
  const { dir, raw, read } = handedOver();
  rescueCommand(['merge', join(dir, 'stick'), join(dir, 'other', 'final.raw')]);
  const { stderr } = read('--next', '--free');
  expect(stderr).toMatch(/data that their own maps do not know .*: chunk00\.raw\./);
  expect(existsSync(raw)).toBe(true);
  read('--chunk', '0', '--trust-target');
  rescueCommand(['merge', join(dir, 'stick'), join(dir, 'other', 'final.raw')]);
  expect(read('--next', '--free').stdout).toContain('has them: chunk00.raw');
  expect(existsSync(raw)).toBe(false);
});
