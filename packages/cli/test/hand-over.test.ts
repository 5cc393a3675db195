/** ddrescue goes on with a chunk of ours, and what then lies in its file is neither forgotten nor deleted. */
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('--free keeps a chunk of which more was read than has arrived', () => {
  const { dir, raw, read } = handedOver();
  rescueCommand(['merge', join(dir, 'stick'), join(dir, 'other', 'final.raw')]);
  const { stderr } = read('--next', '--free');
  expect(stderr).toMatch(/more of them was read than has arrived .*: chunk00\.raw\./);
  expect(existsSync(raw)).toBe(true);
  read('--chunk', '0', '--trust-target');
  rescueCommand(['merge', join(dir, 'stick'), join(dir, 'other', 'final.raw')]);
  expect(read('--next', '--free').stdout).toContain('has them: chunk00.raw');
  expect(existsSync(raw)).toBe(false);
});
