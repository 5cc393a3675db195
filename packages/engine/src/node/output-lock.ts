/**
 * A lock on the open output itself: it holds whatever name another run has for the file (a hard link, another mount),
 * and goes with the descriptor. Only where there is fs-ext and the file system knows such locks; lock files are for
 * the rest. Devices are guarded by O_EXCL; a lock of ours on one would meet the system's own short ones.
 */
import { fstatSync, readFileSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { errnoOf, unlessErrno } from './errno.ts';
import { fsExt } from './fs-ext.ts';

/** @throws RescueError `locked` when another open descriptor, of any process, has it */
export function lockOutput(fd: number, path: string): void {
  const flock = fsExt();
  if (flock === undefined || !fstatSync(fd).isFile()) return;
  try {
    flock.flockSync(fd, 'exnb');
  } catch (error) {
    if (!['EAGAIN', 'EWOULDBLOCK'].includes(errnoOf(error))) return;
    throw lockedError(path, holderOf(fd));
  }
}

function lockedError(path: string, pid: number | undefined): RescueError {
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new RescueError('locked', `${path} is being written by ${who}, perhaps by another name.`, {
    path,
    hint:
      pid === undefined
        ? 'Wait for it, or end it; then run the same command again.'
        : `Wait for it, or end it (kill ${pid}, it saves its map); then run the same command again.`,
  });
}

/** `1: FLOCK  ADVISORY  WRITE 2419 08:01:131 0 EOF`: the process, then device and number of the file. */
const LINE = /^\d+: FLOCK +\S+ +WRITE +(\d+) +[0-9a-f]+:[0-9a-f]+:(\d+) /;

/** Who has the lock, where the system tells. By the file's number alone: btrfs has devices that stat does not tell. */
function holderOf(fd: number): number | undefined {
  const { ino } = fstatSync(fd, { bigint: true });
  const text = unlessErrno(['ENOENT', 'EACCES'], () => readFileSync('/proc/locks', 'utf8')) ?? '';
  for (const line of text.split('\n')) {
    const [, pid, number] = LINE.exec(line) ?? [];
    if (number === String(ino) && pid !== undefined && pid !== '0') return Number(pid);
  }
  return undefined;
}
