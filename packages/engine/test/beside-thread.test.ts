import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
// The thread is a file of its own, so this is about what was built.
import {
  allowFsExt,
  BesideThread,
  closeBesideThread,
  type FileTarget,
  fileMapStore,
  mergeChunks,
  openFileTarget,
  type RescueError,
  rescueBlocking,
  type Source,
} from '../dist/index.js';
import { missingForSmallDisk, scratchFolder, smallDisk } from './node/scratch.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const DIST = new URL('../dist/index.js', import.meta.url).href;

afterAll(() => closeBesideThread());

/** The n-th word tells where it is, so that no two places look alike. */
function pattern(pos: number, size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4)).map((_, i) => pos + i * 4 + 1);
  return new Uint8Array(words.buffer, 0, size);
}

/** Reads that come well, of a pattern. */
function patternSource(size: number): Source {
  return {
    name: 'pattern',
    size,
    sectorSize: 512,
    read(pos, into) {
      into.set(pattern(pos, into.length));
      return { copied: into.length, errno: undefined };
    },
  };
}

const sizes = fc.array(
  fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 128 }), fc.integer({ min: 129, max: 2048 })),
    /** Bytes of each read that come, in parts of eight. */
    good: fc.integer({ min: 0, max: 8 }),
    gap: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test('what is written meanwhile is what is read, in any sizes and with any gaps', () => {
  const dir = scratchFolder();
  fc.assert(
    fc.property(sizes, fc.boolean(), (reads, syncsOften) => {
      const path = join(dir, 'image');
      const beside = new BesideThread(MIB);
      const target = openFileTarget(path, { mode: 'any', truncate: true, behind: beside });
      // Far enough for the thread to be wanted.
      for (let i = 0; i < 5; i++) beside.take(MIB);
      const expected: { pos: number; size: number }[] = [];
      let pos = 0;
      for (const { size, good, gap } of reads) {
        const bytes = beside.take(size * 512);
        bytes.set(pattern(pos, bytes.length));
        const copied = Math.floor((bytes.length * good) / 8);
        if (copied > 0) {
          target.write(pos, bytes.subarray(0, copied));
          expected.push({ pos, size: copied });
        }
        if (syncsOften && gap === 2) target.sync();
        pos += bytes.length + gap * 4 * KIB;
      }
      target.sync();
      const image = readFileSync(path);
      for (const { pos: at, size } of expected) {
        const isSame = Buffer.compare(image.subarray(at, at + size), pattern(at, size)) === 0;
        expect(isSame, `${size} bytes at ${at}`).toBe(true);
      }
      target.close();
      beside.close();
    }),
    { numRuns: 60 },
  );
});

/** What a call throws; this side of `dist` knows the class by its name only. */
function errorOf(call: () => unknown): RescueError {
  try {
    call();
  } catch (error) {
    if ((error as Error).name === 'RescueError') return error as RescueError;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

/** What a map claims must be in the image. */
function wrongClaims(image: string, map: string): number[] {
  const bytes = readFileSync(image);
  const wrong: number[] = [];
  for (const { pos, size } of parseMapfile(readFileSync(map, 'utf8')).map.ranges('+')) {
    if (Buffer.compare(bytes.subarray(pos, pos + size), pattern(pos, size)) !== 0) wrong.push(pos);
  }
  return wrong;
}

describe('what could not be written', () => {
  function rescueTo(image: string, map: string, source = patternSource(24 * MIB)): void {
    const beside = new BesideThread(MIB);
    const target: FileTarget = openFileTarget(image, { mode: 'any', behind: beside });
    const settings = { clusterSize: MIB };
    const store = fileMapStore(map);
    const ports = { source, target, store, memory: beside };
    try {
      rescueBlocking({ ...ports, settings });
    } finally {
      target.close();
      beside.close();
    }
  }

  test.skipIf(missingForSmallDisk())(
    'is not claimed, on a full disk; room made, it goes on',
    () => {
      const disk = smallDisk(12 * KIB) as string;
      const dir = scratchFolder();
      const map = join(dir, 'map');
      const full = join(disk, 'image');
      const error = errorOf(() => rescueTo(full, map));
      expect([error.code, error.errno]).toEqual(['target-write', 'ENOSPC']);
      const claimed = parseMapfile(readFileSync(map, 'utf8')).map.sizeOf('+');
      expect(claimed).toBeGreaterThan(4 * MIB);
      expect(claimed).toBeLessThan(12 * MIB + 1);
      expect(wrongClaims(full, map)).toEqual([]);
      const image = join(dir, 'image');
      copyFileSync(full, image);
      rescueTo(image, map);
      expect(wrongClaims(image, map)).toEqual([]);
      expect(parseMapfile(readFileSync(map, 'utf8')).map.sizeOf('+')).toBe(24 * MIB);
    },
  );

  test.skipIf(missingForSmallDisk())(
    'does not leave the image shorter than what is claimed, where zeros were left out',
    () => {
      const disk = smallDisk(12 * KIB) as string;
      const [image, map] = [join(disk, 'image'), join(scratchFolder(), 'map')];
      const zeros = { pos: 8 * MIB, end: 40 * MIB };
      const source = patternSource(56 * MIB);
      const withZeros: Source = {
        ...source,
        read(pos, into) {
          if (pos < zeros.pos || pos >= zeros.end) return source.read(pos, into);
          into.fill(0);
          return { copied: into.length, errno: undefined };
        },
      };
      expect(errorOf(() => rescueTo(image, map, withZeros)).errno).toBe('ENOSPC');
      const claimed = [...parseMapfile(readFileSync(map, 'utf8')).map.ranges('+')].at(-1);
      const end = (claimed?.pos ?? 0) + (claimed?.size ?? 0);
      expect(end).toBeGreaterThanOrEqual(zeros.end);
      expect(statSync(image).size).toBeGreaterThanOrEqual(end);
    },
  );

  test('is told by every call until somebody asked what it is', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, '');
    const beside = new BesideThread(MIB);
    for (let i = 0; i < 5; i++) beside.take(MIB);
    const target = openFileTarget(path, { mode: 'update', behind: beside });
    // A descriptor that cannot be written to stands for a disk that cannot.
    beside.takeOver(
      { fd: 0x7ffffff, directFd: undefined, hasPositions: true },
      64,
      beside.take(MIB),
    );
    for (const call of ['sync', 'settle', 'sync'] as const) {
      expect(errorOf(() => target[call]()).pos).toBe(64);
    }
    expect(target.unwritten()).toMatchObject([{ pos: 64, size: MIB }]);
    target.sync();
    target.close();
    beside.close();
  });
});

test('what is held for long and written late is written before its memory is used again', () => {
  const SLOTS = 16;
  const path = join(scratchFolder(), 'image');
  /** Quickly made, so that the writer lags behind; no neighbours are alike. */
  const mark = (piece: number): number => 1 + (piece % 251);
  for (const count of [1, 7, 8, 13, 15, 15, 15]) {
    const beside = new BesideThread(MIB, SLOTS);
    const target = openFileTarget(path, { mode: 'any', truncate: true, behind: beside });
    const pieces = count * 8;
    for (let first = 0; first < pieces; first += count) {
      const held = Array.from({ length: count }, (_, i) => beside.take(MIB).fill(mark(first + i)));
      for (const [i, bytes] of held.entries()) target.write((first + i) * MIB, bytes);
    }
    target.sync();
    target.close();
    beside.close();
    const image = readFileSync(path);
    const wrong = Array.from({ length: pieces }, (_, piece) => piece).filter((piece) => {
      const bytes = image.subarray(piece * MIB, (piece + 1) * MIB);
      return bytes.some((byte) => byte !== mark(piece));
    });
    expect(wrong, `pieces of groups of ${count}`).toEqual([]);
  }
});

describe('a foreign chunk that is cut off while it is merged', () => {
  const [WHOLE, PART] = [100, 97];

  /** Merges a chunk that loses its end half-way, and one behind it that lies over its place. */
  function mergeCut(keptSize: number): { image: Buffer; map: RescueMap; refused: unknown[] } {
    const dir = scratchFolder();
    const at = (name: string): string => join(dir, name);
    writeFileSync(at('1.raw'), Buffer.alloc(WHOLE * MIB, 'X'));
    writeFileSync(at('1.map'), `0 + 1\n0 ${WHOLE * MIB} +\n`);
    writeFileSync(at('2.raw'), Buffer.alloc(PART * MIB + 8192, 'Y'));
    writeFileSync(at('2.map'), `0 + 1\n0 ${PART * MIB} ?\n${PART * MIB} 8192 +\n`);
    const memory = new BesideThread(MIB, 112);
    const chunks = ['1', '2'].map((name) => ({ raw: at(`${name}.raw`), map: at(`${name}.map`) }));
    const job = { chunks, image: at('image'), map: at('image.map') };
    const merged = mergeChunks(
      { ...job, isSameDisk: true, trustsHoles: true, givesReceipt: false },
      {
        signal: { aborted: false },
        memory,
        onEvent: (event) => {
          const isThere = event.type === 'merging' && event.raw === at('1.raw');
          if (isThere && event.done === 98 * MIB) truncateSync(at('1.raw'), keptSize);
        },
      },
    );
    memory.close();
    return {
      image: readFileSync(at('image')),
      map: parseMapfile(readFileSync(at('image.map'), 'utf8')).map,
      refused: merged.chunks.map(({ refusal }) => refusal?.code),
    };
  }

  // With fs-ext a hole would be looked for behind the end.
  allowFsExt();

  test.each([98 * MIB + 4096, 98 * MIB])(
    'is refused, and leaves nothing over the next (%i)',
    (size) => {
      const { image, map, refused } = mergeCut(size);
      expect(refused).toEqual(['source-read', undefined]);
      expect([...map.ranges('+')]).toEqual([{ pos: PART * MIB, size: 8192 }]);
      expect(image.subarray(PART * MIB, PART * MIB + 8192).toString()).toBe('Y'.repeat(8192));
    },
  );
});

test('without another thread to be had the reader does all by itself', () => {
  const at = (name: string): string => join(dir, name);
  const dir = scratchFolder();
  writeFileSync(at('disk'), pattern(0, 24 * MIB));
  const script = `
    import { Worker } from 'node:worker_threads';
    import { syncBuiltinESMExports } from 'node:module';
    import threads from 'node:worker_threads';
    threads.Worker = class { constructor() { throw new Error('no more threads'); } };
    syncBuiltinESMExports();
    const { BesideThread, openFileSource, openFileTarget, rescueBlocking } = await import(${JSON.stringify(DIST)});
    const beside = new BesideThread(1024 * 1024);
    const target = openFileTarget(${JSON.stringify(at('image'))}, { mode: 'create', behind: beside });
    const source = openFileSource(${JSON.stringify(at('disk'))}, { direct: false });
    rescueBlocking({ source, target, memory: beside, settings: { clusterSize: 1024 * 1024 } });
    target.close();
    beside.close();
  `;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(Buffer.compare(readFileSync(at('image')), pattern(0, 24 * MIB))).toBe(0);
});

test('two at a time have nothing in common; one after the other takes the thread over', () => {
  const dir = scratchFolder();
  const both = ['a', 'b'].map((name) => {
    const beside = new BesideThread(MIB);
    const target = openFileTarget(join(dir, name), { mode: 'create', behind: beside });
    return { beside, target, path: join(dir, name), shift: name === 'a' ? 0 : 64 * MIB };
  });
  for (let pos = 0; pos < 24 * MIB; pos += MIB) {
    for (const { beside, target, shift } of both) {
      const bytes = beside.take(MIB);
      bytes.set(pattern(pos + shift, MIB));
      target.write(pos, bytes);
    }
  }
  for (const { beside, target, path, shift } of both) {
    target.sync();
    expect(Buffer.compare(readFileSync(path), pattern(shift, 24 * MIB))).toBe(0);
    target.close();
    beside.close();
    beside.close();
  }
});
