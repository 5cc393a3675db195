/**
 * A small file that keeps room for the next map: target and map often lie on one disk, and when the target has filled
 * it, the map must still tell what was written. `.NAME.spare` is there during a run only; one that a crash left is
 * taken over. What goes wrong with it is no trouble: the map is saved without it as long as there is room.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from './errno.ts';

const SIZE_MIN = 64 * 1024;
/** A map may have grown when the disk is full. */
const GROWTH = 2;

/** The name of the spare file of a map. */
function sparePath(real: string): string {
  return join(dirname(real), `.${basename(real)}.spare`);
}

/** Sees to it that there is room for a map somewhat larger than `size` bytes. */
export function keepSpare(real: string, size: number): void {
  unlessSystem(() => {
    const wanted = Math.max(SIZE_MIN, size * GROWTH);
    const fd = openSpare(real, constants.O_CREAT);
    if (fd === undefined) return;
    try {
      const { size: present } = fstatSync(fd);
      // Holes would keep no room.
      if (present < wanted) writeSync(fd, new Uint8Array(wanted - present), 0, undefined, present);
    } finally {
      closeSync(fd);
    }
  });
}

/** Writes the parts into the spare file, which takes no new room; its path, or undefined where that was not possible. */
export function writeIntoSpare(
  real: string,
  parts: Iterable<string | Uint8Array>,
  finish: (fd: number) => void,
): string | undefined {
  return unlessSystem(() => {
    const fd = openSpare(real, 0);
    if (fd === undefined) return undefined;
    try {
      let size = 0;
      for (const part of parts) {
        const bytes = typeof part === 'string' ? Buffer.from(part) : part;
        writeFileSync(fd, bytes);
        size += bytes.length;
      }
      ftruncateSync(fd, size);
      finish(fd);
    } finally {
      closeSync(fd);
    }
    return sparePath(real);
  });
}

export function removeSpare(real: string): void {
  unlessSystem(() => rmSync(sparePath(real), { force: true }));
}

/** A link of that name, planted or not, is not followed, and nobody else's file is written to. */
function openSpare(real: string, more: number): number | undefined {
  const fd = openSync(sparePath(real), constants.O_RDWR | constants.O_NOFOLLOW | more, 0o666);
  const stat = fstatSync(fd);
  if (stat.isFile() && stat.nlink === 1) return fd;
  closeSync(fd);
  return undefined;
}

function unlessSystem<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}
