import { existsSync, fstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SourceIdentity } from '../ports.ts';
import { errnoOf } from './errno.ts';
import { fsExt, SEEK_END } from './fs-ext.ts';

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
}

const SECTOR = 512;
const PARTITION_UUIDS = '/dev/disk/by-partuuid';

/** Asks about an open file. @throws a system error when `fd` cannot be asked at all */
export function deviceInfo(fd: number): DeviceInfo {
  const stat = fstatSync(fd, { bigint: true });
  const plain = { sectorSize: SECTOR, physicalSectorSize: SECTOR, identity: {} };
  if (stat.isFile()) return { kind: 'file', size: Number(stat.size), ...plain };
  if (!stat.isBlockDevice()) return { kind: 'other', size: undefined, ...plain };
  const device = sysfsOf(stat.rdev);
  if (device === undefined) return { kind: 'block', size: sizeBySeek(fd), ...plain };
  const isPartition = existsSync(join(device, 'partition'));
  const disk = isPartition ? dirname(device) : device;
  const sectorSize = numberIn(join(disk, 'queue/logical_block_size')) ?? SECTOR;
  const physical = numberIn(join(disk, 'queue/physical_block_size')) ?? sectorSize;
  return {
    kind: 'block',
    size: sizeBySeek(fd) ?? sizeInSysfs(device),
    sectorSize,
    physicalSectorSize: Math.max(sectorSize, physical),
    identity: identityOf(disk, stat.rdev),
  };
}

/** The device's folder in sysfs, which knows every device by number, whatever its node is called. */
function sysfsOf(rdev: bigint): string | undefined {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  const path = `/sys/dev/block/${major}:${minor}`;
  return existsSync(path) ? realpathSync(path) : undefined;
}

function sizeBySeek(fd: number): number | undefined {
  try {
    return fsExt()?.seekSync(fd, 0, SEEK_END);
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}

/** Sysfs counts in 512 bytes, whatever the sector is. */
function sizeInSysfs(device: string): number | undefined {
  const count = numberIn(join(device, 'size'));
  return count === undefined ? undefined : count * 512;
}

function identityOf(disk: string, rdev: bigint): SourceIdentity {
  const model = firstText(disk, ['device/model', 'device/name']);
  const serial =
    firstText(disk, ['device/serial', 'serial']) ??
    vitalProductSerial(join(disk, 'device/vpd_pg80'));
  const wwn = firstText(disk, ['device/wwid', 'wwid']);
  const partitionUuid = partitionUuidOf(rdev);
  return {
    ...(model === undefined ? {} : { model }),
    ...(serial === undefined ? {} : { serial }),
    ...(wwn === undefined ? {} : { wwn }),
    ...(partitionUuid === undefined ? {} : { partitionUuid }),
  };
}

/** SCSI and SATA disks have their serial number in a page of their own: four bytes, then text. */
function vitalProductSerial(path: string): string | undefined {
  return cleaned(bytesIn(path)?.subarray(4).toString('latin1'));
}

function partitionUuidOf(rdev: bigint): string | undefined {
  if (!existsSync(PARTITION_UUIDS)) return undefined;
  return readdirSync(PARTITION_UUIDS).find((name) => {
    const stat = statSync(join(PARTITION_UUIDS, name), { bigint: true, throwIfNoEntry: false });
    return stat?.isBlockDevice() === true && stat.rdev === rdev;
  });
}

function firstText(folder: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = cleaned(bytesIn(join(folder, name))?.toString());
    if (text !== undefined) return text;
  }
  return undefined;
}

function numberIn(path: string): number | undefined {
  const number = Number(bytesIn(path)?.toString().trim() || Number.NaN);
  return Number.isSafeInteger(number) ? number : undefined;
}

function cleaned(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '').trim() || undefined;
}

/** Sysfs offers some files that cannot be read; those say as little as a missing one. */
function bytesIn(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}
