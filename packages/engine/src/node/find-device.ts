import { join } from 'node:path';
import { sameIdentity } from '../identity.ts';
import type { SourceIdentity } from '../ports.ts';
import { type DeviceInfo, identityOf } from './device-info.ts';
import { allDevices, eventValue, numberOfNode, SYSFS, sizeInSysfs, textIn } from './sysfs.ts';

/** A device that is looked for. */
export interface WantedDevice {
  readonly identity: SourceIdentity;
  /** Bytes. */
  readonly size: number;
}

/**
 * Paths in /dev of the block devices that are the wanted one, whatever they are called by now: of
 * the same size, and the same by {@link sameIdentity}. Several when they cannot be told apart, as
 * two partitions of one size on one disk, or a disk and its clone. Empty outside Linux, and when no
 * part is known.
 * @param sysfs where the system tells of its devices
 */
export function findDevices(wanted: WantedDevice, sysfs: string = SYSFS): string[] {
  return allDevices(sysfs)
    .filter((device) => sizeInSysfs(device) === wanted.size)
    .filter((device) => sameIdentity(identityOf(device), wanted.identity) === 'same')
    .flatMap((device) => nodeOf(device) ?? [])
    .sort();
}

/**
 * Other devices that are there beside this one and cannot be told from it: a clone has the UUIDs of its disk. What
 * comes later under such a name is not the one that was lost.
 */
export function twinsOf(
  { identity, size, number }: Pick<DeviceInfo, 'identity' | 'size' | 'number'>,
  sysfs: string = SYSFS,
): string[] {
  if (identity.partitionUuid === undefined || size === undefined) return [];
  return findDevices({ identity, size }, sysfs).filter((path) => numberOfNode(path) !== number);
}

/** The device's node, where there is one and it is that device. */
function nodeOf(device: string): string | undefined {
  const name = eventValue(device, 'DEVNAME');
  if (name === undefined) return undefined;
  const path = join('/dev', name);
  const number = numberOfNode(path);
  return number !== undefined && number === textIn(join(device, 'dev')) ? path : undefined;
}
