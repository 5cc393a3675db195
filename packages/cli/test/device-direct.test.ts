/** Trap T25. One bad sector on a block device: what is lost with it, through the cache and past it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type FaultyDevice,
  missingForDevices,
  startFaultyDevice,
} from '../../../scripts/faulty-device.ts';
import { MIB, rescueCommand } from './command.ts';

const SIZE = 8 * MIB;
/** The second sector of a page in the middle of what the kernel reads ahead. */
const BAD = 5 * MIB + 3 * 4096 + 512;

const missing = missingForDevices();

describe.skipIf(missing !== undefined)(
  `one bad sector of 512 bytes${missing ? ` (${missing})` : ''}`,
  () => {
    let dir: string;
    let device: FaultyDevice;
    const at = (name: string): string => join(dir, name);

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'rescue-direct-'));
      writeFileSync(at('disk.img'), randomBytes(SIZE));
      const behind = BAD + 512;
      const lines = [`0 ${BAD} +`, `${BAD} 512 -`, `${behind} ${SIZE - behind} +`];
      writeFileSync(at('bad.map'), `0 + 1\n${lines.join('\n')}\n`);
      device = await startFaultyDevice({
        image: at('disk.img'),
        badMap: at('bad.map'),
        loop: true,
      });
    });

    afterAll(async () => {
      await device?.close();
      rmSync(dir, { recursive: true, force: true });
    });

    /** What a map calls unreadable, and whether everything else is there. */
    function lost(raw: string, map: string): [number, number][] {
      const disk = readFileSync(at('disk.img'));
      const bytes = readFileSync(raw);
      const areas: [number, number][] = [];
      for (const { pos, size, status } of parseMapfile(readFileSync(map, 'utf8')).map.blocks()) {
        if (status !== '+') areas.push([pos, size]);
        else
          expect(
            Buffer.compare(bytes.subarray(pos, pos + size), disk.subarray(pos, pos + size)),
          ).toBe(0);
      }
      return areas;
    }

    function copied(name: string, ...words: string[]): [number, number][] {
      const { status, stderr } = rescueCommand(['copy', device.path, at(name), ...words]);
      // Whoever never reads directly is told what that costs.
      const told = words.includes('never') ? expect.stringContaining('--direct auto') : '';
      expect([status, stderr]).toEqual([4, told]);
      return lost(at(name), at(`${name}.map`));
    }

    test('costs that sector and no other byte, without any option', () => {
      expect(copied('auto.raw')).toEqual([[BAD, 512]]);
    });

    test('costs more when reads go through the cache, and a retry brings it back', () => {
      const [area] = copied('never.raw', '--direct', 'never');
      expect(area?.[1]).toBeGreaterThan(512);
      expect(copied('never.raw', '-r', '1')).toEqual([[BAD, 512]]);
    });

    test('costs no more when copying goes sector by sector, and nobody comes back', () => {
      writeFileSync(at('plan.map'), `0 + 1\n${BAD - 8192} 16384 +\n`);
      const words = ['-m', at('plan.map'), '-c', '1', '--no-sweep', '--no-scrape', '--out', dir];
      const { status, stderr } = rescueCommand(['read', device.path, ...words]);
      expect([status, stderr]).toEqual([4, expect.not.stringContaining('rescue:')]);
      expect(lost(at('plan.raw'), at('plan.raw.map')).filter(([, size]) => size === 512)).toEqual([
        [BAD, 512],
      ]);
    });

    test('costs a chunk no more', () => {
      mkdirSync(at('chunks'));
      const words = ['--chunk', '2', '--chunk-size', '2MiB', '--out', at('chunks')];
      const { status, stderr } = rescueCommand(['read', device.path, ...words]);
      expect([status, stderr]).toEqual([4, expect.not.stringContaining('rescue:')]);
      const areas = lost(at('chunks/chunk02.raw'), at('chunks/chunk02.map'));
      expect(areas).toEqual([[BAD, 512]]);
    });

    test('costs 4096 bytes on a device with sectors of that size', async () => {
      const large = await startFaultyDevice({
        image: at('disk.img'),
        badMap: at('bad.map'),
        loop: true,
        sectorSize: 4096,
      });
      try {
        const { status, stderr } = rescueCommand(['copy', large.path, at('large.raw'), '-v']);
        expect([status, stderr]).toEqual([4, expect.stringContaining('sectors of 4096 bytes')]);
        expect(lost(at('large.raw'), at('large.raw.map'))).toEqual([[BAD - 512, 4096]]);
      } finally {
        await large.close();
      }
    });
  },
);
