/** The calls of `node:fs` that change names, as {@link patched-fs.ts} has those that change files. */
import fs from 'node:fs';
import type { FaultFiles } from './fault-files.ts';
import { originals, type Patches } from './patched-fs.ts';

export type NameCall =
  | 'renameSync'
  | 'linkSync'
  | 'unlinkSync'
  | 'rmSync'
  | 'mkdirSync'
  | 'copyFileSync';

/** Makes, moves and removes names. */
export function namePatches(
  layer: FaultFiles,
  at: (path: unknown) => string | undefined,
): Pick<Patches, NameCall> {
  const { names, operations } = layer;
  const removed = (path: string): void => {
    if (names.delete(path)) operations.push({ kind: 'unlink', path });
  };
  const two = (name: 'renameSync' | 'linkSync', note: (from: string, to: string) => void) => {
    return (from: string, to: string): unknown => {
      const [here, there] = [at(from), at(to)];
      if (here === undefined || there === undefined) return originals[name](from, to);
      return layer.change({ name, path: there, note: () => note(here, there) }, () =>
        originals[name](from, to),
      );
    };
  };
  const one = <A extends unknown[]>(
    name: 'unlinkSync' | 'rmSync' | 'mkdirSync',
    note: (path: string) => void,
  ) => {
    return (path: string, ...rest: A): unknown => {
      const here = at(path);
      const act = (): unknown =>
        (originals[name] as (...args: unknown[]) => unknown)(path, ...rest);
      if (here === undefined) return act();
      return layer.change({ name, path: here, note: () => note(here) }, act);
    };
  };
  return {
    unlinkSync: one('unlinkSync', removed),
    rmSync: one('rmSync', removed),
    mkdirSync: (path: string, options?: fs.MakeDirectoryOptions): unknown => {
      const isThere = fs.existsSync(path);
      const made = one<[fs.MakeDirectoryOptions?]>('mkdirSync', (here) => {
        if (!isThere) operations.push({ kind: 'mkdir', path: here });
      });
      return made(path, options);
    },
    linkSync: two('linkSync', (from, path) => {
      const file = names.get(from) as number;
      names.set(path, file);
      operations.push({ kind: 'link', file, path });
    }),
    renameSync: two('renameSync', (from, path) => {
      const file = names.get(from) as number;
      // Two names of one file stay as they are.
      if (names.get(path) === file) return;
      names.delete(from);
      names.set(path, file);
      operations.push({ kind: 'rename', file, from, path });
    }),
    copyFileSync: (from: string, to: string, mode?: number): unknown => {
      const path = at(to);
      const act = (): void => originals.copyFileSync(from, to, mode);
      if (path === undefined) return act();
      const note = (): void => {
        const file = layer.newFile();
        names.set(path, file);
        operations.push({ kind: 'create', file, path });
        layer.wrote(file, 0, fs.readFileSync(to));
      };
      return layer.change({ name: 'copyFileSync', path, note: () => layer.inside(note) }, act);
    },
  };
}
