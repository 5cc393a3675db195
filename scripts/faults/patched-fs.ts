/** The calls of `node:fs` that change something, each in a form that asks the layer of faults first. */
import fs, { constants } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants as osConstants } from 'node:os';
import { relative, resolve } from 'node:path';
import type { FaultFiles, OpenFile } from './fault-files.ts';
import { type NameCall, namePatches } from './patched-names.ts';

/** Every call that the program under test changes files with. */
export const originals = {
  openSync: fs.openSync,
  closeSync: fs.closeSync,
  writeSync: fs.writeSync,
  writeFileSync: fs.writeFileSync,
  ftruncateSync: fs.ftruncateSync,
  fsyncSync: fs.fsyncSync,
  fdatasyncSync: fs.fdatasyncSync,
  fchmodSync: fs.fchmodSync,
  fchownSync: fs.fchownSync,
  renameSync: fs.renameSync,
  linkSync: fs.linkSync,
  unlinkSync: fs.unlinkSync,
  rmSync: fs.rmSync,
  mkdirSync: fs.mkdirSync,
  copyFileSync: fs.copyFileSync,
};

export type Original = keyof typeof originals;

/** Changing calls that nobody may use unless they are added here. */
export const UNKNOWN = [
  ...['truncateSync', 'appendFileSync', 'cpSync', 'symlinkSync', 'rmdirSync', 'writevSync'],
  ...['chmodSync', 'chownSync', 'lchownSync', 'mkdtempSync', 'utimesSync', 'futimesSync'],
  ...['opendirSync', 'createWriteStream', 'promises'],
] as const;

/** An error as the system's calls throw it. */
export function systemError(errno: string, name: string, path: string): Error {
  const number = (osConstants.errno as Readonly<Record<string, number>>)[errno] ?? 0;
  const syscall = name.replace(/Sync$/, '');
  const message = `${errno}: a fault of the test, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code: errno, errno: -number, syscall, path });
}

/** From now on the layer is asked; returns what ends that. */
export function install(layer: FaultFiles): () => void {
  Object.assign(fs, patchesFor(layer));
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, originals);
    syncBuiltinESMExports();
  };
}

export type Patches = { [name in Original]: unknown };

function patchesFor(layer: FaultFiles): Patches {
  const at = (path: unknown): string | undefined => {
    if (layer.isInside || typeof path !== 'string') return undefined;
    const inside = relative(layer.dir, resolve(path));
    return inside.startsWith('..') ? undefined : inside;
  };
  const opened = (fd: unknown): OpenFile | undefined =>
    layer.isInside ? undefined : layer.open.get(fd as number);
  return {
    ...namePatches(layer, at),
    ...descriptorPatches(layer, opened),
    openSync: (path: string, flags: string | number = 'r', mode?: number): number => {
      const inside = at(path);
      const open = (): number => originals.openSync(path, flags, mode);
      if (inside === undefined) return open();
      return openPatched(layer, { path: inside, flags, open });
    },
  };
}

interface Opening {
  readonly path: string;
  readonly flags: string | number;
  readonly open: () => number;
}

/** Counted when it is for writing, or of a folder, which is opened to be synced. */
function openPatched(layer: FaultFiles, { path, flags, open }: Opening): number {
  const bits = typeof flags === 'number' ? flags : FLAGS[flags];
  if (bits === undefined) throw new TypeError(`The layer of faults does not know ${flags}.`);
  const isWritable = (bits & (constants.O_WRONLY | constants.O_RDWR)) !== 0;
  let fd: number | undefined;
  const known = layer.names.get(path);
  const act = (): number => {
    fd = open();
    const isFolder = !isWritable && known === undefined && fs.fstatSync(fd).isDirectory();
    const file = isFolder ? undefined : (known ?? layer.newFile());
    layer.open.set(fd, { path, file, isWritable, pos: 0 });
    return fd;
  };
  if (!isWritable && known !== undefined) return layer.inside(act);
  const note = (): void => {
    const file = layer.open.get(fd as number)?.file;
    if (file === undefined || !isWritable) return;
    if (known === undefined) {
      layer.names.set(path, file);
      layer.operations.push({ kind: 'create', file, path });
    } else if ((bits & constants.O_TRUNC) !== 0) {
      layer.operations.push({ kind: 'truncate', file, size: 0 });
    }
  };
  return layer.change({ name: 'openSync', path, note }, act);
}

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC } = constants;
const FLAGS: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
};

function descriptorPatches(
  layer: FaultFiles,
  opened: (fd: unknown) => OpenFile | undefined,
): Omit<Patches, 'openSync' | NameCall> {
  const nothing = (): void => {};
  const plain = (name: 'fchmodSync' | 'fchownSync') => {
    return (fd: number, ...rest: [number, number]): void => {
      const open = opened(fd);
      const act = (): void => (originals[name] as (...args: number[]) => void)(fd, ...rest);
      if (open === undefined) act();
      else layer.change({ name, path: open.path, note: nothing }, act);
    };
  };
  const sync = (name: 'fsyncSync' | 'fdatasyncSync') => {
    return (fd: number): unknown => {
      const open = opened(fd);
      if (open === undefined) return originals[name](fd);
      const { path, file } = open;
      const note = (): void => {
        if (file === undefined) layer.operations.push({ kind: 'sync-folder', path });
        else layer.synced(file, name === 'fdatasyncSync');
      };
      // Nothing here survives a power cut but in the notes.
      return layer.change({ name, path, note, spoil: () => layer.spoil(fd) }, nothing);
    };
  };
  return {
    fchmodSync: plain('fchmodSync'),
    fchownSync: plain('fchownSync'),
    fsyncSync: sync('fsyncSync'),
    fdatasyncSync: sync('fdatasyncSync'),
    closeSync: (fd: number): unknown => {
      const open = opened(fd);
      const act = (): void => {
        originals.closeSync(fd);
        layer.open.delete(fd);
      };
      if (open === undefined || !open.isWritable) return act();
      const spoil = (): void => layer.spoil(fd);
      return layer.change({ name: 'closeSync', path: open.path, note: nothing, spoil }, act);
    },
    ftruncateSync: (fd: number, size = 0): unknown => {
      const open = opened(fd);
      const act = (): void => originals.ftruncateSync(fd, size);
      const file = open?.file;
      if (open === undefined || file === undefined) return act();
      const note = (): void => {
        layer.operations.push({ kind: 'truncate', file, size });
      };
      return layer.change({ name: 'ftruncateSync', path: open.path, note }, act);
    },
    ...writingPatches(layer, opened),
  };
}

function writingPatches(
  layer: FaultFiles,
  opened: (fd: unknown) => OpenFile | undefined,
): Pick<Patches, 'writeSync' | 'writeFileSync'> {
  const write = (fd: number, bytes: Buffer, pos: number | null): number => {
    const open = layer.open.get(fd) as OpenFile;
    const at = pos ?? open.pos;
    const written = originals.writeSync(fd, bytes, 0, bytes.length, at);
    if (pos === null) open.pos = at + written;
    layer.wrote(open.file as number, at, Buffer.from(bytes.subarray(0, written)));
    return written;
  };
  const change = (
    name: 'writeSync' | 'writeFileSync',
    to: { readonly fd: number; readonly path: string; readonly pos: number | null },
    bytes: Buffer,
  ): number => {
    const { fd, path, pos } = to;
    const half = (): number => write(fd, bytes.subarray(0, Math.ceil(bytes.length / 2)), pos);
    const doing = { name, path, size: bytes.length, half, note: () => {} };
    return layer.change(doing, () => write(fd, bytes, pos));
  };
  return {
    writeSync: (
      fd: number,
      from: Uint8Array,
      offset = 0,
      size = from.length - offset,
      pos: number | null = null,
    ): number => {
      const open = opened(fd);
      if (open === undefined) return originals.writeSync(fd, from, offset, size, pos);
      const bytes = Buffer.from(from.buffer, from.byteOffset + offset, size);
      return change('writeSync', { fd, path: open.path, pos }, bytes);
    },
    writeFileSync: (fd: number, content: string | Uint8Array): unknown => {
      const open = opened(fd);
      if (open === undefined) return originals.writeFileSync(fd, content);
      const bytes = Buffer.from(content as string);
      // In several calls, as Node makes them when one comes short.
      for (let done = 0; done < bytes.length; ) {
        const to = { fd, path: open.path, pos: null };
        done += change('writeFileSync', to, bytes.subarray(done));
      }
      return undefined;
    },
  };
}
