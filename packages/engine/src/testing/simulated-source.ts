import { Domain, type Range } from '@chunkrescue/mapfile';
import type { ReadOutcome, Source } from '../ports.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A disk for tests: true bytes, unreadable areas, time that each read takes. */
export interface SimulatedDisk {
  /** Bytes. */
  readonly size: number;
  /** Bytes of a sector. Default 512. */
  readonly sectorSize?: number;
  /** Unreadable areas. A read stops at the first byte of one. */
  readonly bad?: Iterable<Range>;
  /** Each byte of the disk. Default: {@link byteOfDisk}. */
  readonly byteAt?: (pos: number) => number;
  /** Moved by each read: milliseconds for a good one and for a failed one. Default: none. */
  readonly clock?: VirtualClock;
  readonly readMs?: number;
  readonly failMs?: number;
  /** A failed read brings nothing, even when it began on good bytes (as ddrescue's test mode). Default false. */
  readonly failsWhole?: boolean;
}

/** Non-zero everywhere and unlike its neighbours, so that a missing or misplaced byte shows. */
export function byteOfDisk(pos: number): number {
  return 1 + ((((pos * 2654435761) / 512) % 255) | 0);
}

/** A source that behaves as the disk says. Deterministic. */
export class SimulatedSource implements Source {
  readonly name = 'simulated disk';
  readonly size: number;
  readonly sectorSize: number;
  /** Reads so far: position, size, good bytes. */
  readonly reads: { readonly pos: number; readonly size: number; readonly copied: number }[] = [];
  readonly #disk: SimulatedDisk;
  readonly #bad: Domain;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
    this.size = disk.size;
    this.sectorSize = disk.sectorSize ?? 512;
    this.#bad = Domain.of(disk.bad ?? []);
  }

  read(pos: number, into: Uint8Array): ReadOutcome {
    const end = Math.min(pos + into.length, this.size);
    const hit = this.#bad.clip(pos, end);
    const good = hit.isEmpty ? end : hit.start;
    const copied = hit.isEmpty || !this.#disk.failsWhole ? Math.max(0, good - pos) : 0;
    const byteAt = this.#disk.byteAt ?? byteOfDisk;
    for (let i = 0; i < copied; i++) into[i] = byteAt(pos + i);
    this.#disk.clock?.advance((hit.isEmpty ? this.#disk.readMs : this.#disk.failMs) ?? 0);
    this.reads.push({ pos, size: into.length, copied });
    return { copied, errno: hit.isEmpty ? undefined : 'EIO' };
  }
}
