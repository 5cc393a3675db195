import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMapfile, RescueMap } from '@chunkrescue/mapfile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type FaultyDevice,
  missingForDevices,
  startFaultyDevice,
} from '../../../scripts/faulty-device.ts';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { MIB, rescueCommand, startRescue } from './command.ts';

const SIZE = 600 * MIB;
const CHUNKS = [0, 1, 2, 3, 4, 5];
const SHUFFLED = [3, 0, 5, 1, 4, 2];
const DIRECT = ['-d', '-b', '512', '-c', '2048'];

const missing = missingForDevices() ?? missingOracle();

describe.skipIf(missing !== undefined)(
  `a failing block device${missing ? ` (${missing})` : ''}`,
  () => {
    let dir: string;
    let device: FaultyDevice;
    let expected: { readonly image: Buffer; readonly map: RescueMap };
    const at = (...names: string[]): string => join(dir, ...names);

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'rescue-device-'));
      writeFileSync(at('disk.img'), diskBytes());
      const bad = badAreas();
      expect(bad.areasInDomain('-')).toBeGreaterThanOrEqual(40);
      expect(bad.statusAt(bad.count - 1)).toBe('-');
      writeFileSync(at('bad.map'), mapText(bad));
      device = await startFaultyDevice({
        image: at('disk.img'),
        badMap: at('bad.map'),
        loop: true,
      });
      const oracle = runOracle([...DIRECT, device.path, at('oracle.raw'), at('oracle.map')], {
        timeoutMs: 300_000,
      });
      expect(oracle.status).toBe(0);
      // ddrescue's image stops short of the unreadable tail.
      truncateSync(at('oracle.raw'), SIZE);
      expected = { image: readFileSync(at('oracle.raw')), map: readMap(at('oracle.map')) };
      // Direct reads are exact to the sector, so the truth is known as well.
      expect([...expected.map.blocks()]).toEqual([...bad.blocks()]);
    }, 300_000);

    afterAll(async () => {
      await device?.close();
      rmSync(dir, { recursive: true, force: true });
    });

    function expectImage(raw: string, map: string): void {
      expect(statSync(raw).size).toBe(SIZE);
      expect(Buffer.compare(readFileSync(raw), expected.image)).toBe(0);
      expect([...readMap(map).blocks()]).toEqual([...expected.map.blocks()]);
    }

    function folder(name: string): string {
      mkdirSync(at(name));
      return at(name);
    }

    test('six chunks read in one order and merged in another equal one rescue by ddrescue', () => {
      const out = folder('chunks');
      for (const chunk of SHUFFLED) {
        const read = rescueCommand([
          'read',
          device.path,
          '--chunk',
          `${chunk}`,
          ...DIRECT,
          '--out',
          out,
        ]);
        expect(read.stderr).not.toContain('rescue:');
        expect(read.status).toBe(4);
      }
      expect([...readMap(join(out, 'common.map')).blocks()]).toEqual([...expected.map.blocks()]);
      const beyond = rescueCommand(['read', device.path, '--chunk', '6', ...DIRECT, '--out', out]);
      expect(beyond.status).toBe(1);
      expect(beyond.stderr).toContain(`${6 * 100 * MIB}`);
      expect(beyond.stderr).toContain(`ends at ${SIZE}`);

      const raw = (chunk: number): string => join(out, `chunk0${chunk}.raw`);
      const final = join(out, 'final.raw');
      const first = rescueCommand(['merge', raw(5), raw(2), final]);
      expect(first.status).toBe(4);
      expect(first.stdout).toContain('missing 400 MiB: chunk00 - chunk01, chunk03 - chunk04');
      const rest = rescueCommand(['merge', raw(1), raw(4), raw(0), raw(3), raw(2), final]);
      expect(rest.stderr).not.toContain('rescue:');
      expect(rest.status).toBe(4);
      expect(rest.stdout).not.toContain('missing');
      expectImage(final, join(out, 'final.map'));
      // Sparse: six chunks at their true offset take little more than the data.
      const used = CHUNKS.reduce((sum, chunk) => sum + statSync(raw(chunk)).blocks * 512, 0);
      expect(used).toBeLessThan(SIZE + 8 * MIB);
    });

    test("domain maps made by hand do as well, put back by ddrescue's own -m or by merge", () => {
      const out = folder('recipe');
      for (const chunk of SHUFFLED) {
        const plan = join(out, `chunk0${chunk}.map`);
        writeFileSync(plan, `0 + 1\n${chunk * 100 * MIB} ${100 * MIB} +\n`);
        const before = readFileSync(plan, 'utf8');
        const read = rescueCommand(['read', device.path, '-m', plan, ...DIRECT, '--out', out]);
        expect(read.status).toBe(4);
        expect(readFileSync(plan, 'utf8')).toBe(before);
      }
      expect([...readMap(join(out, 'common.map')).blocks()]).toEqual([...expected.map.blocks()]);
      for (const chunk of [2, 4, 0, 1, 5, 3]) {
        const raw = join(out, `chunk0${chunk}.raw`);
        const put = runOracle(['-m', `${raw}.map`, raw, join(out, 'gnu.raw')]);
        expect(put.status).toBe(0);
      }
      truncateSync(join(out, 'gnu.raw'), SIZE);
      expect(Buffer.compare(readFileSync(join(out, 'gnu.raw')), expected.image)).toBe(0);
      const raws = CHUNKS.map((chunk) => join(out, `chunk0${chunk}.raw`));
      expect(rescueCommand(['merge', ...raws, join(out, 'final.raw')]).status).toBe(4);
      expectImage(join(out, 'final.raw'), join(out, 'final.map'));
    });

    test('ddrescue goes on where we stopped, and we where ddrescue stopped', () => {
      const ours = folder('ours-first');
      const read = (chunk: number, ...more: string[]): number | null =>
        rescueCommand([
          'read',
          device.path,
          '--chunk',
          `${chunk}`,
          ...DIRECT,
          '--out',
          ours,
          ...more,
        ]).status;
      for (const chunk of SHUFFLED) expect(read(chunk, '-n', '-N')).toBe(4);
      for (const chunk of [4, 1]) {
        const plan = join(ours, 'plan.map');
        writeFileSync(plan, `0 + 1\n${chunk * 100 * MIB} ${100 * MIB} +\n`);
        const raw = join(ours, `chunk0${chunk}.raw`);
        const gnu = runOracle([...DIRECT, '-m', plan, device.path, raw, join(ours, 'common.map')]);
        expect(gnu.status).toBe(0);
      }
      for (const chunk of SHUFFLED) expect(read(chunk)).toBe(4);
      const raws = CHUNKS.map((chunk) => join(ours, `chunk0${chunk}.raw`));
      expect(rescueCommand(['merge', ...raws, join(ours, 'final.raw')]).status).toBe(4);
      expectImage(join(ours, 'final.raw'), join(ours, 'final.map'));

      const whole = folder('whole');
      const [raw, map] = [join(whole, 'a.raw'), join(whole, 'a.map')];
      expect(runOracle([...DIRECT, '-n', device.path, raw, map]).status).toBe(0);
      copyFileSync(raw, join(whole, 'b.raw'));
      copyFileSync(map, join(whole, 'b.map'));
      expect(rescueCommand(['copy', device.path, raw, map, ...DIRECT]).status).toBe(4);
      expectImage(raw, map);
      const [raw2, map2] = [join(whole, 'b.raw'), join(whole, 'b.map')];
      expect(rescueCommand(['copy', device.path, raw2, map2, ...DIRECT, '-n']).status).toBe(4);
      expect(runOracle([...DIRECT, device.path, raw2, map2]).status).toBe(0);
      truncateSync(raw2, SIZE);
      expectImage(raw2, map2);
    });

    test('a plain domain map with its raw file by ddrescue merges, with a word of doubt', () => {
      const out = folder('plain');
      const raw = join(out, 'chunk00.raw');
      writeFileSync(join(out, 'chunk00.map'), `0 + 1\n0 ${MIB} +\n`);
      const gnu = runOracle([
        ...DIRECT,
        '-m',
        join(out, 'chunk00.map'),
        device.path,
        raw,
        join(out, 'x.map'),
      ]);
      expect(gnu.status).toBe(0);
      const merge = rescueCommand(['merge', raw, join(out, 'final.raw')]);
      expect(merge.stderr).toContain('was not written by rescue');
      expect(merge.stdout).toContain('The size of the whole source is not known');
    });

    test('cached reading claims only true bytes as well', () => {
      const out = folder('cached');
      const read = rescueCommand(['read', device.path, '--chunk', '1', '--out', out]);
      expect(read.status).toBe(4);
      const bytes = readFileSync(join(out, 'chunk01.raw'));
      const disk = readFileSync(at('disk.img'));
      for (const { pos, size } of readMap(join(out, 'chunk01.map')).ranges('+')) {
        expect(
          Buffer.compare(bytes.subarray(pos, pos + size), disk.subarray(pos, pos + size)),
        ).toBe(0);
      }
    });
  },
);

describe.skipIf(missing !== undefined)(`a slow device${missing ? ` (${missing})` : ''}`, () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s saves, ends by the signal, and the same command goes on',
    async (signal) => {
      const dir = mkdtempSync(join(tmpdir(), 'rescue-device-'));
      const disk = diskBytes(8 * MIB);
      writeFileSync(join(dir, 'disk.img'), disk);
      writeFileSync(join(dir, 'bad.map'), mapText(RescueMap.ofOne(0, 8 * MIB, '+')));
      const device = await startFaultyDevice({
        image: join(dir, 'disk.img'),
        badMap: join(dir, 'bad.map'),
        loop: true,
        delayMs: 30,
      });
      try {
        const args = ['read', device.path, '--chunk', '0', '-d', '--out', dir];
        const child = startRescue(args);
        const [raw, map] = [join(dir, 'chunk00.raw'), join(dir, 'common.map')];
        while (!(statSync(raw, { throwIfNoEntry: false })?.size ?? 0)) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        child.kill(signal);
        const [status, by] = await once(child, 'exit');
        expect([status, by]).toEqual([null, signal]);
        const rescued = readMap(map).sizeOf('+');
        expect(rescued).toBeGreaterThan(0);
        expect(rescued).toBeLessThan(8 * MIB);
        for (const { pos, size } of readMap(map).ranges('+')) {
          const there = readFileSync(raw).subarray(pos, pos + size);
          expect(Buffer.compare(there, disk.subarray(pos, pos + size))).toBe(0);
        }
        const again = rescueCommand(args);
        expect(again.stderr).not.toContain('rescue:');
        expect(again.status).toBe(0);
        expect(Buffer.compare(readFileSync(raw), disk)).toBe(0);
      } finally {
        await device.close();
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );
});

function readMap(path: string): RescueMap {
  const { map } = parseMapfile(readFileSync(path, 'utf8'));
  map.release();
  return map;
}

function mapText(map: RescueMap): string {
  const lines = [...map.blocks()].map(({ pos, size, status }) => `${pos} ${size} ${status}\n`);
  return `0 + 1\n${lines.join('')}`;
}

/** Bytes that repeat nowhere, with a stretch of zeros in each chunk. */
function diskBytes(size: number = SIZE): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const bytes = cipher.update(Buffer.alloc(size));
  for (let pos = 40 * MIB; pos < size; pos += 100 * MIB) bytes.fill(0, pos, pos + 5 * MIB);
  return bytes;
}

/**
 * 44 areas from one sector to 700 KiB, two of them across borders of chunks, and an unreadable tail. They lie
 * together, since each failing cluster of 16 MiB costs 32,768 reads of a sector.
 */
function badAreas(): RescueMap {
  const map = RescueMap.ofOne(0, SIZE, '+');
  const sizes = [512, 1024, 4096, 33 * 512, 512, 65536, 130 * 512, 1536];
  let pos = 242 * MIB;
  for (let i = 0; i < 40; i++) {
    const size = sizes[i % sizes.length] as number;
    map.set(pos, pos + size, '-');
    pos += size + 512 * (1 + ((i * 7) % 40));
  }
  map.set(100 * MIB - 20 * 512, 100 * MIB + 7 * 512, '-');
  map.set(300 * MIB - 512, 300 * MIB + 200 * 1024, '-');
  map.set(304 * MIB - 4096, 304 * MIB - 512, '-');
  map.set(420 * MIB, 420 * MIB + 512, '-');
  map.set(SIZE - 700 * 1024, SIZE, '-');
  return map;
}
