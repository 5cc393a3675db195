import type { Mapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { MapStore, Target } from '../ports.ts';

/** A target in memory that knows which bytes were written. */
export class MemoryTarget implements Target {
  readonly name: string;
  /** What a reader would find: zeros where nothing was written. */
  bytes: Uint8Array = new Uint8Array(0);
  /** 1 for every byte that was ever written. */
  written: Uint8Array = new Uint8Array(0);
  /** Positions and sizes of the writes, in order. */
  readonly writes: { readonly pos: number; readonly size: number }[] = [];
  syncs = 0;

  constructor(name = 'memory') {
    this.name = name;
  }

  write(pos: number, bytes: Uint8Array): void {
    this.extend(pos + bytes.length);
    this.bytes.set(bytes, pos);
    this.written.fill(1, pos, pos + bytes.length);
    this.writes.push({ pos, size: bytes.length });
  }

  extend(size: number): void {
    if (size <= this.bytes.length) return;
    const bytes = new Uint8Array(size);
    const written = new Uint8Array(size);
    bytes.set(this.bytes);
    written.set(this.written);
    this.bytes = bytes;
    this.written = written;
  }

  sync(): void {
    this.syncs++;
  }
}

/** A map store in memory. It keeps a copy, as a file would. */
export class MemoryMapStore implements MapStore {
  readonly name: string;
  stored: Mapfile | undefined;
  saves = 0;

  constructor(stored?: Mapfile, name = 'memory.map') {
    this.name = name;
    this.stored = stored;
  }

  load(): Mapfile | undefined {
    return this.stored === undefined ? undefined : { ...this.stored, map: this.stored.map.clone() };
  }

  save(mapfile: Mapfile): void {
    const map = mapfile.map.clone();
    map.release();
    this.stored = { ...mapfile, map };
    this.saves++;
  }
}

/** A target that cannot be written to, for tests of what happens then. */
export function fullTarget(): Target {
  return {
    name: 'full',
    write(pos) {
      throw new RescueError('target-write', 'No space left.', { path: 'full', pos });
    },
    extend() {},
    sync() {},
  };
}
