import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { liesOn } from '@chunkrescue/engine';
import { expect, test } from 'vitest';
import {
  addPartition,
  emptyImage,
  ext4Disk,
  loopOver,
  missingTools,
  mounted,
  outputOf,
} from './loop-disk.ts';
import { scratchFolder } from './scratch.ts';

const missing = missingTools('losetup', 'mkfs.ext4', 'addpart');

test.skipIf(missing !== undefined)(
  'files lie on the disk of their folder (root only)',
  ({ skip }) => {
    const disk = ext4Disk();
    const other = ext4Disk();
    if (!disk || !other) return skip('loop devices are refused');
    const link = join(scratchFolder(), 'link');
    symlinkSync(join(disk.folder, 'image'), link);
    writeFileSync(join(disk.folder, 'file'), '');
    for (const path of [
      disk.folder,
      join(disk.folder, 'file'),
      join(disk.folder, 'a', 'b'),
      link,
    ]) {
      expect([disk.device, disk.image].map((device) => liesOn(path, device))).toEqual([true, true]);
      expect([other.device, other.image].map((device) => liesOn(path, device))).toEqual([
        false,
        false,
      ]);
    }
    expect(liesOn(scratchFolder(), disk.device)).toBe(false);
  },
);

test.skipIf(missing !== undefined)(
  'files on a partition lie on it and on its disk, not on another partition (root only)',
  ({ skip }) => {
    const device = loopOver(emptyImage(16 * 1024 * 1024));
    const part = device && addPartition(device, 1, { start: 2048, count: 16384 });
    const rest = device && addPartition(device, 2, { start: 20480, count: 4096 });
    if (!device || !part || !rest) return skip('partitions are refused');
    outputOf('mkfs.ext4', '-q', '-F', part);
    const folder = mounted(part);
    if (folder === undefined) return skip('mounting is refused');
    const file = join(folder, 'file');
    expect([device, part, rest].map((on) => liesOn(file, on))).toEqual([true, true, false]);
    expect([device, part, rest].map((on) => liesOn(part, on))).toEqual([true, true, false]);
    expect(liesOn(device, part)).toBe(false);
  },
);

test.skipIf(missing !== undefined)(
  'a file system in a file lies where the file lies (root only)',
  ({ skip }) => {
    const outer = ext4Disk();
    if (outer === undefined) return skip('loop devices are refused');
    const image = join(outer.folder, 'inner.img');
    outputOf('truncate', '--size', '4M', image);
    outputOf('mkfs.ext4', '-q', '-F', image);
    const device = loopOver(image);
    const folder = device && mounted(device);
    if (!device || !folder) return skip('loop devices in loop devices are refused');
    expect(liesOn(join(folder, 'file'), outer.device)).toBe(true);
    expect(liesOn(join(folder, 'file'), image)).toBe(true);
    expect(liesOn(device, outer.device)).toBe(true);
    expect(liesOn(outer.folder, device)).toBe(false);
  },
);

test.skipIf(missing !== undefined)(
  'an overlay lies where its upper folder lies (root only)',
  ({ skip }) => {
    const [lower, upper] = [ext4Disk(), ext4Disk()];
    if (!lower || !upper) return skip('loop devices are refused');
    const [folder, work] = ['upper', 'work'].map((name) => join(upper.folder, name));
    for (const made of [folder, work]) mkdirSync(made as string);
    const options = `lowerdir=${lower.folder},upperdir=${folder},workdir=${work}`;
    const overlay = mounted('-t', 'overlay', '-o', options, 'overlay');
    if (overlay === undefined) return skip('overlays are refused');
    const on = [upper.device, lower.device];
    expect(on.map((device) => liesOn(join(overlay, 'file'), device))).toEqual([true, false]);
  },
);

test('nothing lies on what is no device', () => {
  const folder = scratchFolder();
  writeFileSync(join(folder, 'file'), '');
  for (const device of [folder, join(folder, 'file'), join(folder, 'nothing'), '/dev/null']) {
    expect(liesOn(join(folder, 'image'), device)).toBe(false);
  }
});
