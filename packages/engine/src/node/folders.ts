import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unlessErrno } from './errno.ts';
import { syncFolder } from './paths.ts';

/** The names in a folder in order, numbers by their value; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  const names = unlessErrno(['ENOENT', 'ENOTDIR'], () => readdirSync(folder)) ?? [];
  return names.sort(byNumber);
}

/** Digits, or what is between them. */
const RUNS = /\d+|\D+/g;

/**
 * `chunk2` comes before `chunk10`. Not by `localeCompare`: it would load the tables of all languages, which takes
 * as long as all else that `rescue status` does.
 */
export function byNumber(a: string, b: string): number {
  const others = b.match(RUNS) ?? [];
  for (const [index, run] of (a.match(RUNS) ?? []).entries()) {
    const other = others[index];
    if (other === undefined) return 1;
    if (run !== other) return Number(run) - Number(other) || (run < other ? -1 : 1);
  }
  return a === b ? 0 : -1;
}

/** Makes a folder unless it is there; durable on return. @throws a system error */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  // An old one, too: who made it may have been killed before this.
  syncFolder(dirname(path));
}

/** Removes a file if it is there. @throws a system error */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
}

/** Removes a file if it is there; gone for good on return. @throws a system error */
export function removeDurably(path: string): void {
  removeFile(path);
  syncFolder(dirname(path));
}

/** Joins names to a path. */
export function pathOf(...parts: readonly string[]): string {
  return join(...parts);
}

/** The folder that a path lies in, and the path's last name. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  return { folder: dirname(path), name: basename(path) };
}
