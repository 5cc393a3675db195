import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { alignedBuffer } from './aligned-memory.ts';
import { type DeviceInfo, deviceInfo } from './device-info.ts';
import { errnoOf, reasonOf, retryInterrupted } from './errno.ts';

/** Units that direct reads may need; what the file system really wants is found by trying. */
const UNITS = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
const UNSUPPORTED = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'];
const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Are you root? Try sudo.',
  EPERM: 'Are you root? Try sudo.',
  ENOENT: 'Look at the name again; lsblk lists the disks that the system sees.',
  ENOMEDIUM: 'Put the medium into the drive.',
  ENXIO: 'The device is gone; connect it again and look for its name with lsblk.',
  ENODEV: 'The device is gone; connect it again and look for its name with lsblk.',
};

/** An open input. */
export interface OpenInput {
  readonly fd: number;
  readonly info: DeviceInfo;
  /** Bytes; what direct reads must be multiples of, 1 when reads go through the cache. */
  readonly unit: number;
}

/** @throws RescueError `source-open` or `direct-unsupported` */
export function openInput(path: string, isDirect: boolean): OpenInput {
  refuseUnreadable(path);
  const fd = isDirect ? openDirect(path) : openPlain(path, constants.O_RDONLY);
  try {
    const info = deviceInfo(fd);
    if (!isDirect) return { fd, info, unit: 1 };
    // A block device tells its unit. Trying would read its first sector, which may be the bad one.
    return { fd, info, unit: info.kind === 'block' ? info.sectorSize : unitByTrying(path, fd) };
  } catch (error) {
    closeSync(fd);
    throw error instanceof RescueError ? error : openError(path, error);
  }
}

/** Opening a pipe would wait for its writer, so what cannot be read at positions is found out before. */
function refuseUnreadable(path: string): void {
  let reason: string | undefined;
  let errno = 'ESPIPE';
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      reason = 'it is a directory';
      errno = 'EISDIR';
    } else if (stat.isFIFO() || stat.isSocket()) reason = 'it cannot be read at any position';
  } catch (error) {
    throw openError(path, error);
  }
  if (reason === undefined) return;
  throw new RescueError('source-open', `Can't open input file ${path}: ${reason}.`, {
    path,
    errno,
    hint: 'The input is a disk, a partition or an image file.',
  });
}

function openPlain(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw openError(path, error);
  }
}

function openDirect(path: string): number {
  // Missing in Node on systems that know no such flag, whatever the types say.
  const flag = constants.O_DIRECT as number | undefined;
  if (flag === undefined) throw directError(path);
  try {
    return openSync(path, constants.O_RDONLY | flag);
  } catch (error) {
    if (isUnsupported(errnoOf(error))) throw directError(path, error);
    throw openError(path, error);
  }
}

function unitByTrying(path: string, fd: number): number {
  const memory = alignedBuffer(UNITS.at(-1) as number);
  let cause: unknown;
  for (const unit of UNITS) {
    try {
      retryInterrupted(() => readSync(fd, memory, 0, unit, 0));
      return unit;
    } catch (error) {
      // Any other trouble is the disk's: the request itself was accepted.
      if (!isUnsupported(errnoOf(error))) return unit;
      cause = error;
    }
  }
  throw directError(path, cause);
}

/** Whether an error says that direct reads are not possible, or not with this unit. */
export function isUnsupported(errno: string | undefined): boolean {
  return errno !== undefined && UNSUPPORTED.includes(errno);
}

function openError(path: string, cause: unknown): RescueError {
  const errno = errnoOf(cause);
  const hint = HINTS[errno];
  return new RescueError('source-open', `Can't open input file ${path}: ${reasonOf(errno)}.`, {
    path,
    errno,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

function directError(path: string, cause?: unknown): RescueError {
  return new RescueError('direct-unsupported', `Direct reads of ${path} are not possible here.`, {
    path,
    cause,
    hint: 'Run again without direct reads; they matter only for a device with bad sectors.',
  });
}
