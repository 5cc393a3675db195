import { closeSync, constants, openSync, statSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { deviceInfo } from './device-info.ts';
import { errnoOf, reasonOf } from './errno.ts';

export interface FileTargetOptions {
  /** `create`: must not exist; `update`: must exist; `any`: made when missing, kept when not. */
  readonly mode: 'create' | 'update' | 'any';
  /** Whether zeros become holes where that is safe. Regular files only. Default true. */
  readonly sparse?: boolean;
  /** Whether a block device may be written to. Default false. */
  readonly force?: boolean;
}

/** An open output. */
export interface OpenOutput {
  readonly fd: number;
  /** Whether it did not exist before. */
  readonly isNew: boolean;
  readonly kind: 'file' | 'block';
  /** Bytes. */
  readonly size: number;
}

/** @throws RescueError `target-exists` (mode `create`) or `target-open` */
export function openOutput(path: string, options: FileTargetOptions): OpenOutput {
  const { fd, isNew } = openOrCreate(path, options);
  return { fd, isNew, ...checkKind(fd, path, options) };
}

function openOrCreate(
  path: string,
  { mode, force }: FileTargetOptions,
): { fd: number; isNew: boolean } {
  try {
    if (mode !== 'create') {
      const stat = statSync(path, { throwIfNoEntry: false });
      // Looked at before it is opened: opening a pipe would wait for its reader.
      if (stat !== undefined && !stat.isFile() && !(stat.isBlockDevice() && force)) {
        throw kindError(path, stat.isBlockDevice());
      }
      // On a block device, O_EXCL makes sure that it is not in use (mounted).
      const exclusive = stat?.isBlockDevice() ? constants.O_EXCL : 0;
      if (stat !== undefined || mode === 'update') {
        return { fd: openSync(path, constants.O_WRONLY | exclusive), isNew: false };
      }
    }
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    return { fd: openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o666), isNew: true };
  } catch (error) {
    throw error instanceof RescueError ? error : openError(path, mode, error);
  }
}

function checkKind(
  fd: number,
  path: string,
  { force }: FileTargetOptions,
): { kind: 'file' | 'block'; size: number } {
  const { kind, size } = deviceInfo(fd);
  if (kind === 'file' || (kind === 'block' && force)) return { kind, size: size ?? 0 };
  closeSync(fd);
  throw kindError(path, kind === 'block');
}

function kindError(path: string, isBlockDevice: boolean): RescueError {
  const reason = isBlockDevice
    ? 'it is a block device, and everything on it would be overwritten'
    : 'it is neither a regular file nor a block device';
  return new RescueError('target-open', `Can't open output file ${path}: ${reason}.`, {
    path,
    hint: isBlockDevice
      ? 'If it is the right device, use --force.'
      : 'Give the name of a file, existing or not.',
  });
}

function openError(path: string, mode: FileTargetOptions['mode'], cause: unknown): RescueError {
  const errno = errnoOf(cause);
  if (errno === 'EEXIST' && mode === 'create') {
    return new RescueError('target-exists', `Output file ${path} exists already.`, {
      path,
      cause,
      hint: 'Give another name, or go on with the map that belongs to it.',
    });
  }
  const reason = errno === 'EEXIST' ? 'it is a link to a file that is missing' : reasonOf(errno);
  const hint = openHints[errno];
  return new RescueError('target-open', `Can't open output file ${path}: ${reason}.`, {
    path,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

const openHints: Readonly<Record<string, string>> = {
  EACCES: 'Are you root? Try sudo.',
  EPERM: 'Are you root? Try sudo.',
  EBUSY: 'The device is in use; unmount its file systems first.',
  ENOENT: 'Look at the name again, and whether its folder exists.',
  EEXIST: 'Remove the link, or make the file that it points to.',
  EROFS: 'The file system is mounted read-only; write to another one.',
};
