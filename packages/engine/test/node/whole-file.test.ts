import { spawnSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { expect, test } from 'vitest';
import { ownerOf } from '../../src/node/lock-owner.ts';
import { fileMapStore } from '../../src/node/map-store.ts';
import { MAP_SIZE_MAX, readMapText, readWhole } from '../../src/node/whole-file.ts';
import { rescueErrorOf, scratchFolder } from './scratch.ts';

const GIB = 1024 ** 3;

/** A file that is larger than all memory, and takes no room. */
function sparse(path: string, size: number): void {
  writeFileSync(path, '');
  truncateSync(path, size);
}

test('a file is read whole, the kernel’s without a size too, and not one byte more than allowed', () => {
  const path = join(scratchFolder(), 'a');
  writeFileSync(path, 'abc');
  expect(readWhole(path, 3)).toEqual({ bytes: Buffer.from('abc') });
  expect(readWhole(path, 2)).toMatchObject({ problem: expect.stringContaining('3 bytes') });
  if (process.platform !== 'linux') return;
  expect(readWhole('/proc/self/stat', 4096)).toHaveProperty('bytes');
});

test('a map of 3 GiB is refused in one sentence, and not read', () => {
  const path = join(scratchFolder(), 'chunk03.map');
  sparse(path, 3 * GIB);
  const before = process.memoryUsage().rss;
  const { code, message, hint } = rescueErrorOf(() => fileMapStore(path).load());
  expect([code, message]).toEqual([
    'map-read',
    `Can't read map file ${path}: it has ${3 * GIB} bytes, and nothing of its kind has more than ${MAP_SIZE_MAX}.`,
  ]);
  expect(hint).toMatch(/right file/);
  expect(process.memoryUsage().rss - before).toBeLessThan(GIB / 4);
});

test('a folder, a device without an end and a pipe without a writer are no maps', () => {
  const dir = scratchFolder();
  const load = (path: string) => rescueErrorOf(() => fileMapStore(path).load());
  expect(load(dir)).toMatchObject({ code: 'map-read', message: /it is a directory\.$/ });
  symlinkSync('/dev/zero', join(dir, 'zero.map'));
  const zero = load(join(dir, 'zero.map'));
  expect([zero.code, zero.message]).toEqual(['map-read', expect.stringContaining('regular file')]);
  if (spawnSync('mkfifo', [join(dir, 'pipe.map')]).status !== 0) return;
  expect(load(join(dir, 'pipe.map')).message).toMatch(/not a regular file/);
});

test('a lock file that is none of ours is refused, whatever it is', () => {
  const dir = scratchFolder();
  sparse(join(dir, 'large.lock'), 3 * GIB);
  symlinkSync('/dev/zero', join(dir, 'zero.lock'));
  const refusal = (path: string) => rescueErrorOf(() => ownerOf(path));
  expect(refusal(join(dir, 'large.lock')).message).toMatch(/none of ours: it has \d+ bytes/);
  expect(refusal(join(dir, 'zero.lock'))).toMatchObject({ code: 'map-write' });
  expect(refusal(dir).message).toMatch(/it is a directory\.$/);
});

test('a map of a million lines is read in a second or so', () => {
  const path = join(scratchFolder(), 'large.map');
  const line = (i: number): string =>
    `0x${(i * 512).toString(16).padStart(8, '0')}  0x00000200  ${i % 2 === 0 ? '+' : '-'}\n`;
  writeFileSync(path, `0 ? 1\n${Array.from({ length: 1_000_000 }, (_, i) => line(i)).join('')}`);
  const startMs = performance.now();
  expect(parseMapfile(readMapText(path) ?? '').map.count).toBe(1_000_000);
  expect(performance.now() - startMs).toBeLessThan(5000);
});
