import { type BigIntStats, statSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { sharesBytes } from './beneath.ts';
import { unlessErrno } from './errno.ts';
import { finalPath } from './paths.ts';

/** A file and what it is to the command: `input file`, `map file`. */
export interface RoledFile {
  readonly role: string;
  readonly path: string;
}

/**
 * Makes sure that no two files are one, whatever their names: links of both sorts are followed, and device
 * nodes compared by device. Files that do not exist yet are compared by path; character devices never.
 * @throws RescueError `same-file`
 */
export function assertDistinctFiles(files: readonly RoledFile[]): void {
  const seen = new Map<string, RoledFile>();
  for (const file of files) {
    const key = keyOf(file.path);
    if (key === undefined) continue;
    const other = seen.get(key);
    if (other !== undefined) {
      const names =
        other.path === file.path ? file.path : `${other.path} and ${file.path}, which are the same`;
      throw new RescueError(
        'same-file',
        `The ${other.role} and the ${file.role} must be two files, not one: ${names}.`,
        { path: file.path, hint: `Give another name for the ${file.role}.` },
      );
    }
    seen.set(key, file);
  }
  const devices = [...seen].filter(([key]) => key.startsWith('device ')).map(([, file]) => file);
  for (const device of devices) refuseShared(device, [...seen.values()]);
}

/** A file and the loop device over it, a disk and its partition: two names for the same bytes. */
function refuseShared(device: RoledFile, files: readonly RoledFile[]): void {
  const other = files.find((file) => file !== device && sharesBytes(device.path, file.path));
  if (other === undefined) return;
  throw new RescueError(
    'same-file',
    `The ${other.role} ${other.path} and the ${device.role} ${device.path} have bytes in common: one is made of the other.`,
    { path: other.path, hint: `Give another name for the ${other.role}; nothing was touched.` },
  );
}

/** Whether two names are one file or device, or would be once made; see {@link assertDistinctFiles}. */
export function isSameFile(a: string, b: string): boolean {
  const key = keyOf(a);
  return key !== undefined && key === keyOf(b);
}

function keyOf(path: string): string | undefined {
  const stat = unlessErrno(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'], () =>
    statSync(path, { bigint: true }),
  );
  if (stat === undefined) return `path ${finalPath(path)}`;
  return fileKey(stat);
}

/** The same for two names of one file or device; undefined for character devices, which are never compared. */
export function fileKey(stat: BigIntStats): string | undefined {
  if (stat.isCharacterDevice()) return undefined;
  return stat.isBlockDevice() ? `device ${stat.rdev}` : `file ${stat.dev} ${stat.ino}`;
}
