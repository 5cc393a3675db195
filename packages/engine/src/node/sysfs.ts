/**
 * What Linux tells of block devices in /sys. Elsewhere there is no such folder, and nothing is
 * known.
 */
import {
  type BigIntStats,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, unlessErrno } from './errno.ts';

/** Where the system has it; tests bring a tree of their own. */
export const SYSFS = '/sys';
/** Sysfs counts sizes in 512 bytes, whatever the sector is. */
const SIZE_UNIT = 512;

/** A device's number as sysfs and mountinfo write it: `8:1`. */
export function numberOf(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** The number of a block device's node; undefined for everything else, for nothing, and for what cannot be looked at. */
export function numberOfNode(path: string): string | undefined {
  const stat = statOfAny(path);
  return stat?.isBlockDevice() ? numberOf(stat.rdev) : undefined;
}

/**
 * What there is of a file that need not be ours: one that another loop device shows may lie on a stick that is gone,
 * and says so in many ways.
 */
export function statOfAny(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}

/**
 * The folder of the block device with that number, whatever its node is called; undefined for none.
 */
export function folderOfDevice(number: string, sysfs: string = SYSFS): string | undefined {
  const path = join(sysfs, 'dev/block', number);
  return existsSync(path) ? realpathSync(path) : undefined;
}

/** The folders of all block devices, partitions too. */
export function allDevices(sysfs: string = SYSFS): string[] {
  return linksIn(join(sysfs, 'class/block'));
}

/** The disk that a device is a partition of, or the device itself. */
export function diskOf(device: string): string {
  return existsSync(join(device, 'partition')) ? dirname(device) : device;
}

/** The partitions of a disk. */
export function partitionsOf(disk: string): string[] {
  return namesIn(disk)
    .filter((name) => name.startsWith(basename(disk)))
    .map((name) => join(disk, name))
    .filter((folder) => existsSync(join(folder, 'partition')));
}

/** Real names of the entries of a folder of links; none where it is missing. */
export function linksIn(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    return unlessErrno(['ENOENT', 'ENOTDIR'], () => realpathSync(join(folder, name))) ?? [];
  });
}

/** Names in a folder; none where it is missing. */
export function namesIn(folder: string): string[] {
  return unlessErrno(['ENOENT', 'ENOTDIR', 'EACCES'], () => readdirSync(folder)) ?? [];
}

/** Bytes of a device, or undefined when it is not told. */
export function sizeInSysfs(device: string): number | undefined {
  const count = numberIn(join(device, 'size'));
  return count === undefined ? undefined : count * SIZE_UNIT;
}

/** The file that a loop device shows, or that it showed and that is gone: undefined then. */
export function backingFileOf(disk: string): string | undefined {
  const path = bytesIn(join(disk, 'loop/backing_file'))?.toString().replace(/\n$/, '');
  return path === '' || path?.endsWith(' (deleted)') ? undefined : path;
}

/** A line `NAME=value` of a device's `uevent`. */
export function eventValue(device: string, name: string): string | undefined {
  const lines = textIn(join(device, 'uevent'))?.split('\n') ?? [];
  return lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;
}

/** A whole number in a file of its own. */
export function numberIn(path: string): number | undefined {
  const number = Number(textIn(path) ?? Number.NaN);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A file's text without the spaces around it; undefined when there is none. */
export function textIn(path: string): string | undefined {
  return cleaned(bytesIn(path)?.toString());
}

/** Text as devices give it, which may be padded; undefined when nothing is left. */
export function cleaned(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '').trim() || undefined;
}

/** Sysfs offers some files that cannot be read; those say as little as a missing one. */
export function bytesIn(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}
