/** All files of a folder, as they are in memory. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Contents by path, relative to the folder. */
export type Tree = ReadonlyMap<string, Buffer>;

export function readTree(dir: string): Map<string, Buffer> {
  const tree = new Map<string, Buffer>();
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    tree.set(relative(dir, path), readFileSync(path));
  }
  return tree;
}

/** Makes the folder hold these files and folders and nothing else. */
export function writeTree(dir: string, tree: Tree, folders: readonly string[]): void {
  rmSync(dir, { recursive: true, force: true });
  for (const folder of ['', ...folders]) mkdirSync(join(dir, folder), { recursive: true });
  for (const [path, bytes] of tree) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
}

/** What a program leaves only when it is stopped in the middle, and looks at never again. */
export function isPassing(path: string): boolean {
  return /\.tmp$|\.lock$|\.takeover$|\.spare$|\.rescue-probe-\d+$/.test(path);
}
