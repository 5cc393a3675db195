/** `-l`: the sectors of some statuses, as decimal numbers or as a bitmap. */
import { type BlockStatus, type Domain, OPEN_END } from '@chunkrescue/mapfile';
import type { GnuIo } from './io.ts';
import type { LogMap } from './log-map.ts';
import type { ListFormat } from './log-options.ts';
import { realPosition } from './log-write.ts';

const CHUNK_LINES = 4096;
const CHUNK_BYTES = 1 << 16;

export interface Listing {
  readonly statuses: readonly BlockStatus[];
  readonly domain: Domain;
  readonly sectorSize: number;
  /** Bytes from a position in the input to that in the output. */
  readonly offset: number;
  readonly format: ListFormat;
}

/** Numbers `first` to `end - 1`, each once, rising. A sector counts when a byte of it does. */
interface SectorRun {
  readonly first: number;
  readonly end: number;
}

export function listBlocks(io: GnuIo, log: LogMap, listing: Listing): void {
  if (listing.format === 'list') writeList(io, sectorRuns(log, listing));
  else writeBitmap(io, log, listing);
}

function* sectorRuns({ mapfile: { map } }: LogMap, listing: Listing): Generator<SectorRun> {
  const { statuses, domain, sectorSize, offset } = listing;
  map.restrictTo(domain);
  let next = 0;
  for (let i = 0; i < map.count; i++) {
    if (!map.isInDomain(i) || !statuses.includes(map.statusAt(i))) continue;
    // A block that a shift would move beyond 2^63-1 is not listed by GNU's either.
    if (map.endAt(i) === OPEN_END && offset > 0) continue;
    const first = Math.max(next, Math.floor((map.posAt(i) + offset) / sectorSize));
    const end = Math.ceil((realPosition(map.endAt(i)) + offset) / sectorSize);
    if (end > first) yield { first, end };
    next = Math.max(next, end);
  }
}

function writeList(io: GnuIo, runs: Iterable<SectorRun>): void {
  let lines: number[] = [];
  for (const { first, end } of runs) {
    for (let sector = first; sector < end; sector++) {
      if (lines.push(sector) < CHUNK_LINES) continue;
      io.out(`${lines.join('\n')}\n`);
      lines = [];
    }
  }
  if (lines.length > 0) io.out(`${lines.join('\n')}\n`);
}

/**
 * The bitmap has a bit for every sector up to the end of the map. As in GNU's, those up to the sector where the
 * map begins are 0, even if a shift brings listed blocks there.
 */
function writeBitmap(io: GnuIo, log: LogMap, listing: Listing): void {
  const { sectorSize, offset, format } = listing;
  const bits = new Bits(io, format === 'bitmap-be');
  const { map } = log.mapfile;
  const start = Math.floor(map.start / sectorSize);
  for (const { first, end } of sectorRuns(log, listing)) bits.set(Math.max(start, first), end);
  bits.close(Math.max(start, Math.ceil((realPosition(map.end) + offset) / sectorSize)));
}

/** A bitmap that is written from its start to its end. */
class Bits {
  readonly #io: GnuIo;
  readonly #isBigEndian: boolean;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  /** Number of the bit that comes first in the chunk. */
  #start = 0;

  constructor(io: GnuIo, isBigEndian: boolean) {
    this.#io = io;
    this.#isBigEndian = isBigEndian;
  }

  set(first: number, end: number): void {
    let bit = first;
    while (bit < end) {
      this.#goTo(bit);
      const stop = Math.min(end, this.#start + CHUNK_BYTES * 8);
      for (; bit < stop; bit++) {
        const at = bit - this.#start;
        const shift = this.#isBigEndian ? 7 - (at & 7) : at & 7;
        this.#chunk[at >>> 3] = (this.#chunk[at >>> 3] as number) | (1 << shift);
      }
    }
  }

  close(count: number): void {
    this.#goTo(Math.max(0, count - 1));
    this.#io.out(this.#chunk.slice(0, Math.ceil((count - this.#start) / 8)));
  }

  /** Writes chunks until `bit` lies in the next one. */
  #goTo(bit: number): void {
    while (bit >= this.#start + CHUNK_BYTES * 8) {
      this.#io.out(this.#chunk.slice());
      this.#chunk.fill(0);
      this.#start += CHUNK_BYTES * 8;
    }
  }
}
