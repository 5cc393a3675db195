import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  gnuManner,
  type ReadRecord,
  rescueBlocking,
  type Source,
  withBadSectorData,
  withOutputOffset,
  withReadLog,
} from '@chunkrescue/engine';
import { MemoryMapStore, MemoryTarget } from '@chunkrescue/engine/testing';
import { expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';

const SECTOR = 512;
const SIZE = 200_000;
const garbage = Buffer.alloc(SECTOR, 'BADSECT!');

/** A disk whose sectors 3, 4, 200 and 201 are garbage; 100 has it too, but not at a sector's border. */
function disk(): Buffer {
  const bytes = Buffer.alloc(SIZE, 'good data ');
  for (const sector of [3, 4, 200, 201]) garbage.copy(bytes, sector * SECTOR);
  garbage.copy(bytes, 100 * SECTOR + 1);
  return bytes;
}

function sourceOf(bytes: Buffer): Source {
  return {
    name: 'disk',
    size: bytes.length,
    sectorSize: SECTOR,
    read(pos, into) {
      const copied = bytes.copy(into, 0, pos, Math.min(pos + into.length, bytes.length));
      return { copied, errno: undefined };
    },
  };
}

function ours(bytes: Buffer, offset = 0): { reads: string[]; target: MemoryTarget; bad: number } {
  const reads: string[] = [];
  const log = ({ pos, size, copied, errno }: ReadRecord): void => {
    reads.push([pos, size, copied, errno === undefined ? 0 : size - copied].join(' '));
  };
  const target = new MemoryTarget();
  const { progress } = rescueBlocking({
    source: withReadLog(withBadSectorData(sourceOf(bytes), garbage), log),
    target: withOutputOffset(target, offset),
    store: new MemoryMapStore(),
    settings: { sectorSize: SECTOR, clusterSize: 16 * SECTOR, manner: gnuManner },
  });
  return { reads, target, bad: progress.bad };
}

test('sectors of garbage end as bad, and nothing of them is written', () => {
  const bytes = disk();
  const { target, bad } = ours(bytes);
  expect(bad).toBe(4 * SECTOR);
  for (const sector of [3, 4, 200, 201]) bytes.fill(0, sector * SECTOR, (sector + 1) * SECTOR);
  expect(bytes.equals(target.bytes)).toBe(true);
});

test('an output offset moves every byte', () => {
  const { target } = ours(disk(), 1000);
  expect(target.bytes).toHaveLength(SIZE + 1000);
  expect(Buffer.from(target.bytes.subarray(1000, 1010)).toString()).toBe('good data ');
  expect(target.written.subarray(0, 1000).every((byte) => byte === 0)).toBe(true);
});

test('nothing is written in front of the output', () => {
  expect(() => ours(disk(), -1)).toThrow(expect.objectContaining({ code: 'target-write', pos: 0 }));
});

const missing = missingOracle();
test.skipIf(missing !== undefined)(`the same reads as ddrescue's ${missing ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bad-sector-data-'));
  try {
    writeFileSync(join(folder, 'disk'), disk());
    writeFileSync(join(folder, 'garbage'), garbage);
    const words = ['-q', '-c16', '--bad-sector-data=garbage', '--log-reads=log'];
    const { status } = runOracle([...words, 'disk', 'image', 'map'], { cwd: folder });
    expect(status).toBe(0);
    const lines = readFileSync(join(folder, 'log'), 'utf8').match(/^0x.*$/gm) ?? [];
    const theirs = lines.map((line) => line.split('\t').map(Number).join(' '));
    expect(ours(disk()).reads).toEqual(theirs);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
