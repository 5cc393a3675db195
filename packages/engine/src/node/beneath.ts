/** What a block device is made of: its disk, the devices below LVM and the like, the file behind a loop device. */
import { join } from 'node:path';
import {
  backingFileOf,
  diskOf,
  folderOfDevice,
  linksIn,
  numberOfNode,
  statOfAny,
  textIn,
} from './sysfs.ts';

/** `device 8:1`, or `file 2049 131` by file system and number. */
type Part = string;

/** Whether what is written to one shows in the other. Two partitions of a disk have nothing in common. */
export function sharesBytes(a: string, b: string): boolean {
  return isPartOf(a, b) || isPartOf(b, a);
}

function isPartOf(upper: string, lower: string): boolean {
  const number = numberOfNode(upper);
  if (number === undefined) return false;
  const lowest = numberOfNode(lower);
  const own = lowest === undefined ? partOfFile(lower) : [`device ${lowest}`];
  const parts = new Set<Part>();
  addDevice(number, parts);
  return own.some((part) => parts.has(part));
}

function addDevice(number: string, parts: Set<Part>): void {
  const part = `device ${number}`;
  if (parts.has(part)) return;
  parts.add(part);
  const device = folderOfDevice(number);
  if (device === undefined) return;
  for (const next of [diskOf(device), ...linksIn(join(device, 'slaves'))]) {
    const below = textIn(join(next, 'dev'));
    if (below !== undefined) addDevice(below, parts);
  }
  const file = backingFileOf(device);
  if (file === undefined) return;
  const node = numberOfNode(file);
  if (node === undefined) for (const each of partOfFile(file)) parts.add(each);
  else addDevice(node, parts);
}

function partOfFile(path: string): Part[] {
  const stat = statOfAny(path);
  return stat?.isFile() ? [`file ${stat.dev} ${stat.ino}`] : [];
}
