import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** Errors of Linux block devices that libuv has no name for, by number. */
const namelessToNode: Readonly<Record<number, readonly [name: string, reason: string]>> = {
  52: ['EBADE', 'invalid exchange'],
  67: ['ENOLINK', 'link has been severed'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  121: ['EREMOTEIO', 'remote i/o error'],
  123: ['ENOMEDIUM', 'no medium in the drive'],
  124: ['EMEDIUMTYPE', 'wrong medium type'],
};

/**
 * Name of the system's error (`EIO`) that a blocking call threw.
 * Anything that is not an error of the system is ours, and is thrown again.
 */
export function errnoOf(error: unknown): string {
  if (!isSystemError(error)) throw error;
  const { code } = error;
  if (/^E[A-Z0-9]+$/.test(code)) return code;
  const number = Math.abs(error.errno ?? 0);
  const known = namelessToNode[number]?.[0];
  if (known !== undefined) return known;
  const named = Object.entries(constants.errno).find(([, value]) => value === number);
  return named?.[0] ?? `errno ${number}`;
}

/** Number of the system's error that a blocking call threw, above 0. Anything else is thrown again. */
export function errnoNumberOf(error: unknown): number {
  if (!isSystemError(error) || error.errno === undefined) throw error;
  return Math.abs(error.errno);
}

/** Words for an error's name, without a full stop: `permission denied`. */
export function reasonOf(errno: string): string {
  for (const [name, reason] of getSystemErrorMap().values()) {
    if (name === errno) return reason;
  }
  for (const [name, reason] of Object.values(namelessToNode)) {
    if (name === errno) return reason;
  }
  return errno;
}

/** What the call gives, or undefined where it fails with one of the named errors. */
export function unlessErrno<T>(errnos: readonly string[], call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (!errnos.includes(errnoOf(error))) throw error;
    return undefined;
  }
}

/** Tidies up after work that is done, or after trouble that is to be told: what the system says to this is not. */
export function tidyUp(call: () => void): void {
  try {
    call();
  } catch (error) {
    errnoOf(error);
  }
}

/** What the call gives; a call that a signal interrupted is made again. */
export function retryInterrupted<T>(call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (errnoOf(error) !== 'EINTR') throw error;
    }
  }
}

/** Whether something that was thrown is an error of the system (with `code` and `syscall`). */
export function isSystemError(error: unknown): error is { code: string; errno?: number } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'syscall' in error &&
    'code' in error &&
    typeof error.code === 'string' &&
    !error.code.startsWith('ERR_')
  );
}
