import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deviceFamily } from './device-family.ts';
import { unlessErrno } from './errno.ts';
import { finalPath, statOf } from './paths.ts';
import { numberOf, numberOfNode } from './sysfs.ts';

/** A file system and where it is mounted. */
export interface Mount {
  readonly folder: string;
  /** `ext4`, `vfat`, `fuseblk`, `fuse.sshfs`. */
  readonly type: string;
  /** A device's path for most file systems; otherwise a word that means little. */
  readonly source: string;
  readonly major: number;
  readonly minor: number;
  readonly isReadOnly: boolean;
  /**
   * Of the mount, then of the file system; as the kernel writes them, `\054` for a comma in a
   * value.
   */
  readonly options: string;
}

const MOUNTINFO = '/proc/self/mountinfo';
const VOLATILE_TYPES = ['tmpfs', 'ramfs', 'devtmpfs', 'rootfs'];
const LINE = /^\d+ \d+ (\d+):(\d+) \S+ (\S+) (\S+)(?: (?!- )\S+)* - (\S+) (\S*) (\S*)$/;

/** Reads the text of /proc/self/mountinfo; lines that are none are left out. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [, major, minor, folder = '', flags, type = '', source = '', more] =
      LINE.exec(line) ?? [];
    if (major === undefined) return [];
    const options = `${flags},${more}`;
    return {
      folder: unescaped(folder),
      type,
      source: unescaped(source),
      major: Number(major),
      minor: Number(minor),
      isReadOnly: options.split(',').includes('ro'),
      options,
    };
  });
}

/** All mounts that this process sees, in the order of the system. Outside Linux: none. */
function allMounts(): Mount[] {
  return parseMounts(
    unlessErrno(['ENOENT', 'EACCES'], () => readFileSync(MOUNTINFO, 'utf8')) ?? '',
  );
}

/**
 * The mount in which a path lies, or would lie once made; links are followed. Undefined outside
 * Linux. The path of a device node lies in /dev.
 */
export function mountOf(path: string): Mount | undefined {
  const mounts = allMounts();
  if (mounts.length === 0) return undefined;
  const existing = nearestExisting(path);
  const above = mounts.filter(({ folder }) => isInside(existing, folder));
  // A mount can be hidden by a later one on a folder above it; the number of the device shows which
  // it is. Btrfs gives files a number of their own: then the names alone must do.
  const number = numberOf(statSync(existing, { bigint: true }).dev);
  const same = above.filter(({ major, minor }) => `${major}:${minor}` === number);
  const candidates = same.length > 0 ? same : above;
  const longest = Math.max(...candidates.map(({ folder }) => folder.length));
  return candidates.findLast(({ folder }) => folder.length === longest);
}

/**
 * Where a block device is mounted, or a partition of it, or anything that is built on these (LVM,
 * dm-crypt, md). For a regular file: where loop devices over it are mounted. Empty outside Linux.
 */
export function mountsOfDevice(path: string): Mount[] {
  const family = deviceFamily(path);
  return family.size === 0 ? [] : allMounts().filter((mount) => isOnDevice(mount, family));
}

/** Whether the mount is of a device among these numbers (`8:1`). */
export function isOnDevice(mount: Mount, numbers: ReadonlySet<string>): boolean {
  if (numbers.has(`${mount.major}:${mount.minor}`)) return true;
  // Btrfs and FUSE have numbers of their own, and often a device as their source.
  const source = mount.source.startsWith('/') ? numberOfNode(mount.source) : undefined;
  return source !== undefined && numbers.has(source);
}

/**
 * Whether what is written there is gone after a reboot: it lies in memory, as in a live system.
 * Only of regular files and folders; /dev itself is volatile, the disks in it are not.
 */
export function isVolatile(path: string): boolean {
  const mount = mountOf(path);
  return mount !== undefined && isVolatileMount(mount);
}

/** See {@link isVolatile}. */
export function isVolatileMount(mount: Mount): boolean {
  if (VOLATILE_TYPES.includes(mount.type) || /^\/dev\/z?ram\d/.test(mount.source)) return true;
  if (mount.type !== 'overlay') return false;
  const upper = upperFolder(mount);
  if (upper !== undefined) return isVolatile(upper);
  // The upper folder of Ubuntu's live system was mounted before the root and is out of sight.
  return /(?:^|,)lowerdir[^,]*squashfs/.test(mount.options);
}

/**
 * The folder that takes what is written to an overlay; undefined when there is none or it is out of
 * sight.
 */
export function upperFolder(mount: Mount): string | undefined {
  const value = unescaped(/(?:^|,)upperdir=([^,]*)/.exec(mount.options)?.[1] ?? '');
  // As it was given to mount, where a comma needs a backslash.
  const folder = [value, value.replace(/\\(.)/g, '$1')].find((path) => {
    return path.startsWith('/') && statOf(path) !== undefined;
  });
  // A path of another time can by chance be a folder of the overlay itself.
  return folder === undefined || mountOf(folder)?.folder === mount.folder ? undefined : folder;
}

function nearestExisting(path: string): string {
  let current = finalPath(path);
  while (statOf(current) === undefined && current !== '/') current = finalPath(dirname(current));
  return current;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(join(folder, '/'));
}

/** The kernel writes spaces and the like as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}
