import { existsSync } from 'node:fs';
import { findDevices } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import { findDevices as findIn, twinsOf } from '../../src/node/find-device.ts';
import { fakeSysfs } from './fake-sysfs.ts';
import { addPartition, emptyImage, loopOver, missingTools } from './loop-disk.ts';

const missing = missingTools('losetup', 'addpart');
const hasLoopNodes = existsSync('/dev/loop0') && existsSync('/dev/loop1');
const KIB = 1024;

describe('among loop devices (root only)', () => {
  test.skipIf(missing !== undefined)('finds the one that shows the file', ({ skip }) => {
    const image = emptyImage(1024 * KIB);
    const device = loopOver(image);
    const other = loopOver(emptyImage(1024 * KIB));
    const part = device && addPartition(device, 1, { start: 8, count: 64 });
    if (!device || !part || !other) return skip('loop devices are refused');
    const identity = { backingFile: image };
    expect(findDevices({ identity, size: 1024 * KIB })).toEqual([device]);
    expect(findDevices({ identity, size: 32 * KIB })).toEqual([part]);
    expect(findDevices({ identity, size: 64 * KIB })).toEqual([]);
    expect(findDevices({ identity: {}, size: 1024 * KIB })).toEqual([]);
    expect(findDevices({ identity: { model: 'x' }, size: 1024 * KIB })).toEqual([]);
  });
});

// The nodes must be real; what is told of them need not be.
describe.skipIf(!hasLoopNodes)('among made-up disks behind real nodes', () => {
  const disk = { 'device/serial': 'S1', 'device/wwid': 'W1' };

  test('finds all that have the serial number and the size', () => {
    const sysfs = fakeSysfs([
      { name: 'loop0', number: '7:0', files: disk },
      { name: 'loop1', number: '7:1', files: { ...disk, 'device/wwid': '' } },
    ]);
    const wanted = { identity: { serial: 'S1' }, size: 4096 };
    expect(findIn(wanted, sysfs)).toEqual(['/dev/loop0', '/dev/loop1']);
    expect(findIn({ ...wanted, size: 512 }, sysfs)).toEqual([]);
    expect(findIn({ ...wanted, identity: { wwn: 'W1' } }, sysfs)).toEqual(['/dev/loop0']);
    expect(findIn({ ...wanted, identity: { serial: 'S2', wwn: 'W1' } }, sysfs)).toEqual([]);
  });

  test('goes by the UUID of a partition before anything else', () => {
    const uevent = (name: string, uuid: string) => `DEVNAME=${name}\nPARTUUID=${uuid}\n`;
    const sysfs = fakeSysfs([
      { name: 'loop0', number: '7:0', files: { ...disk, uevent: uevent('loop0', 'u-1') } },
      { name: 'loop1', number: '7:1', files: { ...disk, uevent: uevent('loop1', 'u-2') } },
    ]);
    const identity = { serial: 'S1', partitionUuid: 'u-2' };
    expect(findIn({ identity, size: 4096 }, sysfs)).toEqual(['/dev/loop1']);
  });

  test('tells a clone that was there from the beginning, by the UUID that was copied with it', () => {
    const uevent = (name: string) => `DEVNAME=${name}\nPARTUUID=u-1\n`;
    const sysfs = fakeSysfs([
      { name: 'loop0', number: '7:0', files: { uevent: uevent('loop0') } },
      { name: 'loop1', number: '7:1', files: { uevent: uevent('loop1') } },
    ]);
    const wanted = { identity: { partitionUuid: 'u-1' }, size: 4096, number: '7:0' };
    expect(twinsOf(wanted, sysfs)).toEqual(['/dev/loop1']);
    expect(twinsOf({ ...wanted, size: 512 }, sysfs)).toEqual([]);
    // Devices over one file are one.
    expect(twinsOf({ ...wanted, identity: { backingFile: '/image' } }, sysfs)).toEqual([]);
  });

  test('leaves out devices without a node, or whose node is another device', () => {
    const sysfs = fakeSysfs([
      { name: 'no-such-disk', number: '8:0', files: disk },
      { name: 'loop0', number: '7:1', files: disk },
    ]);
    expect(findIn({ identity: { serial: 'S1' }, size: 4096 }, sysfs)).toEqual([]);
  });
});

test('finds nothing where the system tells of no devices', () => {
  expect(findIn({ identity: { serial: 'S1' }, size: 4096 }, '/no/such/folder')).toEqual([]);
});
