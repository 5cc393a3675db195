/**
 * A layer of faults under whoever uses the blocking calls of `node:fs`: the calls that change something are
 * numbered, and one of them fails, comes short, or is the last before the world stands still. Everything that is
 * done is noted as an {@link Operation}.
 *
 * Only what lies in the folder under test is counted. A failed sync of a file spoils what was written to it since
 * the last good one, as the kernel may; so whoever believes the file afterwards is found out.
 */
import { join } from 'node:path';
import type { Claim, FileId, Operation } from './operation.ts';
import { install, type Original, originals, systemError } from './patched-fs.ts';
import { readTree } from './tree.ts';

/** A call that changes something, or makes a change durable. */
export interface Call {
  /** Counts from 0. */
  readonly number: number;
  readonly name: Original;
  /** Relative to the folder under test. */
  readonly path: string;
  /** Bytes to write, where it writes. */
  readonly size: number;
}

export type Fault =
  /** The program ends before the call, or when the call is half done. */
  | { readonly kind: 'stop'; readonly isHalf: boolean }
  | { readonly kind: 'fail'; readonly errno: string }
  /** The call fails as a disk that becomes full: a part of it is done. */
  | { readonly kind: 'fail-half'; readonly errno: string }
  /** Writes less than it was asked to, and says so. */
  | { readonly kind: 'short' }
  /** Fails, and says that it went well. */
  | { readonly kind: 'lie' };

export type Plan = (call: Call) => Fault | undefined;

/** How a program under faults came out. */
export type Outcome<T> =
  | { readonly kind: 'ended'; readonly value: T }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'threw'; readonly error: unknown };

/** Thrown at each change after the end of the world, so that no `finally` changes anything. */
const STOP = { toString: (): string => 'the program was killed' };

/** Thrown when a program goes on and on. */
export class Runaway extends Error {}

/** What is known of an open file. */
export interface OpenFile {
  readonly path: string;
  /** Undefined for a folder. */
  readonly file: FileId | undefined;
  readonly isWritable: boolean;
  pos: number;
}

interface Doing {
  readonly name: Original;
  readonly path: string;
  readonly size?: number;
  /** Does a part of it; only for what writes. */
  readonly half?: () => number;
  /** Loses what it would have made durable. */
  readonly spoil?: () => void;
  /** Notes what was done. */
  readonly note: () => void;
}

export class FaultFiles {
  readonly dir: string;
  readonly calls: Call[] = [];
  readonly operations: Operation[] = [];
  readonly open = new Map<number, OpenFile>();
  readonly names = new Map<string, FileId>();
  readonly #plan: Plan;
  readonly #callsMax: number;
  readonly #unsynced = new Map<FileId, Claim[]>();
  #files = 0;
  #isStopped = false;
  #isInside = false;

  constructor(dir: string, plan: Plan = () => undefined, callsMax = Number.POSITIVE_INFINITY) {
    this.dir = dir;
    this.#plan = plan;
    this.#callsMax = callsMax;
    for (const path of readTree(dir).keys()) this.names.set(path, this.newFile());
  }

  /** Runs a program from its start to its end; again after one that was stopped, on what it left. */
  run<T>(program: () => T): Outcome<T> {
    this.#isStopped = false;
    const uninstall = install(this);
    try {
      const value = program();
      return this.#isStopped ? { kind: 'stopped' } : { kind: 'ended', value };
    } catch (error) {
      return this.#isStopped ? { kind: 'stopped' } : { kind: 'threw', error };
    } finally {
      uninstall();
      for (const fd of this.open.keys()) originals.closeSync(fd);
      this.open.clear();
    }
  }

  /** The program told that it saved. */
  saved(claims: readonly Claim[]): void {
    if (!this.#isStopped) this.operations.push({ kind: 'saved', claims });
  }

  newFile(): FileId {
    return this.#files++;
  }

  /** Whether a call comes from within another one, as `writeFileSync` makes its own. */
  get isInside(): boolean {
    return this.#isInside;
  }

  /** Lets a call that changes something happen, or not. */
  change<T>(doing: Doing, act: () => T): T {
    const { name, path, size = 0 } = doing;
    if (this.#isStopped) {
      // The system closes what a killed program had open.
      if (name === 'closeSync') return act();
      throw STOP;
    }
    const call = { number: this.calls.length, name, path, size };
    if (call.number >= this.#callsMax) throw new Runaway(`more than ${call.number} calls`);
    this.calls.push(call);
    const fault = this.#plan(call);
    const half = (): number => this.inside(() => doing.half?.() ?? 0);
    switch (fault?.kind) {
      case 'stop':
        if (fault.isHalf) half();
        this.#isStopped = true;
        if (name === 'closeSync') return act();
        throw STOP;
      case 'fail':
      case 'fail-half':
        if (fault.kind === 'fail-half') half();
        this.inside(() => doing.spoil?.());
        // A file is closed whatever close says.
        if (name === 'closeSync') act();
        throw systemError(fault.errno, name, join(this.dir, path));
      case 'lie':
        this.inside(() => doing.spoil?.());
        return name === 'closeSync' ? act() : (size as T);
      case 'short':
        if (doing.half !== undefined && size > 1) return half() as T;
    }
    const value = this.inside(act);
    doing.note();
    return value;
  }

  inside<T>(act: () => T): T {
    this.#isInside = true;
    try {
      return act();
    } finally {
      this.#isInside = false;
    }
  }

  /** A file has these bytes now, and the disk may not. */
  wrote(file: FileId, pos: number, bytes: Buffer): void {
    this.operations.push({ kind: 'write', file, pos, bytes });
    this.#unsynced.set(file, [...(this.#unsynced.get(file) ?? []), { pos, size: bytes.length }]);
  }

  synced(file: FileId, isDataOnly: boolean): void {
    this.operations.push({ kind: 'sync', file, isDataOnly });
    this.#unsynced.delete(file);
  }

  /** What was written since the last good sync is lost. */
  spoil(fd: number): void {
    const { file, isWritable } = this.open.get(fd) as OpenFile;
    if (file === undefined || !isWritable) return;
    for (const { pos, size } of this.#unsynced.get(file) ?? []) {
      originals.writeSync(fd, Buffer.alloc(size, 0xee), 0, size, pos);
    }
    this.#unsynced.delete(file);
  }
}
