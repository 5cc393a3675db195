import { readdirSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeFolder } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import {
  emptyImage,
  ext4Disk,
  loopOver,
  missingTools,
  mounted,
  mountedByFuse,
  outputOf,
} from './loop-disk.ts';
import { missingForSmallDisk, rescueErrorOf, scratchFolder, smallDisk } from './scratch.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const TIB = 1024 * GIB;
const wanted = { fileSize: 5 * GIB, holeSize: 16 * MIB };
const noMounts = missingForSmallDisk();
const noDisks = missingTools('losetup', 'mkfs.ext4');
const noExfat = missingTools('losetup', 'mkfs.exfat', 'mount.exfat-fuse');
const noFat = missingTools('mkfs.vfat', 'fusefat');

describe('a folder with holes (root only)', () => {
  test.skipIf(noDisks !== undefined)('in ext4, takes files up to its limit', ({ skip }) => {
    const disk = ext4Disk();
    if (disk === undefined) return skip('loop devices are refused');
    const facts = probeFolder(disk.folder, wanted);
    const { bavail, bsize } = statfsSync(disk.folder);
    expect(facts).toMatchObject({ type: 'ext4', hasHoles: true, takesFileSize: true });
    expect(facts.blockSize).toBe(bsize);
    expect(Math.abs(facts.freeBytes - bavail * bsize)).toBeLessThan(64 * 1024);
    const long = probeFolder(disk.folder, { ...wanted, fileSize: 200 * TIB });
    expect(long).toMatchObject({ hasHoles: true, takesFileSize: false });
    expect(readdirSync(disk.folder)).toEqual(['lost+found']);
  });

  test.skipIf(noMounts !== undefined)('in memory, though room is short', ({ skip }) => {
    const disk = smallDisk(64);
    if (disk === undefined) return skip('mounting is refused');
    expect(probeFolder(disk, wanted)).toEqual({
      type: 'tmpfs',
      freeBytes: 64 * 1024,
      hasHoles: true,
      takesFileSize: true,
      blockSize: 4096,
    });
    // A hole of half a block saves nothing.
    expect(probeFolder(disk, { ...wanted, holeSize: 2048 }).hasHoles).toBe(false);
    expect(readdirSync(disk)).toEqual([]);
  });

  test.skipIf(noMounts !== undefined)('removes what a killed one left, links too', ({ skip }) => {
    const disk = smallDisk(64);
    if (disk === undefined) return skip('mounting is refused');
    writeFileSync(join(disk, 'precious'), 'x');
    symlinkSync('precious', join(disk, `.rescue-probe-${process.pid}`));
    expect(probeFolder(disk, wanted).hasHoles).toBe(true);
    expect(readdirSync(disk)).toEqual(['precious']);
  });
});

describe('a folder without holes (root only)', () => {
  test.skipIf(noExfat !== undefined)('is exFAT, which takes long files', ({ skip }) => {
    const image = emptyImage(32 * MIB);
    outputOf('mkfs.exfat', image);
    const device = loopOver(image);
    const folder = device && mountedByFuse('mount.exfat-fuse', device, '%');
    if (!folder) return skip('exfat-fuse is refused');
    const facts = probeFolder(folder, wanted);
    expect(facts).toMatchObject({ type: 'fuseblk', hasHoles: false, takesFileSize: true });
    expect(facts.freeBytes).toBeGreaterThan(16 * MIB);
    expect(readdirSync(folder)).toEqual([]);
    // No room for the zeros in front of the byte says the same.
    writeFileSync(join(folder, 'full'), new Uint8Array(facts.freeBytes - MIB));
    const full = probeFolder(folder, wanted);
    expect(full).toMatchObject({ hasHoles: false, takesFileSize: true });
    expect(full.freeBytes).toBeLessThanOrEqual(MIB);
    expect(readdirSync(folder)).toEqual(['full']);
  });

  test.skipIf(noFat !== undefined)('is FAT, which takes files under 4 GiB', ({ skip }) => {
    const image = emptyImage(32 * MIB);
    outputOf('mkfs.vfat', image);
    const folder = mountedByFuse('fusefat', '-o', 'rw+', image, '%');
    if (folder === undefined) return skip('fusefat is refused');
    const sizes = [4 * GIB - 1, 4 * GIB];
    const facts = sizes.map((fileSize) => probeFolder(folder, { ...wanted, fileSize }));
    expect(facts).toMatchObject([
      { type: 'fuse.fusefat', hasHoles: false, takesFileSize: true },
      { type: 'fuse.fusefat', hasHoles: false, takesFileSize: false },
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder in which nothing can be written', () => {
  test.skipIf(noMounts !== undefined)('is read-only (root only)', ({ skip }) => {
    const folder = mounted('-t', 'tmpfs', '-o', 'ro', 'tmpfs');
    if (folder === undefined) return skip('mounting is refused');
    const error = rescueErrorOf(() => probeFolder(folder, wanted));
    expect(error).toMatchObject({ code: 'target-open', path: folder, errno: 'EROFS' });
    expect(error.message).toContain(`${folder}: read-only file system`);
    expect(error.hint).toContain('another one');
  });

  test.skipIf(noMounts !== undefined)('is full (root only)', ({ skip }) => {
    const folder = smallDisk(64);
    if (folder === undefined) return skip('mounting is refused');
    writeFileSync(join(folder, 'full'), new Uint8Array(64 * 1024));
    const error = rescueErrorOf(() => probeFolder(folder, wanted));
    expect(error).toMatchObject({ code: 'target-open', errno: 'ENOSPC' });
    expect(readdirSync(folder)).toEqual(['full']);
  });

  test('is missing, or none', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), '');
    const errors = ['nothing', 'file'].map((name) =>
      rescueErrorOf(() => probeFolder(join(folder, name), wanted)),
    );
    expect(errors).toMatchObject([
      { code: 'target-open', errno: 'ENOENT' },
      { code: 'target-open', errno: 'ENOTDIR' },
    ]);
  });
});
