import { RescueError } from '../errors.ts';
import { errnoOf, isSystemError, reasonOf } from './errno.ts';

/** What a file system says whose disk was pulled, or whose program has ended. */
const GONE = ['ENOTCONN', 'ENODEV', 'ENXIO', 'EIO', 'ESTALE', 'ENOMEDIUM', 'EREMOTEIO'];

/** What to do about a file system that is mounted read-only. */
export const READ_ONLY_HINT =
  'It is mounted read-only. Mount the stick so that it can be written to (some have a switch for that) or use another one, then give the same command again. What was saved is kept.';

/** An error of the system that nobody expected, as one of the world; anything else as it is. */
export function asWorldTrouble(error: unknown): unknown {
  if (error instanceof RescueError || !isSystemError(error)) return error;
  const { path, syscall } = error as { path?: string; syscall?: string };
  const errno = errnoOf(error);
  const where = path === undefined ? 'A file' : path;
  if (errno === 'EROFS') {
    return new RescueError('system', `${where} lies on a disk that must not be written to now.`, {
      ...(path === undefined ? {} : { path }),
      errno,
      cause: error,
      hint: READ_ONLY_HINT,
    });
  }
  const isGone = GONE.includes(errno);
  return new RescueError('system', `${where} cannot be used: ${reasonOf(errno)} (${syscall}).`, {
    ...(path === undefined ? {} : { path }),
    errno,
    cause: error,
    hint: isGone
      ? 'The stick or disk that it is on is gone: plug it in and mount it again, then give the same command. What was saved is kept.'
      : 'Look at the disk that it is on (room, rights, dmesg), then give the same command again. What was saved is kept.',
  });
}
