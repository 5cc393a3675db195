import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileSource } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import { deviceInfo, identityOf } from '../../src/node/device-info.ts';
import { fakeSysfs } from './fake-sysfs.ts';
import { addPartition, emptyImage, loopOver, missingTools } from './loop-disk.ts';

test('a character device has no size', () => {
  const fd = openSync('/dev/null', 'r');
  expect(deviceInfo(fd)).toEqual({
    kind: 'other',
    size: undefined,
    sectorSize: 512,
    physicalSectorSize: 512,
    identity: {},
  });
  closeSync(fd);
});

describe('the identity of a disk', () => {
  const page = '\0P\0\x08  SER 1 ';

  test.each([
    ['SATA', { 'device/model': 'WDC  \n', 'device/vpd_pg80': page }, ['WDC', 'SER 1', undefined]],
    ['NVMe', { 'device/model': 'X', 'device/serial': 'S\n', wwid: 'eui.1\n' }, ['X', 'S', 'eui.1']],
    ['virtio', { serial: 'disk-7' }, [undefined, 'disk-7', undefined]],
    ['eMMC', { 'device/name': 'MMC', 'device/serial': '0x1' }, ['MMC', '0x1', undefined]],
    ['a disk that pads with zeros', { 'device/serial': 'S\0\0', wwid: '\n' }, [undefined, 'S']],
  ])('is read for %s, and for a partition of it', (_, files, [model, serial, wwn]) => {
    const root = fakeSysfs([
      { name: 'sda', number: '8:0', files },
      { name: 'sda1', number: '8:1', disk: 'sda' },
    ]);
    for (const name of ['sda', 'sda/sda1']) {
      expect(identityOf(join(root, 'devices', name))).toEqual({
        ...(model && { model }),
        ...(serial && { serial }),
        ...(wwn && { wwn }),
      });
    }
  });

  test('has the UUID of a partition from the kernel where there is no udev', () => {
    const uevent = 'DEVNAME=sda1\nPARTN=1\nPARTUUID=1234abcd-01\n';
    const root = fakeSysfs([{ name: 'sda1', number: '8:1', disk: 'sda', files: { uevent } }]);
    expect(identityOf(join(root, 'devices/sda/sda1'))).toEqual({ partitionUuid: '1234abcd-01' });
  });
});

describe('the identity of a loop device', () => {
  const missing = missingTools('losetup', 'addpart');

  test.skipIf(missing !== undefined)('is its file, for partitions too (root only)', ({ skip }) => {
    const image = emptyImage(1024 * 1024);
    const device = loopOver(image);
    const part = device && addPartition(device, 1, { start: 8, count: 64 });
    if (device === undefined || part === undefined) return skip('loop devices are refused');
    for (const path of [device, part]) {
      const source = openFileSource(path, { direct: false });
      expect(source.identity).toEqual({ backingFile: image });
      source.close();
    }
  });

  test.skipIf(missing !== undefined)('is not a file that is gone (root only)', ({ skip }) => {
    const image = emptyImage(1024 * 1024);
    const device = loopOver(image);
    if (device === undefined) return skip('loop devices are refused');
    rmSync(image);
    const source = openFileSource(device, { direct: false });
    expect(source.identity).toEqual({});
    source.close();
  });
});
