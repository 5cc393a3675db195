/** A stick that keeps something else than it was given. */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileRescueJob, FileRescueResult } from '../src/worker/job.ts';
import { rescueFilesBlocking } from '../src/worker/rescue-files-blocking.ts';

const PIECE = 65536;
const SIZE = 4 * PIECE;
let dir: string;
let job: FileRescueJob;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rescue-finish-'));
  const [source, target, map, own] = ['disk', 'chunk00.raw', 'common.map', 'chunk00.map'].map(
    (name) => join(dir, name),
  ) as [string, string, string, string];
  writeFileSync(
    source,
    Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * 7 + i / 999) & 255)),
  );
  const range = { pos: 0, size: SIZE };
  job = {
    source,
    target,
    map,
    direct: 'never',
    settings: {},
    domain: [range],
    targetSize: SIZE,
    manifest: { job: '0123456789abcdef', sourceSize: SIZE },
    chunk: {
      map: own,
      pieceSize: PIECE,
      isChecked: true,
      manifest: { chunk: 0, range, layout: 'sparse' },
    },
  } as FileRescueJob;
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Runs it on a stick that changes a byte at each of these places once they are saved. */
function run(damaged: readonly number[], asked = job): FileRescueResult {
  return rescueFilesBlocking(asked, {
    signal: { aborted: false },
    onEvent: ({ type }) => {
      if (type !== 'ended') return;
      const fd = openSync(asked.target, 'r+');
      for (const pos of damaged)
        writeSync(fd, Buffer.of((readFileSync(job.source)[pos] as number) ^ 1), 0, 1, pos);
      closeSync(fd);
    },
  });
}

const claimed = (map: string): number => parseMapfile(readFileSync(map, 'utf8')).map.sizeOf('+');
const isTrue = (): boolean => readFileSync(job.target).equals(readFileSync(job.source));

test('what the check finds to differ is claimed by no map, and read again by the same job', () => {
  const first = run([PIECE + 5, 3 * PIECE]);
  expect(first.check?.different).toEqual([
    { pos: PIECE, size: PIECE },
    { pos: 3 * PIECE, size: PIECE },
  ]);
  expect([first.gained, first.progress.rescued, first.progress.nonTried]).toEqual([
    2 * PIECE,
    2 * PIECE,
    2 * PIECE,
  ]);
  expect([claimed(job.map), claimed(job.chunk?.map as string)]).toEqual([2 * PIECE, 2 * PIECE]);
  const second = run([3 * PIECE]);
  expect([second.gained, second.check?.different.length]).toEqual([PIECE, 1]);
  const last = run([]);
  expect([last.wasDone, last.gained, last.check?.different]).toEqual([false, PIECE, []]);
  expect([isTrue(), claimed(job.map)]).toEqual([true, SIZE]);
  expect(run([])).toMatchObject({ wasDone: true, end: 'finished' });
});

test('what another chunk has of a piece that differs is not taken back', () => {
  const [pos, size] = [PIECE + 16384, 16384];
  const blocks = [`0 ${pos} ?`, `${pos} ${size} +`, `${pos + size} ${SIZE - pos - size} ?`];
  writeFileSync(job.map, `0 ? 1\n${blocks.join('\n')}\n`);
  const received = [{ pos, size }];
  const asked = { ...job, chunk: { ...job.chunk, received } } as FileRescueJob;
  expect(run([PIECE + 5], asked).check?.different).toHaveLength(1);
  expect(claimed(job.map)).toBe(3 * PIECE + size);
});

test('a chunk that was damaged before it was compressed is read again, and its bad copy is gone', () => {
  const pair = { raw: `${job.target}.gz`, map: `${job.target}.gz.map` };
  const manifest = { ...job.chunk?.manifest, layout: 'compact' };
  const packed = { ...job.chunk, manifest, packed: { pair, packing: 'gzip' } };
  const packing = { ...job, chunk: packed } as FileRescueJob;
  expect(run([7], packing).check?.different).toHaveLength(1);
  expect(claimed(job.map)).toBe(3 * PIECE);
  expect(() => readFileSync(pair.raw)).toThrow('ENOENT');
  expect(run([], packing)).toMatchObject({ gained: PIECE, check: { different: [] } });
  expect([claimed(job.map), claimed(pair.map)]).toEqual([SIZE, SIZE]);
  expect(() => readFileSync(job.target)).toThrow('ENOENT');
});
