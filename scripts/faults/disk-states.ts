/**
 * What a disk may hold after a power cut. Data that no sync followed is there or not, each write on its own, and
 * torn at a sector; names are kept by one of two rules:
 *
 * | rule      | a name is certain after                     | before that           |
 * |-----------|---------------------------------------------|-----------------------|
 * | strict    | a sync of its folder                        | any of them           |
 * | journal   | any sync                                    | the first ones, in order |
 */
import { dirname } from 'node:path';
import type { Random } from '../fuzz-random.ts';
import type { FileId, Operation } from './operation.ts';
import type { Tree } from './tree.ts';

export type NameRule = 'strict' | 'journal';

/** What is left of one operation. `size`: the file is as long as if it were there, and reads as zeros. */
type Kept = 'all' | 'none' | 'head' | 'tail' | 'size';

const SECTOR = 512;
/** As many uncertain operations are tried in all combinations. */
const ALL_MAX = 4;
const RANDOM_STATES = 6;

interface Disk {
  readonly names: Map<string, FileId>;
  readonly contents: Map<FileId, Buffer>;
  readonly folders: Set<string>;
}

/** A disk before a program ran, and what the program did. */
export interface Recorded {
  readonly before: Tree;
  readonly folders: readonly string[];
  readonly operations: readonly Operation[];
  readonly rule: NameRule;
}

/** The disk after a number of operations, in every state that is tried. */
export class DiskStates {
  readonly #recorded: Recorded;
  /** All that is certain before {@link #certainTo}. */
  readonly #certain: Disk;
  #certainTo = 0;
  #done = 0;
  /** Operations that may be lost, by their index. */
  #pending: number[] = [];

  constructor(recorded: Recorded) {
    this.#recorded = recorded;
    const entries = [...recorded.before].map(([path, bytes], id) => ({ path, bytes, id }));
    this.#certain = {
      names: new Map(entries.map(({ path, id }) => [path, id])),
      contents: new Map(entries.map(({ bytes, id }) => [id, bytes])),
      folders: new Set(['.', ...recorded.folders]),
    };
  }

  /** Goes on to the next operation; false behind the last one. */
  next(): boolean {
    const { operations, rule } = this.#recorded;
    const operation = operations[this.#done];
    if (operation === undefined) return false;
    this.#pending = this.#pending.filter(
      (index) => !makesCertain(operation, operations[index] as Operation, rule),
    );
    if (isData(operation) || isName(operation)) this.#pending.push(this.#done);
    this.#done++;
    const certainTo = this.#pending[0] ?? this.#done;
    while (this.#certainTo < certainTo) {
      apply(this.#certain, operations[this.#certainTo++] as Operation, 'all');
    }
    return true;
  }

  /** What may be there now, each once for each choice. */
  *states(random: Random): IterableIterator<Tree> {
    for (const choice of this.#choices(random)) yield this.#built(choice);
  }

  #built(choice: ReadonlyMap<number, Kept>): Tree {
    const { names, contents, folders } = this.#certain;
    const disk = { names: new Map(names), contents: new Map(contents), folders: new Set(folders) };
    for (let index = this.#certainTo; index < this.#done; index++) {
      const operation = this.#recorded.operations[index] as Operation;
      apply(disk, operation, choice.get(index) ?? 'all');
    }
    const tree = new Map<string, Buffer>();
    for (const [path, file] of disk.names) {
      if (!isReachable(disk.folders, path)) continue;
      tree.set(path, disk.contents.get(file) ?? Buffer.alloc(0));
    }
    return tree;
  }

  *#choices(random: Random): IterableIterator<Map<number, Kept>> {
    const { operations, rule } = this.#recorded;
    const at = (index: number): Operation => operations[index] as Operation;
    const data = this.#pending.filter((index) => isData(at(index)));
    const names = this.#pending.filter((index) => isName(at(index)));
    const choose = (kept: (index: number) => boolean): Map<number, Kept> =>
      new Map(this.#pending.map((index) => [index, kept(index) ? 'all' : 'none']));
    if (rule === 'journal') {
      for (let first = 0; first <= names.length; first++) {
        const there = new Set(names.slice(0, first));
        for (const some of subsets(data, random)) {
          yield choose((index) => there.has(index) || some.has(index));
        }
      }
    } else {
      for (const some of subsets(this.#pending, random)) yield choose((index) => some.has(index));
      yield choose((index) => isName(at(index)));
      yield choose((index) => isData(at(index)));
    }
    // A write that is torn, while all else is there.
    for (const index of data) {
      if (at(index).kind !== 'write') continue;
      for (const kept of ['head', 'tail', 'size'] as const) {
        yield choose(() => true).set(index, kept);
      }
    }
  }
}

/** All subsets of few; of many: none, all, one more, one less, and some at random. */
function* subsets(of: readonly number[], random: Random): IterableIterator<Set<number>> {
  if (of.length <= ALL_MAX) {
    for (let bits = 0; bits < 2 ** of.length; bits++) {
      yield new Set(of.filter((_, i) => (bits >> i) & 1));
    }
    return;
  }
  yield new Set();
  yield new Set(of);
  for (const one of of) {
    yield new Set([one]);
    yield new Set(of.filter((each) => each !== one));
  }
  for (let i = 0; i < RANDOM_STATES; i++) yield new Set(of.filter(() => random.chance(50)));
}

function isData({ kind }: Operation): boolean {
  return kind === 'write' || kind === 'truncate';
}

function isName({ kind }: Operation): boolean {
  return ['create', 'rename', 'link', 'unlink', 'mkdir'].includes(kind);
}

/** Whether the later operation makes the earlier one certain. */
function makesCertain(later: Operation, earlier: Operation, rule: NameRule): boolean {
  const isSync = later.kind === 'sync' || later.kind === 'sync-folder';
  if (!isSync) return false;
  if ('path' in earlier) {
    if (rule === 'journal') return true;
    return later.kind === 'sync-folder' && dirname(earlier.path) === (later.path || '.');
  }
  if (later.kind !== 'sync' || !('file' in earlier) || later.file !== earlier.file) return false;
  return !later.isDataOnly || earlier.kind === 'write';
}

function apply(disk: Disk, operation: Operation, kept: Kept): void {
  const { names, contents, folders } = disk;
  if (kept === 'none') return;
  switch (operation.kind) {
    case 'write':
      contents.set(operation.file, written(contents.get(operation.file), operation, kept));
      break;
    case 'truncate': {
      const old = contents.get(operation.file) ?? Buffer.alloc(0);
      const { size } = operation;
      const more = Buffer.alloc(Math.max(0, size - old.length));
      contents.set(operation.file, Buffer.concat([old.subarray(0, size), more]));
      break;
    }
    case 'create':
    case 'link':
      names.set(operation.path, operation.file);
      break;
    case 'rename':
      if (names.get(operation.from) === operation.file) names.delete(operation.from);
      names.set(operation.path, operation.file);
      break;
    case 'unlink':
      names.delete(operation.path);
      break;
    case 'mkdir':
      folders.add(operation.path);
      break;
  }
}

function written(
  old: Buffer | undefined,
  { pos, bytes }: { readonly pos: number; readonly bytes: Buffer },
  kept: Kept,
): Buffer {
  const before = old ?? Buffer.alloc(0);
  const content = Buffer.alloc(Math.max(before.length, pos + bytes.length));
  before.copy(content);
  const middle = Math.ceil((pos + bytes.length / 2) / SECTOR) * SECTOR - pos;
  if (kept === 'all') bytes.copy(content, pos);
  if (kept === 'head') bytes.copy(content, pos, 0, Math.min(middle, bytes.length));
  if (kept === 'tail' && middle < bytes.length) bytes.copy(content, pos + middle, middle);
  return content;
}

function isReachable(folders: ReadonlySet<string>, path: string): boolean {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    if (!folders.has(folder)) return false;
  }
  return true;
}
