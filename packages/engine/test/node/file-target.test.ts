import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FileTarget, openFileTarget } from '@chunkrescue/engine';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missingForSmallDisk, rescueErrorOf, scratchFolder, smallDisk } from './scratch.ts';
import { withAndWithoutFsExt } from './with-and-without-fs-ext.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}

function finish(target: FileTarget): void {
  target.sync();
  target.close();
}

withAndWithoutFsExt('a sparse target', (hasFsExt) => {
  test('leaves zeros out and is as long as what was written', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'create' });
    target.write(0, filled(64 * KIB, 7));
    for (let pos = 64 * KIB; pos < 64 * MIB; pos += MIB) target.write(pos, filled(MIB, 0));
    expect(target.size).toBe(64 * MIB + 64 * KIB);
    finish(target);
    const stat = statSync(path);
    expect(stat.size).toBe(64 * MIB + 64 * KIB);
    expect(stat.blocks * 512).toBeLessThan(256 * KIB);
    expect(
      readFileSync(path)
        .subarray(64 * KIB)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test('is long enough after close alone', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'create' });
    target.write(MIB, filled(100, 0));
    target.close();
    expect(statSync(path).size).toBe(MIB + 100);
  });

  test('leaves out zeros in front of data, written backwards', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'create' });
    target.write(16 * MIB, filled(4 * KIB, 1));
    for (let pos = 15 * MIB; pos >= 0; pos -= MIB) target.write(pos, filled(MIB, 0));
    finish(target);
    expect(statSync(path).blocks * 512).toBeLessThan(256 * KIB);
  });

  test('writes zeros over what it wrote itself', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'create' });
    target.write(0, filled(256 * KIB, 9));
    target.write(100, filled(200 * KIB, 0));
    finish(target);
    const expected = filled(256 * KIB, 9).fill(0, 100, 100 + 200 * KIB);
    expect(Buffer.compare(readFileSync(path), expected)).toBe(0);
  });

  test('writes zeros over old data, and into a new hole none', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, filled(100 * KIB, 5));
    const target = openFileTarget(path, { mode: 'update' });
    target.write(0, filled(8 * MIB, 0));
    finish(target);
    expect(readFileSync(path).every((byte) => byte === 0)).toBe(true);
    expect(statSync(path).size).toBe(8 * MIB);
    expect(statSync(path).blocks * 512).toBeLessThan(512 * KIB);
  });

  test('knows the holes of a file that was there before only with fs-ext; else it writes the zeros', () => {
    const path = join(scratchFolder(), 'image');
    const first = openFileTarget(path, { mode: 'create' });
    first.write(32 * MIB, filled(4 * KIB, 1));
    finish(first);
    const second = openFileTarget(path, { mode: 'update' });
    second.write(0, filled(32 * MIB, 0));
    finish(second);
    expect(statSync(path).blocks * 512 < 256 * KIB).toBe(hasFsExt);
  });

  test('never lets old data shine through, whatever is written', () => {
    const folder = scratchFolder();
    let run = 0;
    const places = fc.oneof(
      fc.nat(400 * KIB),
      fc
        .tuple(fc.nat(6), fc.integer({ min: -1, max: 1 }))
        .map(([n, d]) => Math.max(0, n * 64 * KIB + d)),
    );
    const pieces = fc.record({ pos: places, size: places, value: fc.constantFrom(0, 0, 3) });
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 8 }),
        places,
        fc.boolean(),
        (writes, old, isReopened) => {
          const path = join(folder, `image-${run++}`);
          let model = Buffer.alloc(old, 5);
          writeFileSync(path, model);
          let target = openFileTarget(path, { mode: 'any' });
          for (const { pos, size, value } of writes) {
            // Half of each write holds zeros, so that data and holes mix in one call.
            const bytes = filled(size, value).fill(0, 0, size >>> 1);
            target.write(pos, bytes);
            const longer = Buffer.alloc(Math.max(model.length, pos + size));
            longer.set(model);
            longer.set(bytes, pos);
            model = longer;
            if (isReopened) {
              target.close();
              target = openFileTarget(path, { mode: 'update' });
            }
          }
          expect(target.size).toBe(model.length);
          target.close();
          expect(Buffer.compare(readFileSync(path), model)).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a target that is not sparse', () => {
  test('writes zeros', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'create', sparse: false });
    target.write(0, filled(4 * MIB, 0));
    finish(target);
    expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(4 * MIB);
  });
});

describe('length', () => {
  test('grows when asked for, and never shrinks', () => {
    const path = join(scratchFolder(), 'image');
    writeFileSync(path, filled(1000, 1));
    const target = openFileTarget(path, { mode: 'any' });
    target.extend(500);
    expect(statSync(path).size).toBe(1000);
    target.extend(3000);
    expect(statSync(path).size).toBe(3000);
    finish(target);
    expect(readFileSync(path).subarray(0, 1000)).toEqual(Buffer.alloc(1000, 1));
  });

  test('that cannot be reached leaves the target as it was, good for a later sync', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'any' });
    target.write(0, filled(1000, 1));
    expect(() => target.extend(2 ** 53 - 1)).toThrow(/target-write|Can't write/);
    expect(target.size).toBe(1000);
    finish(target);
    expect(statSync(path).size).toBe(1000);
  });

  test('is kept when somebody else made the file longer', () => {
    const path = join(scratchFolder(), 'image');
    const target = openFileTarget(path, { mode: 'create' });
    target.write(0, filled(1000, 0));
    writeFileSync(path, filled(9000, 2));
    finish(target);
    expect(statSync(path).size).toBe(9000);
  });
});

describe('opening', () => {
  test('with create refuses what exists, a dangling link too', () => {
    const folder = scratchFolder();
    const path = join(folder, 'image');
    writeFileSync(path, 'keep me');
    symlinkSync(join(folder, 'missing'), join(folder, 'link'));
    for (const name of ['image', 'link']) {
      const error = rescueErrorOf(() => openFileTarget(join(folder, name), { mode: 'create' }));
      expect(error.code).toBe('target-exists');
    }
    expect(readFileSync(path, 'utf8')).toBe('keep me');
  });

  test('with update refuses what is missing', () => {
    const path = join(scratchFolder(), 'image');
    const error = rescueErrorOf(() => openFileTarget(path, { mode: 'update' }));
    expect(error).toMatchObject({ code: 'target-open', path });
    expect(error.message).toContain('no such file');
  });

  test('with any follows a link to a file and keeps its bytes', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'image'), 'abcdef');
    symlinkSync('image', join(folder, 'link'));
    const target = openFileTarget(join(folder, 'link'), { mode: 'any' });
    target.write(1, Buffer.from('X'));
    finish(target);
    expect(readFileSync(join(folder, 'image'), 'utf8')).toBe('aXcdef');
  });

  test('with any refuses a dangling link', () => {
    const folder = scratchFolder();
    symlinkSync('missing', join(folder, 'link'));
    const error = rescueErrorOf(() => openFileTarget(join(folder, 'link'), { mode: 'any' }));
    expect(error.code).toBe('target-open');
    expect(error.message).toContain('link');
  });

  test('refuses folders, pipes and character devices, without waiting', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'dir'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [join(folder, 'dir'), join(folder, 'pipe'), '/dev/null']) {
      const error = rescueErrorOf(() => openFileTarget(path, { mode: 'any', force: true }));
      expect(error.code).toBe('target-open');
    }
  });

  test('makes files that the umask allows', () => {
    const path = join(scratchFolder(), 'image');
    const before = process.umask();
    openFileTarget(path, { mode: 'any' }).close();
    expect(statSync(path).mode & 0o777).toBe(0o666 & ~before);
  });
});

describe('trouble', () => {
  test.skipIf(missingForSmallDisk() !== undefined)(
    'of a full disk (root only) names the first byte that was not written',
    ({ skip }) => {
      const disk = smallDisk(256);
      if (disk === undefined) return skip('mounting is refused');
      const target = openFileTarget(join(disk, 'image'), { mode: 'create' });
      const error = rescueErrorOf(() => target.write(1000, filled(MIB, 1)));
      expect(error.code).toBe('target-write');
      expect(error.pos).toBeGreaterThan(100 * KIB);
      expect(error.message).toContain('no space left');
      expect(error.hint).toContain('No room is left');
      target.close();
    },
  );

  test('of a limited file size explains FAT', () => {
    const path = join(scratchFolder(), 'image');
    const program = `
      import { openFileTarget } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const target = openFileTarget(process.argv[1], { mode: 'create' });
      try { target.write(0, new Uint8Array(1 << 20).fill(1)); } catch (e) {
        console.log(JSON.stringify([e.code, e.pos, e.message, e.hint]));
      }`;
    // The shell counts in KiB.
    const child = spawnSync(
      'bash',
      ['-c', 'ulimit -f 64; exec node --input-type=module -e "$0" "$1"', program, path],
      { encoding: 'utf8' },
    );
    expect(child.stderr).toBe('');
    const [code, pos, message, hint] = JSON.parse(child.stdout) as [string, number, string, string];
    expect([code, pos]).toEqual(['target-write', 64 * KIB]);
    expect(message).toContain('file too large');
    expect(hint).toContain('FAT32');
  });

  test('ends with close, which may be called twice', async () => {
    const target = openFileTarget(join(scratchFolder(), 'image'), { mode: 'create' });
    target.close();
    target.close();
    await target[Symbol.asyncDispose]();
    expect(() => target.write(0, filled(1, 1))).toThrow('is closed');
  });
});
