/**
 * Chunks, their maps and receipts lie where others can write: on a stick, in a shared folder. A link planted
 * there must not lead what is written to another place.
 */
import { RescueError } from '../errors.ts';
import { linkStatOf } from './paths.ts';

/** Whether something is there that is a link to a name, whole or dangling. */
export function isLink(path: string): boolean {
  return linkStatOf(path)?.isSymbolicLink() === true;
}

/** @throws RescueError `target-exists` for a link */
export function refuseLink(path: string): void {
  if (isLink(path)) throw linkError(path, 'is a link to another file');
}

/** The same, for a file that is written in place: its other names would change with it. @throws RescueError */
export function refuseLinks(path: string): void {
  refuseLink(path);
  const stat = linkStatOf(path);
  if (stat?.isFile() && stat.nlink > 1) throw linkError(path, 'has a second name (a hard link)');
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
