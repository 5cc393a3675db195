import { basename, join } from 'node:path';
import { statOf } from './paths.ts';
import { fileKey } from './same-file.ts';
import {
  allDevices,
  backingFileOf,
  diskOf,
  folderOfDevice,
  linksIn,
  namesIn,
  numberOfNode,
  partitionsOf,
  SYSFS,
  statOfAny,
  textIn,
} from './sysfs.ts';

/**
 * Numbers (`8:1`) of the block devices whose bytes are bytes of `path`. For a device: itself, its
 * partitions, and what is built on any of these, as LVM, dm-crypt, md, loop devices and btrfs over
 * several disks. For a regular file: the loop devices over it, and what is built on those.
 * Otherwise empty.
 */
export function deviceFamily(path: string): Set<string> {
  const number = numberOfNode(path);
  if (number !== undefined) return familyOf([number]);
  if (!statOf(path)?.isFile()) return new Set();
  return familyOf(loopsOver(path, allDevices()).flatMap(numbersOf));
}

/**
 * The family of the devices with these numbers.
 * @param sysfs where the system tells of its devices
 */
export function familyOf(numbers: readonly string[], sysfs: string = SYSFS): Set<string> {
  const family = new Set(numbers);
  const all = allDevices(sysfs);
  // A set's loop goes on to what is added in it.
  for (const number of family) {
    const device = folderOfDevice(number, sysfs);
    if (device === undefined) continue;
    const above = [
      ...partitionsOf(device),
      ...linksIn(join(device, 'holders')),
      ...loopsOver(join('/dev', basename(device)), all),
    ];
    for (const next of above.flatMap(numbersOf)) family.add(next);
    for (const next of btrfsNumbers(device, sysfs)) family.add(next);
  }
  return family;
}

function numbersOf(device: string): string[] {
  const number = textIn(join(device, 'dev'));
  return number === undefined ? [] : [number];
}

/** The loop devices among these that show the file or device. */
function loopsOver(path: string, devices: readonly string[]): string[] {
  const stat = statOfAny(path);
  const key = stat && fileKey(stat);
  if (key === undefined) return [];
  return devices.filter((device) => {
    const backing = diskOf(device) === device ? backingFileOf(device) : undefined;
    const shown = backing === undefined ? undefined : statOfAny(backing);
    return shown !== undefined && fileKey(shown) === key;
  });
}

/**
 * The other devices of a btrfs file system that uses this one: what is written to it may go to any.
 */
function btrfsNumbers(device: string, sysfs: string): string[] {
  return namesIn(join(sysfs, 'fs/btrfs')).flatMap((uuid) => {
    const members = linksIn(join(sysfs, 'fs/btrfs', uuid, 'devices'));
    return members.includes(device) ? members.flatMap(numbersOf) : [];
  });
}
