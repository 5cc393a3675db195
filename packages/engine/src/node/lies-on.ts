import { deviceFamily } from './device-family.ts';
import { isOnDevice, type Mount, mountOf, upperFolder } from './mounts.ts';
import { backingFileOf, diskOf, folderOfDevice, numberOfNode } from './sysfs.ts';

/** File systems in files on file systems in files: more than anybody has. */
const DEPTH_MAX = 16;

/**
 * Whether bytes written to `path` go to `device`: the file or folder, existing or not, lies on a
 * file system of the device, of a partition of it, or of something built on these; or `path` is
 * such a device itself. A partition counts alone: another one of its disk is elsewhere. When
 * `device` is a regular file: on a loop device over it. Overlays and files behind loop devices are
 * followed. False outside Linux, and where the system does not tell, as over a network.
 */
export function liesOn(path: string, device: string): boolean {
  const family = deviceFamily(device);
  let current: string | undefined = path;
  for (let depth = 0; family.size > 0 && current !== undefined && depth < DEPTH_MAX; depth++) {
    const node = numberOfNode(current);
    if (node !== undefined) {
      if (family.has(node)) return true;
      current = fileBehind(node);
      continue;
    }
    const mount = mountOf(current);
    if (mount === undefined) return false;
    if (isOnDevice(mount, family)) return true;
    current = mount.type === 'overlay' ? upperFolder(mount) : fileBehind(deviceOfMount(mount));
  }
  return false;
}

/** By the source where that is a device: btrfs has numbers of its own. */
function deviceOfMount({ source, major, minor }: Mount): string {
  return (source.startsWith('/') ? numberOfNode(source) : undefined) ?? `${major}:${minor}`;
}

/** What a loop device, or the one that this is a partition of, keeps its bytes in. */
function fileBehind(number: string): string | undefined {
  const device = folderOfDevice(number);
  return device === undefined ? undefined : backingFileOf(diskOf(device));
}
