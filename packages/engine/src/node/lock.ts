/**
 * A lock beside a map: `<map>.lock` tells who works on it. It appears and is replaced in one step, with its
 * text in it, so that whoever finds it can judge it:
 *
 *     other host                            held; only its users can know
 *     same host, flock held                 held
 *     same host, flock given up             left over (only if its owner had flock)
 *     same host, process alive, same start  held
 *     same host, else                       left over
 *
 * A lock that was left over is replaced only by the holder of a lock on the lock, who looks again first.
 * So of many who find it, one takes it. That one is left over only by a crash inside those few lines, and is
 * taken over the same way.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { RescueError } from '../errors.ts';
import { errnoOf, reasonOf, unlessErrno } from './errno.ts';
import { fsExt } from './fs-ext.ts';
import { finalPath } from './paths.ts';

/** A lock that is held. */
export interface FileLock {
  /** The lock file. */
  readonly path: string;
  /** Gives the lock up. May be called twice. */
  close(): void;
}

/** What a lock file says. */
interface Owner {
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

const NESTING_MAX = 3;
const ATTEMPTS_MAX = 200;
const PAUSE_MS = 5;
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Locks a map against other processes, and against others in this one, until closed. The map need not exist.
 * A lock whose process is gone is taken over.
 * @throws RescueError `locked` when somebody works on it, `map-write` when no lock can be made there
 */
export function lockFile(path: string): FileLock {
  const lock = `${finalPath(path)}.lock`;
  try {
    return acquire({ lock, path, nesting: 0 });
  } catch (cause) {
    if (cause instanceof RescueError) throw cause;
    const reason = reasonOf(errnoOf(cause));
    throw new RescueError('map-write', `Can't make lock file ${lock}: ${reason}.`, {
      path,
      cause,
      hint: 'The folder of the map must exist and take new files.',
    });
  }
}

interface Wanted {
  readonly lock: string;
  /** The map, for messages. */
  readonly path: string;
  readonly nesting: number;
}

function acquire(wanted: Wanted): FileLock {
  const { lock } = wanted;
  const owner = ourselves();
  const temporary = join(dirname(lock), `.${basename(lock)}.${owner.id}.tmp`);
  const fd = openSync(temporary, 'wx', 0o644);
  let isHeld = false;
  try {
    writeFileSync(fd, JSON.stringify(owner));
    fsyncSync(fd);
    // Locked before it has its name, so nobody finds it unlocked.
    if (owner.flock) fsExt()?.flockSync(fd, 'exnb');
    place({ ...wanted, temporary });
    isHeld = true;
    return held(lock, fd, owner);
  } finally {
    rmSync(temporary, { force: true });
    if (!isHeld) closeSync(fd);
  }
}

function held(lock: string, fd: number, owner: Owner): FileLock {
  let isOpen = true;
  return {
    path: lock,
    close() {
      if (!isOpen) return;
      isOpen = false;
      // What cannot be removed is taken over by the next one.
      if (ownerOf(lock)?.id === owner.id) {
        unlessErrno(['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'EIO'], () => unlinkSync(lock));
      }
      closeSync(fd);
    },
  };
}

/** Gives the prepared file the lock's name. @throws RescueError `locked` when somebody else has it */
function place(prepared: Wanted & { readonly temporary: string }): void {
  const { lock, path, temporary, nesting } = prepared;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (appears(temporary, lock)) return;
    const found = ownerOf(lock);
    if (found === undefined) {
      // Given up meanwhile; or, where there are no links, not written yet.
      pause();
      continue;
    }
    if (!isLeftOver(lock, found)) throw lockedError(path, lock, found);
    if (nesting >= NESTING_MAX) break;
    const guard = tryGuard(prepared);
    if (guard === undefined) {
      pause();
      continue;
    }
    try {
      if (ownerOf(lock)?.id === found.id) {
        renameSync(temporary, lock);
        return;
      }
    } finally {
      guard.close();
    }
  }
  throw lockedError(path, lock, ownerOf(lock));
}

/** The lock on the lock, or undefined while somebody else has it. */
function tryGuard({ lock, path, nesting }: Wanted): FileLock | undefined {
  try {
    return acquire({ lock: `${lock}.takeover`, path, nesting: nesting + 1 });
  } catch (error) {
    if (error instanceof RescueError && error.code === 'locked') return undefined;
    throw error;
  }
}

/** Gives `temporary` a name that nobody has; false when somebody has it. */
function appears(temporary: string, lock: string): boolean {
  try {
    linkSync(temporary, lock);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return false;
    if (!NO_LINKS.includes(errno)) throw error;
  }
  const isOurs = unlessErrno(['EEXIST'], () => {
    closeSync(openSync(lock, 'wx', 0o644));
    return true;
  });
  // Empty until now: whoever looks meanwhile waits for the text.
  if (isOurs) renameSync(temporary, lock);
  return isOurs ?? false;
}

function isLeftOver(lock: string, owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  const isFree = isFlockFree(lock);
  if (isFree === false) return false;
  if (isFree && owner.flock) return true;
  return !isAlive(owner.pid) || startOf(owner.pid) !== owner.started;
}

/** Whether nobody holds an flock on the file; undefined where that cannot be asked. */
function isFlockFree(lock: string): boolean | undefined {
  const flock = fsExt();
  if (flock === undefined) return undefined;
  const fd = unlessErrno(['ENOENT', 'EACCES', 'EPERM'], () => openSync(lock, 'r+'));
  if (fd === undefined) return undefined;
  try {
    flock.flockSync(fd, 'exnb');
    flock.flockSync(fd, 'un');
    return true;
  } catch (error) {
    return ['EAGAIN', 'EWOULDBLOCK'].includes(errnoOf(error)) ? false : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Undefined when there is no lock, or nothing in it that we could have written. */
function ownerOf(lock: string): Owner | undefined {
  const text = unlessErrno(['ENOENT'], () => readFileSync(lock, 'utf8'));
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Owner> | null;
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

function ourselves(): Owner {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    flock: fsExt() !== undefined,
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

function lockedError(path: string, lock: string, owner: Owner | undefined): RescueError {
  if (owner === undefined) {
    return new RescueError('locked', `The lock file ${lock} cannot be understood.`, {
      path,
      hint: `When nobody works on ${path}, remove the lock file.`,
    });
  }
  const isHere = owner.host === hostname();
  const who = `process ${owner.pid} on ${owner.host}`;
  return new RescueError('locked', `Map file ${path} is in use by ${who}, since ${owner.date}.`, {
    path,
    hint: isHere
      ? `Wait for it, or end it (kill ${owner.pid}); then run the same command again.`
      : `When ${owner.host} does not work on it any more, remove ${lock}.`,
  });
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
