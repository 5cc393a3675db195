import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { deviceInfo } from './device-info.ts';
import { errnoOf, reasonOf } from './errno.ts';
import { lockOutput } from './output-lock.ts';
import { refuseLinks } from './refuse-links.ts';
import type { WriteBehind } from './write-behind.ts';

export interface FileTargetOptions {
  /** `create`: must not exist; `update`: must exist; `any`: made when missing, kept when not. */
  readonly mode: 'create' | 'update' | 'any';
  /** Whether zeros become holes where that is safe. Regular files only. Default true. */
  readonly sparse?: boolean;
  /** Whether a block device may be written to. Default false. */
  readonly force?: boolean;
  /** Whether a character device may be written to, where nothing is kept, as /dev/null. Default false. */
  readonly forceCharacters?: boolean;
  /** Whether a block device may be written to that is in use, as by a mounted file system. Default false. */
  readonly forceInUse?: boolean;
  /** Links to and of a file: a chunk's is never written through one. Default `followed`. */
  readonly links?: 'followed' | 'refused';
  /** Empties a file first. Default false. */
  readonly truncate?: boolean;
  /** Writes even while another run does. Default false. */
  readonly shared?: boolean;
  /** Writes past the kernel's cache (O_DIRECT) where position and size allow it. Default false. */
  readonly direct?: boolean;
  /** Each write is durable when it returns. Default false. */
  readonly synchronous?: boolean;
  /** Who writes large pieces meanwhile. Default: nobody, each write is made when it returns. */
  readonly behind?: WriteBehind;
}

/** `other` is a character device. */
export type OutputKind = 'file' | 'block' | 'other';

/** An open output. */
export interface OpenOutput {
  readonly fd: number;
  /** The same, opened for direct writes. */
  readonly directFd: number | undefined;
  readonly kind: OutputKind;
  /** Bytes. */
  readonly size: number;
}

/** @throws RescueError `target-exists` (mode `create`), `direct-unsupported`, `locked` or `target-open` */
export function openOutput(path: string, options: FileTargetOptions): OpenOutput {
  const fd = openOrCreate(path, options);
  claim(fd, path, options);
  const known = checkKind(fd, path, options);
  const directFd = options.direct ? openDirect(path, fd) : undefined;
  return { fd, directFd, ...known };
}

/** Keeps other runs off, and only then empties it. */
function claim(fd: number, path: string, { shared, truncate, mode }: FileTargetOptions): void {
  try {
    if (!shared) lockOutput(fd, path);
    if (truncate && fstatSync(fd).isFile()) ftruncateSync(fd);
  } catch (error) {
    closeSync(fd);
    throw error instanceof RescueError ? error : openError(path, mode, error);
  }
}

function openDirect(path: string, fd: number): number {
  // Missing in Node on systems that know no such flag, whatever the types say.
  const flag = constants.O_DIRECT as number | undefined;
  let cause: unknown;
  try {
    if (flag !== undefined) return openSync(path, constants.O_WRONLY | flag);
  } catch (error) {
    cause = error;
  }
  closeSync(fd);
  const isUnsupported =
    cause === undefined || ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(cause));
  if (!isUnsupported) throw openError(path, 'update', cause);
  throw new RescueError('direct-unsupported', `Direct writes to ${path} are not possible here.`, {
    path,
    cause,
    hint: 'Run again without direct writes.',
  });
}

function openOrCreate(path: string, options: FileTargetOptions): number {
  const { mode } = options;
  const isPlain = options.links === 'refused';
  if (isPlain) refuseLinks(path);
  const unlinked = isPlain ? constants.O_NOFOLLOW : 0;
  try {
    if (mode !== 'create') {
      const stat = statSync(path, { throwIfNoEntry: false });
      // Looked at before it is opened: opening a pipe would wait for its reader.
      const isAllowed =
        stat?.isFile() ||
        (stat?.isBlockDevice() && options.force) ||
        (stat?.isCharacterDevice() && options.forceCharacters);
      if (stat !== undefined && !isAllowed) throw kindError(path, stat.isBlockDevice());
      // On a block device, O_EXCL makes sure that it is not in use (mounted).
      const exclusive = stat?.isBlockDevice() && !options.forceInUse ? constants.O_EXCL : 0;
      if (stat !== undefined || mode === 'update') {
        return openSync(path, constants.O_WRONLY | exclusive | unlinked);
      }
    }
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    return openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o666);
  } catch (error) {
    throw error instanceof RescueError ? error : openError(path, mode, error);
  }
}

function checkKind(
  fd: number,
  path: string,
  { force, forceCharacters }: FileTargetOptions,
): { kind: OutputKind; size: number } {
  const { kind, size } = deviceInfo(fd);
  const isAllowed = { file: true, block: force, other: forceCharacters }[kind];
  if (isAllowed) return { kind, size: size ?? 0 };
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
    errno,
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
