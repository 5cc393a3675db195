import { expect, test } from 'vitest';
import { familyOf } from '../../src/node/device-family.ts';
import { addBtrfs, type FakeDevice, fakeSysfs } from './fake-sysfs.ts';

/** An encrypted partition with LVM in it, beside a plain one, and another disk. */
const stacked: readonly FakeDevice[] = [
  { name: 'sda', number: '8:0' },
  { name: 'sda1', number: '8:1', disk: 'sda' },
  { name: 'sda2', number: '8:2', disk: 'sda', holders: ['dm-0'] },
  { name: 'dm-0', number: '253:0', holders: ['dm-1', 'dm-2'] },
  { name: 'dm-1', number: '253:1' },
  { name: 'dm-2', number: '253:2' },
  { name: 'sdb', number: '8:16' },
  { name: 'sdb1', number: '8:17', disk: 'sdb' },
];

function family(number: string, devices = stacked): string[] {
  return [...familyOf([number], fakeSysfs(devices))].sort();
}

test('a disk has its partitions and all that is built on them', () => {
  expect(family('8:0')).toEqual(['253:0', '253:1', '253:2', '8:0', '8:1', '8:2']);
});

test('a partition has neither its disk nor the other partitions', () => {
  expect(family('8:1')).toEqual(['8:1']);
  expect(family('8:2')).toEqual(['253:0', '253:1', '253:2', '8:2']);
});

test('a RAID is of each of its disks, with its own partitions', () => {
  const raid: readonly FakeDevice[] = [
    { name: 'sda', number: '8:0', holders: ['md0'] },
    { name: 'sdb', number: '8:16', holders: ['md0'] },
    { name: 'md0', number: '9:0' },
    { name: 'md0p1', number: '259:0', disk: 'md0' },
  ];
  expect(family('8:16', raid)).toEqual(['259:0', '8:16', '9:0']);
});

test('links that go in a circle have an end', () => {
  const circle: readonly FakeDevice[] = [
    { name: 'dm-0', number: '253:0', holders: ['dm-1'] },
    { name: 'dm-1', number: '253:1', holders: ['dm-0'] },
  ];
  expect(family('253:0', circle)).toEqual(['253:0', '253:1']);
});

test('a btrfs over two disks is of both', () => {
  const sysfs = fakeSysfs(stacked);
  addBtrfs(sysfs, ['sda1', 'sdb1']);
  expect([...familyOf(['8:1'], sysfs)].sort()).toEqual(['8:1', '8:17']);
  expect([...familyOf(['8:2'], sysfs)]).not.toContain('8:17');
});

test('an unknown number is alone', () => {
  expect(family('8:99')).toEqual(['8:99']);
});
