import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openFileSource } from '@chunkrescue/engine';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { alignedBuffer } from '../../src/node/aligned-memory.ts';
import { emptyImage, loopOver, missingTools, outputOf } from './loop-disk.ts';
import { rescueErrorOf, scratchFolder } from './scratch.ts';
import { withAndWithoutFsExt } from './with-and-without-fs-ext.ts';

const ODD_SIZE = 2 * 1024 * 1024 + 777;

function bytesOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 2654435761) >>> 13);
}

withAndWithoutFsExt('a regular file', () => {
  test('tells its size and a sector of 512 bytes', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, bytesOf(1000));
    const source = openFileSource(path, { direct: false });
    expect(source).toMatchObject({ name: path, kind: 'file', size: 1000, sectorSize: 512 });
    expect(source.physicalSectorSize).toBe(512);
    expect(source.identity).toEqual({});
    source.close();
  });
});

describe('reading through the cache', () => {
  test('shows the end by a short count, and nothing behind it', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, bytesOf(1000));
    const source = openFileSource(path, { direct: false });
    const into = source.allocate(4096);
    expect(source.read(900, into)).toEqual({ copied: 100, errno: undefined });
    expect(into.slice(0, 100)).toEqual(bytesOf(1000).slice(900));
    expect(source.read(1000, into)).toEqual({ copied: 0, errno: undefined });
    expect(source.read(5000, into)).toEqual({ copied: 0, errno: undefined });
    source.close();
  });

  test('gives the name of an error as a value', () => {
    // Nothing is mapped at the start of the memory of this process.
    if (!existsSync('/proc/self/mem')) return;
    const source = openFileSource('/proc/self/mem', { direct: false });
    expect(source.read(0, new Uint8Array(512))).toEqual({ copied: 0, errno: 'EIO' });
    source.close();
  });

  test('takes another sector size where one is given', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, '');
    const source = openFileSource(path, { direct: false, sectorSize: 2048 });
    expect([source.sectorSize, source.physicalSectorSize]).toEqual([2048, 2048]);
    source.close();
  });
});

describe.each(['/tmp', '/dev/shm'])('direct reading in %s', (root) => {
  const folder = existsSync(root) ? mkdtempSync(join(root, 'rescue-direct-')) : undefined;
  const isPossible = folder !== undefined && takesDirectReads(folder);
  afterAll(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  test.skipIf(!isPossible)('gives what cached reading gives, whatever is asked for', () => {
    const path = join(folder as string, 'image');
    const all = bytesOf(ODD_SIZE);
    writeFileSync(path, all);
    const direct = openFileSource(path, { direct: true });
    const cached = openFileSource(path, { direct: false });
    const memory = alignedBuffer(3 * 1024 * 1024);
    const nearBorders = fc
      .tuple(fc.nat(Math.ceil(ODD_SIZE / 512) + 2), fc.integer({ min: -2, max: 2 }))
      .map(([sector, shift]) => Math.max(0, sector * 512 + shift));
    const places = fc.oneof(fc.nat(ODD_SIZE + 2000), nearBorders);
    fc.assert(
      fc.property(
        places,
        places,
        fc.constantFrom(0, 1, 512, 4096),
        fc.boolean(),
        (pos, size, at, isOurs) => {
          const into = isOurs ? memory.subarray(at, at + size).fill(0) : new Uint8Array(size);
          const plain = new Uint8Array(size);
          expect(direct.read(pos, into)).toEqual(cached.read(pos, plain));
          expect(Buffer.compare(into, plain)).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
    direct.close();
    cached.close();
  });

  test.skipIf(!isPossible)('follows a file that becomes longer', () => {
    const path = join(folder as string, 'growing');
    writeFileSync(path, bytesOf(700));
    const source = openFileSource(path, { direct: true });
    writeFileSync(path, bytesOf(5000));
    const into = source.allocate(8192);
    expect(source.read(0, into)).toEqual({ copied: 5000, errno: undefined });
    expect(into.slice(0, 5000)).toEqual(bytesOf(5000));
    source.close();
  });
});

describe('opening', () => {
  test('refuses direct reads where the file system has none', () => {
    // No file of /proc can be opened with O_DIRECT.
    if (!existsSync('/proc/self/status')) return;
    const error = rescueErrorOf(() => openFileSource('/proc/self/status', { direct: true }));
    expect(error.code).toBe('direct-unsupported');
    expect(error.hint).toContain('without direct');
  });

  test('says plainly what is missing', () => {
    const path = join(scratchFolder(), 'nothing');
    const error = rescueErrorOf(() => openFileSource(path, { direct: false }));
    expect(error).toMatchObject({ code: 'source-open', path });
    expect(error.message).toBe(`Can't open input file ${path}: no such file or directory.`);
    expect(error.hint).toContain('lsblk');
  });

  test('refuses a directory and a pipe, without waiting', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'dir'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const name of ['dir', 'pipe']) {
      const error = rescueErrorOf(() => openFileSource(join(folder, name), { direct: false }));
      expect(error.code).toBe('source-open');
    }
  });
});

describe('the life of a source', () => {
  // Reads of the first page of a process's memory fail, which makes this a disk with an error in it.
  test.skipIf(process.platform !== 'linux')(
    'an error of a disk whose node is gone is the loss of the disk',
    () => {
      const node = join(scratchFolder(), 'disk');
      symlinkSync('/proc/self/mem', node);
      const source = openFileSource(node, { direct: false });
      const into = new Uint8Array(512);
      expect(source.read(0, into)).toEqual({ copied: 0, errno: 'EIO' });
      rmSync(node);
      expect(source.read(0, into)).toEqual({ copied: 0, errno: 'ENOENT' });
      source.close();
    },
  );

  test('closes twice, and opens again', async () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, 'abc');
    const source = openFileSource(path, { direct: false });
    source.reopen();
    source.close();
    source.close();
    expect(() => source.read(0, new Uint8Array(1))).toThrow('is closed');
    source.reopen();
    expect(source.read(0, new Uint8Array(3)).copied).toBe(3);
    await source[Symbol.asyncDispose]();
  });

  test('may be reopened after the file was away', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, 'abc');
    const source = openFileSource(path, { direct: false });
    rmSync(path);
    expect(rescueErrorOf(() => source.reopen()).code).toBe('source-open');
    writeFileSync(path, 'xyz');
    source.reopen();
    const into = new Uint8Array(3);
    source.read(0, into);
    expect(Buffer.from(into).toString()).toBe('xyz');
    source.close();
  });

  test('refuses something of another kind in its place', () => {
    if (!existsSync('/dev/zero')) return;
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, 'abc');
    const source = openFileSource(path, { direct: false });
    rmSync(path);
    symlinkSync('/dev/zero', path);
    expect(rescueErrorOf(() => source.reopen()).code).toBe('source-lost');
  });
});

const missing = missingTools('losetup');

test.skipIf(missing !== undefined).for([false, true])(
  `a device whose medium is taken out is lost, direct: %s${missing ? ` (${missing})` : ''}`,
  (direct, { skip }) => {
    const size = 1024 * 1024;
    const image = emptyImage(size);
    const device = loopOver(image);
    if (device === undefined) return skip('loop devices are refused');
    const source = openFileSource(device, { direct });
    const into = source.allocate(4096);
    const turn = (now: number): void => {
      truncateSync(image, now);
      outputOf('losetup', '--set-capacity', device);
    };
    expect(source.read(0, into)).toEqual({ copied: 4096, errno: undefined });
    turn(0);
    expect(source.read(0, into)).toEqual({ copied: 0, errno: 'ENOMEDIUM' });
    expect(source.read(size - 4096, into)).toEqual({ copied: 0, errno: 'ENOMEDIUM' });
    turn(size);
    expect(source.read(size - 4096, into)).toEqual({ copied: 4096, errno: undefined });
    expect(source.read(size, into)).toEqual({ copied: 0, errno: undefined });
    // Smaller, but there: it ends before.
    turn(size / 2);
    expect(source.read(size / 2, into)).toEqual({ copied: 0, errno: undefined });
    source.close();
  },
);

test('memory for direct reads is zeroed, shared, and as large as asked for', () => {
  for (const size of [0, 1, 512, 65536, 65537]) {
    const memory = alignedBuffer(size);
    expect(memory.length).toBe(size);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  }
});

function takesDirectReads(folder: string): boolean {
  const path = join(folder, 'probe');
  writeFileSync(path, new Uint8Array(4096));
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECT);
    readSync(fd, alignedBuffer(4096), 0, 4096, 0);
    closeSync(fd);
    return true;
  } catch {
    return false;
  }
}
