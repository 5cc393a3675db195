/** Keeps other runs off the files of a run. */
import { type FileLock, lockFile, RescueError } from '@chunkrescue/engine';
import { printable } from '../screen/units.ts';
import { type FileNames, isOther } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { GnuError } from './io.ts';

/**
 * Does the work while mapfile and output are locked. The map must be read inside: what was read before may be
 * old when the lock is had.
 * @throws GnuError when another run works on one of them
 */
export function locked<Result>(
  values: DdrescueValues,
  { outfile, mapfile }: FileNames,
  work: () => Result,
): Result {
  const locks: FileLock[] = [];
  try {
    if (!values['no-lock']) {
      for (const path of [mapfile, outfile]) {
        const lock = path === undefined || path === '-' ? undefined : lockOf(path);
        if (lock !== undefined) locks.push(lock);
      }
    }
    return work();
  } finally {
    for (const lock of locks) lock.close();
  }
}

function lockOf(path: string): FileLock | undefined {
  if (isOther(path)) return undefined;
  try {
    return lockFile(path);
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    // A folder that takes no lock takes no file either; that is told in its own words.
    if (error.code !== 'locked') return undefined;
    throw lockedFailure(error);
  }
}

/** Another run works on a file. */
export function lockedFailure({ message, hint }: RescueError): GnuError {
  const advice = hint === undefined ? '' : `\n          ${printable(hint)}`;
  return new GnuError(
    `${printable(message)}${advice}\n          '--no-lock' goes on all the same.`,
  );
}
