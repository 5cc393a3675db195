import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf, unlessErrno } from './errno.ts';

const LINKS_MAX = 40;

/**
 * The path that a file has, or would have when made: links followed, dangling ones too, and the folder's
 * real name. A part that cannot be looked at stays as it is given.
 */
export function finalPath(path: string): string {
  let current = resolve(path);
  for (let links = 0; links < LINKS_MAX; links++) {
    const folder = dirname(current);
    const real = unlessErrno(['ENOENT', 'ENOTDIR', 'EACCES'], () => realpathSync(folder)) ?? folder;
    current = join(real, basename(current));
    const here = current;
    const link = unlessErrno(['EINVAL', 'ENOENT', 'ENOTDIR', 'EACCES'], () => readlinkSync(here));
    if (link === undefined) return current;
    current = resolve(real, link);
  }
  return current;
}

/** The path from the root on, wherever a command is given that names it. Asked while the current folder is there. */
export function wholePath(path: string): string {
  return resolve(path);
}

/** What is said of a name behind which nothing is, or nothing that can be looked at. */
const UNSEEN = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'];

/** What there is of that name; undefined when nothing is, or when it cannot be looked at. */
export function statOf(path: string): Stats | undefined {
  return unlessErrno(UNSEEN, () => statSync(path));
}

/** The same of the name itself, which may be a link. */
export function linkStatOf(path: string): Stats | undefined {
  return unlessErrno(UNSEEN, () => lstatSync(path));
}

/** Makes a file's name durable; file systems that cannot are left alone. @throws a system error */
export function syncFolderOf(path: string): void {
  syncFolder(dirname(finalPath(path)));
}

/** Makes new names in a folder durable; file systems that cannot are left alone. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(errnoOf(error))) throw error;
  } finally {
    closeSync(fd);
  }
}
