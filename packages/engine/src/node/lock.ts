/**
 * A lock beside a map: `<map>.lock` tells who works on it. It appears and is replaced in one step, with its
 * text in it, so that whoever finds it can judge it.
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
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { RescueError } from '../errors.ts';
import { errnoOf, reasonOf, tidyUp, unlessErrno } from './errno.ts';
import { isLeftOver, type Owner, ourselves, ownerOf, takeFlock } from './lock-owner.ts';
import { finalPath, statOf } from './paths.ts';
import { READ_ONLY_HINT } from './system-trouble.ts';

/** A lock that is held. */
export interface FileLock {
  /** The lock file. */
  readonly path: string;
  /** Gives the lock up. May be called twice. */
  close(): void;
}

const NESTING_MAX = 3;
/** How long to wait for others that are about to finish their few lines. */
const PATIENCE_MS = 2000;
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
    return acquire({ lock, path, nesting: 0, deadlineMs: performance.now() + PATIENCE_MS });
  } catch (cause) {
    if (cause instanceof RescueError) throw cause;
    const errno = errnoOf(cause);
    throw new RescueError('map-write', `Can't make lock file ${lock}: ${reasonOf(errno)}.`, {
      path,
      errno,
      cause,
      hint: ['ENOSPC', 'EDQUOT'].includes(errno)
        ? 'The disk is full: make room there (some kilobytes do), then run the same command again.'
        : errno === 'EROFS'
          ? READ_ONLY_HINT
          : 'The folder of the map must exist and take new files.',
    });
  }
}

interface Wanted {
  readonly lock: string;
  /** The map, for messages. */
  readonly path: string;
  readonly nesting: number;
  /** On the clock of `performance.now`. */
  readonly deadlineMs: number;
}

function acquire(wanted: Wanted): FileLock {
  const { lock } = wanted;
  const id = randomUUID();
  const temporary = join(dirname(lock), `.${basename(lock)}.${id}.tmp`);
  const fd = openSync(temporary, 'wx', 0o644);
  let isHeld = false;
  try {
    // Locked before it has its name, so nobody finds it unlocked.
    const owner = ourselves(id, takeFlock(fd));
    writeFileSync(fd, JSON.stringify(owner));
    fsyncSync(fd);
    place({ ...wanted, temporary });
    isHeld = true;
    return held(lock, fd, owner);
  } finally {
    tidyUp(() => rmSync(temporary, { force: true }));
    if (!isHeld) tidyUp(() => closeSync(fd));
  }
}

function held(lock: string, fd: number, owner: Owner): FileLock {
  let isOpen = true;
  return {
    path: lock,
    close() {
      if (!isOpen) return;
      isOpen = false;
      try {
        if (ownerOf(lock)?.id === owner.id) unlinkSync(lock);
      } catch (error) {
        // What cannot be removed is taken over by the next one.
        if (!(error instanceof RescueError)) errnoOf(error);
      }
      tidyUp(() => closeSync(fd));
    },
  };
}

/** Gives the prepared file the lock's name. @throws RescueError `locked` when somebody else has it */
function place(prepared: Wanted & { readonly temporary: string }): void {
  const { lock, path, temporary, nesting, deadlineMs } = prepared;
  for (;;) {
    if (appears(temporary, lock)) return;
    const isLate = performance.now() >= deadlineMs;
    const found = ownerOf(lock);
    if (found !== undefined && !isLeftOver(lock, found)) throw lockedError(path, lock, found);
    // Given up meanwhile; or, where there are no links, not written yet: nobody takes so long to do that.
    const isAbandoned = found !== undefined || (isLate && isEmpty(lock));
    if (isAbandoned && nesting < NESTING_MAX && takesOver(prepared, found)) return;
    if (isLate) break;
    pause();
  }
  throw lockedError(path, lock, ownerOf(lock));
}

/** Replaces a lock that was left over, unless somebody else does. */
function takesOver(
  { temporary, ...wanted }: Wanted & { readonly temporary: string },
  found: Owner | undefined,
): boolean {
  const { lock } = wanted;
  const guard = tryGuard(wanted);
  if (guard === undefined) return false;
  try {
    const isSame = found === undefined ? isEmpty(lock) : ownerOf(lock)?.id === found.id;
    if (isSame) renameSync(temporary, lock);
    return isSame;
  } finally {
    guard.close();
  }
}

/** The lock on the lock, or undefined while somebody else has it. */
function tryGuard({ lock, nesting, path }: Wanted): FileLock | undefined {
  const deadlineMs = performance.now() + PATIENCE_MS;
  try {
    return acquire({ lock: `${lock}.takeover`, path, nesting: nesting + 1, deadlineMs });
  } catch (error) {
    if (error instanceof RescueError && error.code === 'locked') return undefined;
    throw error;
  }
}

/** A lock that has its name but no text: its owner was killed between two steps, or is about to take the second. */
function isEmpty(lock: string): boolean {
  return statOf(lock)?.size === 0;
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

function lockedError(path: string, lock: string, owner: Owner | undefined): RescueError {
  if (owner === undefined) {
    return new RescueError('locked', `The lock file ${lock} cannot be understood.`, {
      path,
      hint: `When nobody works on ${path}, remove the lock file.`,
    });
  }
  const isHere = owner.host === hostname();
  const who = `process ${owner.pid} on ${owner.host}`;
  return new RescueError('locked', `${path} is in use by ${who}, since ${owner.date}.`, {
    path,
    hint: isHere
      ? `Wait for it, or end it (kill ${owner.pid}, it saves its map); then run the same command again.`
      : `When ${owner.host} does not work on it any more, remove ${lock}.`,
  });
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
