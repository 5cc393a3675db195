import { fstatSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceIdentity } from '../ports.ts';
import { errnoOf } from './errno.ts';
import { fsExt, SEEK_END } from './fs-ext.ts';
import {
  backingFileOf,
  bytesIn,
  cleaned,
  diskOf,
  eventValue,
  folderOfDevice,
  namesIn,
  numberIn,
  numberOf,
  numberOfNode,
  sizeInSysfs,
  textIn,
} from './sysfs.ts';

/** What the system tells of an open file or device. Sizes are bytes. */
export interface DeviceInfo {
  readonly kind: 'file' | 'block' | 'other';
  /** Undefined where there is no way to know: character devices, or no fs-ext outside Linux. */
  readonly size: number | undefined;
  /** Logical sector; 512 for everything that is not a block device. */
  readonly sectorSize: number;
  /** The medium's own sector; at least {@link sectorSize}. */
  readonly physicalSectorSize: number;
  readonly identity: SourceIdentity;
  /** Of a block device, `8:16`: no other device gets it as long as somebody has this one open. */
  readonly number?: string;
}

const SECTOR = 512;
const PARTITION_UUIDS = '/dev/disk/by-partuuid';

/** Asks about an open file. @throws a system error when `fd` cannot be asked at all */
export function deviceInfo(fd: number): DeviceInfo {
  const stat = fstatSync(fd, { bigint: true });
  const plain = { sectorSize: SECTOR, physicalSectorSize: SECTOR, identity: {} };
  if (stat.isFile()) return { kind: 'file', size: Number(stat.size), ...plain };
  if (!stat.isBlockDevice()) return { kind: 'other', size: undefined, ...plain };
  const number = numberOf(stat.rdev);
  const device = folderOfDevice(number);
  if (device === undefined) return { kind: 'block', size: sizeBySeek(fd), ...plain, number };
  const disk = diskOf(device);
  const sectorSize = numberIn(join(disk, 'queue/logical_block_size')) ?? SECTOR;
  const physical = numberIn(join(disk, 'queue/physical_block_size')) ?? sectorSize;
  return {
    kind: 'block',
    size: sizeBySeek(fd) ?? sizeInSysfs(device),
    sectorSize,
    physicalSectorSize: Math.max(sectorSize, physical),
    identity: identityOf(device),
    number,
  };
}

/** Bytes that an open block device has now, as the system tells: none when its medium is gone. */
export function sizeNow(fd: number): number | undefined {
  const device = folderOfDevice(numberOf(fstatSync(fd, { bigint: true }).rdev));
  return device === undefined ? undefined : sizeInSysfs(device);
}

function sizeBySeek(fd: number): number | undefined {
  try {
    return fsExt()?.seekSync(fd, 0, SEEK_END);
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}

/**
 * What tells the device apart from others.
 * @param device its folder in sysfs; a partition has the model and serial number of its disk
 */
export function identityOf(device: string): SourceIdentity {
  const disk = diskOf(device);
  const parts: Record<keyof SourceIdentity, string | undefined> = {
    model: firstText(disk, ['device/model', 'device/name']),
    serial:
      firstText(disk, ['device/serial', 'serial']) ??
      vitalProductSerial(join(disk, 'device/vpd_pg80')),
    wwn: firstText(disk, ['device/wwid', 'wwid']),
    partitionUuid: partitionUuidOf(device),
    backingFile: backingFileOf(disk),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== undefined));
}

/** SCSI and SATA disks have their serial number in a page of their own: four bytes, then text. */
function vitalProductSerial(path: string): string | undefined {
  return cleaned(bytesIn(path)?.subarray(4).toString('latin1'));
}

/** From udev's links; where there is no udev, from the kernel, which tells it since Linux 6.15. */
function partitionUuidOf(device: string): string | undefined {
  const number = textIn(join(device, 'dev'));
  const link = namesIn(PARTITION_UUIDS).find(
    (name) => number !== undefined && numberOfNode(join(PARTITION_UUIDS, name)) === number,
  );
  return link ?? eventValue(device, 'PARTUUID');
}

function firstText(folder: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = textIn(join(folder, name));
    if (text !== undefined) return text;
  }
  return undefined;
}
