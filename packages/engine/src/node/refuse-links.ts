/**
 * Chunks, their maps and receipts lie where others can write: on a stick, in a shared folder. A link planted
 * there must not lead what is written to another place.
 */
import { lstatSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { unlessErrno } from './errno.ts';

/** Whether something is there that is a link to a name, whole or dangling. */
export function isLink(path: string): boolean {
  return lookAt(path)?.isSymbolicLink() === true;
}

/** @throws RescueError `target-exists` for a link */
export function refuseLink(path: string): void {
  if (isLink(path)) throw linkError(path, 'is a link to another file');
}

/** The same, for a file that is written in place: its other names would change with it. @throws RescueError */
export function refuseLinks(path: string): void {
  refuseLink(path);
  const stat = lookAt(path);
  if (stat?.isFile() && stat.nlink > 1) throw linkError(path, 'has a second name (a hard link)');
}

function lookAt(path: string): ReturnType<typeof lstatSync> | undefined {
  return unlessErrno(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'], () =>
    lstatSync(path),
  );
}

function linkError(path: string, what: string): RescueError {
  return new RescueError(
    'target-exists',
    `${path} ${what}; writing there would change something else, and is not done.`,
    {
      path,
      hint: 'Look who made it. Remove it or choose another folder, then give the command again.',
    },
  );
}
