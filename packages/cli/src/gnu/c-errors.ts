/** Errors of the system in the words of the C library, which GNU's sentences end with. */
import { RescueError } from '@chunkrescue/engine';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EDQUOT: 'Disk quota exceeded',
  EFBIG: 'File too large',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEDIUM: 'No medium found',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EROFS: 'Read-only file system',
  ESPIPE: 'Illegal seek',
  ETXTBSY: 'Text file busy',
};

/** The C library's words for an error; ours where it is a rare one. */
export function reasonInC(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  return REASONS[code] ?? (error as Error).message;
}

/** Name of the system's error behind `error`, through the errors that wrap it. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof RescueError && error.errno !== undefined) return error.errno;
  let at = error;
  while (at instanceof RescueError) at = at.cause;
  const code = at instanceof Error && 'code' in at ? at.code : undefined;
  return typeof code === 'string' && REASONS[code] !== undefined ? code : undefined;
}

/** Name of the system's error that was thrown; anything else is ours and is thrown again. */
export function errnoOf(error: unknown): string {
  if (error instanceof Error && 'syscall' in error && 'code' in error) return String(error.code);
  throw error;
}
