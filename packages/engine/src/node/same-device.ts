/** Whether what a name leads to now is still what was opened by it before. */
import { fstatSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import type { DeviceInfo } from './device-info.ts';
import { fileKey } from './same-file.ts';

/** What was opened, and its descriptor while that is open: it proves more than what a device tells of itself. */
export interface Opened {
  readonly fd: number | undefined;
  readonly info: DeviceInfo;
}

/** The error `source-lost` when `after`, opened by the same name as `before`, is another device. */
export function otherDevice(path: string, before: Opened, after: Opened): RescueError | undefined {
  const change = differenceOf(before.info, after.info) ?? otherNode(before.fd, after.fd);
  if (change === undefined) return undefined;
  return new RescueError('source-lost', `${path} is another device now: ${change}.`, {
    path,
    hint: 'Device names can change when a disk is connected again; lsblk lists them.',
  });
}

/** What shows that `after` is not the device that `before` was, or undefined. Only known parts count. */
function differenceOf(before: DeviceInfo, after: DeviceInfo): string | undefined {
  if (before.kind !== after.kind) return `it was a ${before.kind}, it is a ${after.kind}`;
  if (before.kind !== 'block') return undefined;
  for (const part of ['serial', 'wwn', 'partitionUuid'] as const) {
    const was = before.identity[part];
    const is = after.identity[part];
    if (was !== undefined && is !== undefined && was !== is) {
      return `its ${part} was ${was}, it is ${is}`;
    }
  }
  if (before.size === undefined || after.size === undefined) return undefined;
  if (before.size === after.size) return undefined;
  return `it had ${before.size} bytes, it has ${after.size}`;
}

/** While both are open: the number of a device or file is given to no other one meanwhile. */
function otherNode(before: number | undefined, after: number | undefined): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  const [was, is] = [before, after].map((fd) => fileKey(fstatSync(fd, { bigint: true })));
  return was === is ? undefined : 'its name leads to something else';
}
