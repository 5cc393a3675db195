import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isVolatile, mountOf, mountsOfDevice } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import { isVolatileMount, parseMounts } from '../../src/node/mounts.ts';
import {
  addPartition,
  emptyImage,
  ext4Disk,
  loopOver,
  missingTools,
  mounted,
  mountedIn,
  outputOf,
} from './loop-disk.ts';
import { missingForSmallDisk, scratchFolder, smallDisk } from './scratch.ts';

const noDisks = missingTools('losetup', 'mkfs.ext4', 'addpart');
const noMounts = missingForSmallDisk();

describe('the text of mountinfo', () => {
  test('is read with and without optional fields', () => {
    const text = [
      '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard',
      '36 27 8:17 /sub /mnt/a rw shared:1 master:2 propagate_from:3 - vfat /dev/sdb1 ro,uid=0',
      '37 27 0:39 / /mnt/b ro,nosuid - fuse.sshfs me@host:/a/b rw,user_id=0',
      '',
    ].join('\n');
    expect(parseMounts(text)).toEqual([
      {
        folder: '/',
        type: 'ext4',
        source: '/dev/vda',
        major: 254,
        minor: 0,
        isReadOnly: false,
        options: 'rw,relatime,rw,discard',
      },
      {
        folder: '/mnt/a',
        type: 'vfat',
        source: '/dev/sdb1',
        major: 8,
        minor: 17,
        isReadOnly: true,
        options: 'rw,ro,uid=0',
      },
      {
        folder: '/mnt/b',
        type: 'fuse.sshfs',
        source: 'me@host:/a/b',
        major: 0,
        minor: 39,
        isReadOnly: true,
        options: 'ro,nosuid,rw,user_id=0',
      },
    ]);
  });

  test('has spaces, tabs, newlines and backslashes as three digits', () => {
    const line = String.raw`36 27 8:1 / /a\040b\011c\012d\134040ü rw - ext4 /dev/x\040y rw`;
    expect(parseMounts(line)[0]).toMatchObject({ folder: '/a b\tc\nd\\040ü', source: '/dev/x y' });
  });

  test('may have an empty source, and lines that are none', () => {
    expect(parseMounts('36 27 0:5 / /a rw - tmpfs  rw\n\nnonsense\n1 2 3')).toMatchObject([
      { folder: '/a', type: 'tmpfs', source: '', options: 'rw,rw' },
    ]);
  });
});

describe('the mount of a path', () => {
  test.skipIf(noMounts !== undefined)(
    'is found for what is not there yet (root only)',
    ({ skip }) => {
      const disk = smallDisk(64);
      if (disk === undefined) return skip('mounting is refused');
      const link = join(scratchFolder(), 'link');
      symlinkSync(disk, link);
      for (const path of [disk, join(disk, 'a', 'b', 'c'), join(link, 'new'), link]) {
        expect(mountOf(path)).toMatchObject({ folder: disk, type: 'tmpfs', isReadOnly: false });
      }
      expect(mountOf(`${disk}-beside`)?.folder).not.toBe(disk);
    },
  );

  test.skipIf(noMounts !== undefined)(
    'is the last one of two in one folder (root only)',
    ({ skip }) => {
      const disk = mounted('-t', 'tmpfs', '-o', 'ro', 'first');
      if (disk === undefined) return skip('mounting is refused');
      mountedIn(disk, '-t', 'tmpfs', 'second');
      expect(mountOf(disk)).toMatchObject({ source: 'second', isReadOnly: false });
    },
  );

  test.skipIf(noMounts !== undefined)(
    'is not one hidden by a mount above it (root only)',
    ({ skip }) => {
      const outer = scratchFolder();
      const inner = join(outer, 'inner');
      mkdirSync(inner);
      mountedIn(inner, '-t', 'tmpfs', 'hidden');
      if (mountedIn(outer, '-t', 'tmpfs', 'above') === undefined)
        return skip('mounting is refused');
      mkdirSync(inner);
      expect(mountOf(join(inner, 'file'))?.source).toBe('above');
    },
  );
});

describe('the mounts of a device (root only)', () => {
  test.skipIf(noDisks !== undefined)('are found by the device and by its file', ({ skip }) => {
    const disk = ext4Disk();
    const other = ext4Disk();
    if (!disk || !other) return skip('loop devices are refused');
    for (const path of [disk.device, disk.image]) {
      expect(mountsOfDevice(path)).toMatchObject([{ folder: disk.folder, type: 'ext4' }]);
    }
    const bind = mounted('--bind', disk.folder);
    expect(mountsOfDevice(disk.device).map(({ folder }) => folder)).toEqual([disk.folder, bind]);
  });

  test.skipIf(noDisks !== undefined)('are those of partitions, for the whole disk', ({ skip }) => {
    const image = emptyImage(16 * 1024 * 1024);
    const device = loopOver(image);
    const part = device && addPartition(device, 1, { start: 2048, count: 16384 });
    const rest = device && addPartition(device, 2, { start: 20480, count: 4096 });
    if (!device || !part || !rest) return skip('partitions are refused');
    outputOf('mkfs.ext4', '-q', '-F', part);
    const folder = mounted(part);
    for (const path of [device, image, part]) {
      expect(mountsOfDevice(path)).toMatchObject([{ folder, source: part }]);
    }
    expect(mountsOfDevice(rest)).toEqual([]);
  });

  test.skipIf(noDisks !== undefined)('are those of a loop device over a device', ({ skip }) => {
    const disk = ext4Disk();
    if (disk === undefined) return skip('loop devices are refused');
    outputOf('umount', disk.folder);
    const second = loopOver(disk.device);
    const folder = second && mounted(second);
    if (!folder) return skip('loop devices over loop devices are refused');
    expect(mountsOfDevice(disk.image)).toMatchObject([{ folder }]);
  });

  test('are none for what is no device', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const path of [folder, join(folder, 'file'), join(folder, 'nothing'), '/dev/null']) {
      expect(mountsOfDevice(path)).toEqual([]);
    }
  });
});

test.each([
  [
    "is gone in Ubuntu's live system, whose upper folder is out of sight",
    true,
    '/filesystem.squashfs',
  ],
  ['is not known to be gone in a container', false, '/var/lib/docker/overlay2/l/ABC'],
])('what is written %s', (_, expected, lower) => {
  const options = `rw,lowerdir=${lower},upperdir=/no-such-cow/upper,workdir=/no-such-cow/work`;
  const [mount] = parseMounts(`30 1 0:28 / / rw,relatime - overlay /cow ${options}`);
  expect(mount && isVolatileMount(mount)).toBe(expected);
});

describe('what a reboot leaves (root only)', () => {
  test.skipIf(noDisks !== undefined)('is a disk, and not memory', ({ skip }) => {
    const disk = ext4Disk();
    const memory = smallDisk(64);
    if (!disk || !memory) return skip('mounting is refused');
    expect(isVolatile(join(disk.folder, 'a', 'map'))).toBe(false);
    expect(isVolatile(join(memory, 'a', 'map'))).toBe(true);
    expect(isVolatile('/dev/map')).toBe(true);
  });

  test.skipIf(noDisks !== undefined)('depends on where an overlay is kept', ({ skip }) => {
    const disk = ext4Disk();
    const memory = smallDisk(256);
    if (!disk || !memory) return skip('mounting is refused');
    const overlays = [disk.folder, memory].map((folder) => {
      const [lower, upper, work] = ['lower', 'up, per', 'work'].map((name) => join(folder, name));
      for (const made of [lower, upper, work]) mkdirSync(made as string);
      const escaped = upper?.replace(',', '\\,');
      const options = `lowerdir=${lower},upperdir=${escaped},workdir=${work}`;
      return mounted('-t', 'overlay', '-o', options, 'overlay');
    });
    if (overlays.includes(undefined)) return skip('overlays are refused');
    expect(overlays.map((folder) => isVolatile(join(folder as string, 'map')))).toEqual([
      false,
      true,
    ]);
  });
});
