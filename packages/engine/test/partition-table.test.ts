import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Partition, type ReadBytes, readPartitions } from '@chunkrescue/engine';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

/** Three of them, for sfdisk. */
const LOGICAL = '5: size=1M\n6: size=1M\n7: size=1M\n';
const SIZE = 16 * 1024 * 1024;
const hasSfdisk = spawnSync('sfdisk', ['--version']).status === 0;

/** A disk with a partition table as sfdisk makes it, and what sfdisk then says of it. */
function madeBySfdisk(script: string): { disk: Uint8Array; told: Partition[] } {
  const folder = mkdtempSync(join(tmpdir(), 'rescue-table-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'disk');
  writeFileSync(path, '');
  truncateSync(path, SIZE);
  spawnSync('sfdisk', ['--quiet', path], { input: script });
  const { stdout } = spawnSync('sfdisk', ['--json', path], { encoding: 'utf8' });
  const { partitiontable: table } = JSON.parse(stdout);
  const signature = table.label === 'dos' ? table.id.slice(2) : undefined;
  const told = table.partitions.filter(isNoContainer).map((entry: Entry) => {
    const number = Number(/\d+$/.exec(entry.node)?.[0]);
    const uuid = signature && `${signature}-${number.toString(16).padStart(2, '0')}`;
    const place = { pos: entry.start * 512, size: entry.size * 512 };
    return { number, ...place, uuid: uuid ?? entry.uuid?.toLowerCase() };
  });
  return { disk: readFileSync(path), told };
}

interface Entry {
  readonly node: string;
  readonly start: number;
  readonly size: number;
  readonly type: string;
  readonly uuid?: string;
}

function isNoContainer({ type }: Entry): boolean {
  return !['5', 'f', '85'].includes(type);
}

function reading(disk: Uint8Array): ReadBytes {
  return (pos, size) => (pos + size <= disk.length ? disk.subarray(pos, pos + size) : undefined);
}

describe.skipIf(!hasSfdisk)('tables made by sfdisk', () => {
  test.each([
    ['MBR', 'label: dos\nsize=1M\nsize=2M, type=7\nsize=1M, bootable\n'],
    ['MBR without the first partition', 'label: dos\n3: size=1M\n2: size=2M\n'],
    [
      'MBR with logical partitions',
      `label: dos\nsize=1M\n2: size=12M, type=5\n${LOGICAL}8: size=1M, type=82\n`,
    ],
    ['MBR with type f', `label: dos\nsize=12M, type=f\n${LOGICAL}`],
    ['GPT', 'label: gpt\nsize=1M\nsize=2M, type=uefi\nsize=1M\n'],
    ['GPT with a hole', 'label: gpt\n5: size=1M\n2: size=2M\n'],
    ['GPT with many entries', 'label: gpt\ntable-length: 200\n200: size=1M\n1: size=1M\n'],
  ])('are read as sfdisk reads them: %s', (_, script) => {
    const { disk, told } = madeBySfdisk(script);
    const byNumber = (a: Partition, b: Partition) => a.number - b.number;
    expect(told.length).toBeGreaterThan(1);
    expect(readPartitions(reading(disk), 512).sort(byNumber)).toEqual(told.sort(byNumber));
  });

  test('give nothing when the header of the GPT cannot be read, or its entries', () => {
    const { disk } = madeBySfdisk('label: gpt\nsize=1M\n');
    for (const bad of [512, 1024]) {
      const read: ReadBytes = (pos, size) => (pos === bad ? undefined : reading(disk)(pos, size));
      expect(readPartitions(read, 512)).toEqual([]);
    }
    expect(readPartitions(reading(disk), 512)).toHaveLength(1);
  });

  test('end where a link of logical partitions cannot be read', () => {
    const { disk } = madeBySfdisk(`label: dos\nsize=12M, type=5\n${LOGICAL}`);
    const first = readPartitions(reading(disk), 512);
    const second = (first[0]?.pos ?? 0) + (first[0]?.size ?? 0);
    const read: ReadBytes = (pos, size) => (pos < second ? reading(disk)(pos, size) : undefined);
    expect(first).toHaveLength(3);
    expect(readPartitions(read, 512)).toEqual(first.slice(0, 1));
  });
});

/** A boot record with these entries, in sectors. */
function bootRecord(...entries: readonly (readonly [number, number, number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(512));
  entries.forEach(([type, start, count], index) => {
    view.setUint8(450 + index * 16, type);
    view.setUint32(454 + index * 16, start, true);
    view.setUint32(458 + index * 16, count, true);
  });
  view.setUint16(510, 0x55aa);
  return new Uint8Array(view.buffer);
}

describe('tables made by an enemy', () => {
  test('links in a circle end', () => {
    const circle = bootRecord([0x83, 1, 1], [0x05, 1, 1]);
    let reads = 0;
    const read: ReadBytes = (pos) => {
      reads++;
      return pos === 0 ? bootRecord([0x05, 10, 100]) : circle;
    };
    const found = readPartitions(read, 512);
    expect(found.map(({ number, pos }) => [number, pos])).toEqual([
      [5, 11 * 512],
      [6, 12 * 512],
    ]);
    expect(reads).toBe(3);
  });

  test('an endless chain ends after 256 links', () => {
    let link = 0;
    const read: ReadBytes = (pos) =>
      pos === 0 ? bootRecord([5, 1, 1], [5, 9, 1]) : bootRecord([0x83, 1, 1], [5, ++link * 2, 1]);
    expect(readPartitions(read, 512)).toHaveLength(256);
  });

  test('a GPT that claims billions of entries gives 256, from little memory', () => {
    const header = new DataView(new ArrayBuffer(512));
    header.setUint32(0, 0x45464920);
    header.setUint32(4, 0x50415254);
    header.setBigUint64(24, 1n, true);
    header.setBigUint64(72, 2n, true);
    header.setUint32(80, 0xffffffff, true);
    header.setUint32(84, 128, true);
    const read: ReadBytes = (pos, size) => {
      expect(size).toBeLessThanOrEqual(1024 * 1024);
      if (pos === 0) return bootRecord([0xee, 1, 0xffffffff]);
      if (pos === 512) return new Uint8Array(header.buffer);
      const bytes = new Uint8Array(size).fill(1);
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < size; at += 128) {
        view.setBigUint64(at + 32, 64n, true);
        view.setBigUint64(at + 40, 127n, true);
      }
      return bytes;
    };
    const found = readPartitions(read, 512);
    expect(found).toHaveLength(256);
    expect(found[255]).toEqual({
      number: 256,
      pos: 64 * 512,
      size: 64 * 512,
      uuid: '01010101-0101-0101-0101-010101010101',
    });
  });

  test('random bytes with the right signs never hang, throw, or give nonsense', () => {
    const bytes = fc.uint8Array({ minLength: 4096, maxLength: 4096 });
    const type = fc.constantFrom(0x05, 0x0f, 0x83, 0xee, 0);
    const small = fc.integer({ min: 0, max: 9 });
    const entry = fc.tuple(type, small, small);
    fc.assert(
      fc.property(bytes, entry, entry, fc.constantFrom(512, 4096), (disk, one, two, sectorSize) => {
        disk.set(bootRecord(one, two));
        for (let at = 512; at < 4096; at += 512)
          disk.set(bootRecord(two, one).subarray(446), at + 446);
        disk.set(Buffer.from('EFI PART'), 512);
        disk.set([1, 0, 0, 0, 0, 0, 0, 0], 512 + 24);
        disk.set([2, 0, 0, 0, 0, 0, 0, 0], 512 + 72);
        disk.set([128, 0, 0, 0], 512 + 84);
        const read: ReadBytes = (pos, size) =>
          new Uint8Array(size).map((_, i) => disk[(pos + i) % 4096] as number);
        const found = readPartitions(read, sectorSize);
        expect(found.length).toBeLessThanOrEqual(260);
        for (const { number, pos, size } of found) {
          expect(number).toBeGreaterThan(0);
          expect(pos).toBeGreaterThan(0);
          expect(size).toBeGreaterThan(0);
          expect(Number.isSafeInteger(pos + size)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2048 }), (disk) => {
        expect(readPartitions(reading(disk), 512)).toEqual([]);
      }),
    );
  });
});

test('a file system on a disk without partitions is no table', () => {
  const sector = bootRecord([0x83, 1, 1]);
  sector[446] = 0x74;
  expect(readPartitions(reading(sector), 512)).toEqual([]);
});
