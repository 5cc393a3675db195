/** The sentences in which ddrescue's special modes tell of trouble. */
import { RescueError } from '@chunkrescue/engine';
import { GnuError } from './io.ts';

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

/** What ddrescue says when the target or the map's place does not take what it is given. */
export function modeError(
  error: RescueError,
  names: { infile: string; outfile: string },
): GnuError {
  const { infile, outfile } = names;
  switch (error.code) {
    case 'target-write':
      return new GnuError(`${outfile}: Write error: ${reasonInC(error)}`);
    case 'target-sync':
      return new GnuError(`${outfile}: Error fsyncing output file: ${reasonInC(error)}`);
    case 'source-read':
    case 'source-lost':
      return new GnuError(`${infile}: Fatal error reading the input file: ${reasonInC(error)}`);
    case 'map-write':
      return new GnuError(error.message);
    default:
      return new GnuError(error.message, { status: error.code === 'map-corrupt' ? 2 : 1 });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EDQUOT: 'Disk quota exceeded',
  EFBIG: 'File too large',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEDIUM: 'No medium found',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  ESPIPE: 'Illegal seek',
  EROFS: 'Read-only file system',
  ETXTBSY: 'Text file busy',
};
