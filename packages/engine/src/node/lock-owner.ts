/**
 * Who has a lock file, and whether it still works:
 *
 *     other host                            held; only its users can know
 *     same host, flock held                 held
 *     same host, flock given up             left over (only if its owner had flock)
 *     same host, process alive, same start  held
 *     same host, else                       left over
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { RescueError } from '../errors.ts';
import { errnoOf, unlessErrno } from './errno.ts';
import { fsExt } from './fs-ext.ts';
import { readWhole } from './whole-file.ts';

/** Bytes; ours have a tenth of it. */
const LOCK_SIZE_MAX = 4096;

/** What a lock file says. */
export interface Owner {
  /** Unlike that of any other lock. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Start of the process in ticks of the system's clock, where it is known. */
  readonly started: string | undefined;
  /** Whether the owner holds an flock on the file as long as it works. */
  readonly flock: boolean;
  /** For people. */
  readonly date: string;
}

/** Whether a file of our own could be locked; some file systems know no flock. */
export function takeFlock(fd: number): boolean {
  try {
    fsExt()?.flockSync(fd, 'exnb');
    return fsExt() !== undefined;
  } catch (error) {
    errnoOf(error);
    return false;
  }
}

/** Whether the owner of a lock file is gone for certain. */
export function isLeftOver(lock: string, owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  const isFree = isFlockFree(lock);
  if (isFree === false) return false;
  if (isFree && owner.flock) return true;
  if (!isAlive(owner.pid)) return true;
  const started = startOf(owner.pid);
  return started !== undefined && owner.started !== undefined && started !== owner.started;
}

/** Whether nobody holds an flock on the file; undefined where that cannot be asked. */
function isFlockFree(lock: string): boolean | undefined {
  const flock = fsExt();
  if (flock === undefined) return undefined;
  const fd = unlessErrno(['ENOENT', 'EACCES', 'EPERM'], () => openSync(lock, 'r'));
  if (fd === undefined) return undefined;
  try {
    // Shared, so that two who look at once do not take each other for the owner.
    flock.flockSync(fd, 'shnb');
    flock.flockSync(fd, 'un');
    return true;
  } catch (error) {
    return ['EAGAIN', 'EWOULDBLOCK'].includes(errnoOf(error)) ? false : undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * What a lock file says; undefined when there is no file, or nothing in it that we could have written.
 * @throws RescueError `map-write` for what is no small regular file
 */
export function ownerOf(lock: string): Owner | undefined {
  const file = unlessErrno(['ENOENT'], () => readWhole(lock, LOCK_SIZE_MAX));
  if (file === undefined) return undefined;
  if ('problem' in file) {
    throw new RescueError('map-write', `Lock file ${lock} is none of ours: ${file.problem}.`, {
      path: lock,
      hint: 'When nobody works on the map beside it, remove it.',
    });
  }
  try {
    const value = JSON.parse(file.bytes.toString()) as Partial<Owner> | null;
    if (typeof value?.id !== 'string' || typeof value.host !== 'string') return undefined;
    if (!Number.isSafeInteger(value.pid) || (value.pid as number) <= 0) return undefined;
    return {
      id: value.id,
      pid: value.pid as number,
      host: value.host,
      started: typeof value.started === 'string' ? value.started : undefined,
      flock: value.flock === true,
      date: String(value.date),
    };
  } catch {
    return undefined;
  }
}

/** What our own lock file says. `id` is unlike any other. */
export function ourselves(id: string, flock: boolean): Owner {
  return {
    id,
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    flock,
    date: new Date().toISOString(),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

/** When a process began: field 22 of its line in /proc. Tells it from a later one of the same number. */
function startOf(pid: number): string | undefined {
  const line = unlessErrno(['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'], () =>
    readFileSync(`/proc/${pid}/stat`, 'latin1'),
  );
  // The name of the program, field 2, may hold blanks and parentheses.
  return line?.slice(line.lastIndexOf(')') + 2).split(' ')[22 - 3];
}
