/**
 * Reads files of which nobody knows what they are: on a stick a map may be a directory, a pipe, a device that
 * never ends, or have the size of a disk.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { RescueError } from '../errors.ts';
import { errnoOf, reasonOf, retryInterrupted, unlessErrno } from './errno.ts';

/**
 * Bytes of the largest map that is read. A block takes 20 to 40 of them, so that a map of ten million blocks
 * fits, and none of five million comes near; a larger text would be no single string of V8's either.
 */
export const MAP_SIZE_MAX: number = 480 * 1024 * 1024;

/** What is read at a time, where a file says that it is empty and is not. */
const PIECE = 65536;

/** A file's bytes, or a few words on why it is none that can be read: `it is a directory`. */
export type WholeFile = { readonly bytes: Buffer } | { readonly problem: string };

/** Reads a regular file of at most `sizeMax` bytes; of any other no byte is read. @throws a system error */
export function readWhole(path: string, sizeMax: number): WholeFile {
  // Looked at before it is opened, for a device may do something then, and a pipe would wait for its writer.
  const before = problemOf(statSync(path), sizeMax);
  if (before !== undefined) return { problem: before };
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd);
    const problem = problemOf(stat, sizeMax);
    return problem === undefined ? readAll(fd, { size: stat.size, sizeMax }) : { problem };
  } finally {
    closeSync(fd);
  }
}

function problemOf(stat: Stats, sizeMax: number): string | undefined {
  if (stat.isDirectory()) return 'it is a directory';
  if (!stat.isFile()) return 'it is not a regular file';
  return stat.size > sizeMax ? tooLarge(stat.size, sizeMax) : undefined;
}

/** A file may grow while it is read, and those of the kernel have no size at all. */
function readAll(fd: number, { size, sizeMax }: { size: number; sizeMax: number }): WholeFile {
  let bytes = Buffer.allocUnsafe(size + 1);
  let filled = 0;
  for (;;) {
    const room = bytes.length - filled;
    const n = retryInterrupted(() => readSync(fd, bytes, filled, room, null));
    if (n === 0) return { bytes: bytes.subarray(0, filled) };
    filled += n;
    if (filled > sizeMax) return { problem: tooLarge(filled, sizeMax) };
    if (filled === bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length + PIECE);
  }
}

function tooLarge(size: number, sizeMax: number): string {
  return `it has ${size} bytes, and nothing of its kind has more than ${sizeMax}`;
}

/**
 * The text of what may be a map; undefined when there is no such file. Messages call it `name`.
 * @throws RescueError `map-read`
 */
export function readMapText(path: string, name: string = path): string | undefined {
  let file: WholeFile | undefined;
  try {
    file = unlessErrno(['ENOENT', 'ENOTDIR'], () => readWhole(path, MAP_SIZE_MAX));
  } catch (cause) {
    const reason = reasonOf(errnoOf(cause));
    throw new RescueError('map-read', `Can't read map file ${name}: ${reason}.`, {
      path: name,
      cause,
    });
  }
  if (file === undefined) return undefined;
  if ('bytes' in file) return file.bytes.toString();
  throw new RescueError('map-read', `Can't read map file ${name}: ${file.problem}.`, {
    path: name,
    hint: 'Look whether it is the right file: a map is a text that rescue or ddrescue wrote.',
  });
}
