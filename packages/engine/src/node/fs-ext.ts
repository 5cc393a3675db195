import { createRequire } from 'node:module';

/** The calls of the native package that are used. Its callback calls abort the process in a worker. */
export interface FsExt {
  /** Takes (exclusive or shared, without waiting: `EAGAIN` when held) or gives up a file's lock. */
  flockSync(fd: number, operation: 'exnb' | 'shnb' | 'un'): void;
  /** Moves the file's position and returns it. */
  seekSync(fd: number, pos: number, whence: number): number;
}

/** `whence`: `pos` counts from the end. */
export const SEEK_END = 2;
/** `whence`: the first data at or behind `pos`; `ENXIO` when there is none. */
export const SEEK_DATA = 3;

let isAllowed = false;
let loaded: { readonly fsExt: FsExt | undefined } | undefined;

/**
 * The optional package fs-ext, or undefined where it was not installed, cannot be loaded, or was not allowed in
 * this thread by {@link allowFsExt}.
 * `RESCUE_NO_FS_EXT=1` in the environment hides it.
 */
export function fsExt(): FsExt | undefined {
  if (!isAllowed) return undefined;
  if (process.env['RESCUE_NO_FS_EXT'] === '1') return undefined;
  loaded ??= { fsExt: load() };
  return loaded.fsExt;
}

/**
 * Lets this thread use fs-ext. Only one thread of a process may: its native part crashes the process when a
 * further thread loads it while another has it.
 */
export function allowFsExt(): void {
  isAllowed = true;
}

function load(): FsExt | undefined {
  try {
    return createRequire(import.meta.url)('fs-ext') as FsExt;
  } catch {
    // Not installed, or built for another Node: everything works without it, if less well.
    return undefined;
  }
}
