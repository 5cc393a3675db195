/** A few bytes that came well: they tell one disk from another that says nothing of itself. */
import { alignUp, type Range } from '@chunkrescue/mapfile';
import { digestOf } from '../node/checksums.ts';
import type { ReadOutcome, Source } from '../ports.ts';
import type { Sample } from './manifest.ts';

const SAMPLE_SIZE = 512;

/** Zones of a whole source, and of a chunk: each has one sample, so that they lie far apart. */
export const SOURCE_ZONES = 16;
export const CHUNK_ZONES = 4;

/** A range in equal parts, of each of which one sample is kept. */
export class Zones {
  readonly #pos: number;
  readonly #size: number;

  constructor(range: Range, count: number) {
    this.#pos = range.pos;
    this.#size = Math.max(1, Math.ceil(range.size / count));
  }

  zoneOf(pos: number): number {
    return Math.floor((pos - this.#pos) / this.#size);
  }

  /** The first sample of each zone. */
  thin(samples: readonly Sample[]): Sample[] {
    const byZone = new Map<number, Sample>();
    for (const sample of samples) {
      const zone = this.zoneOf(sample.pos);
      if (!byZone.has(zone)) byZone.set(zone, sample);
    }
    return [...byZone.values()].sort((a, b) => a.pos - b.pos);
  }
}

/** Takes samples of what comes by: sectors that are not one byte again and again, as empty ones are. */
export class Sampler {
  readonly samples: Sample[];
  readonly #zones: Zones;
  readonly #taken: Set<number>;

  constructor(known: readonly Sample[], zones: Zones) {
    this.samples = [...known];
    this.#zones = zones;
    this.#taken = new Set(known.map(({ pos }) => zones.zoneOf(pos)));
  }

  /** Looks at bytes from the source; most calls cost nothing. */
  see(pos: number, bytes: Uint8Array): void {
    const start = alignUp(pos, SAMPLE_SIZE);
    const zone = this.#zones.zoneOf(start);
    if (this.#taken.has(zone)) return;
    const sector = bytes.subarray(start - pos, start - pos + SAMPLE_SIZE);
    if (sector.length < SAMPLE_SIZE || isConstant(sector)) return;
    this.#taken.add(zone);
    this.samples.push({ pos: start, size: SAMPLE_SIZE, digest: digestOf(sector) });
  }
}

function isConstant(bytes: Uint8Array): boolean {
  const first = bytes[0];
  return bytes.every((byte) => byte === first);
}

/** Positions at which a source was asked for samples: which were as remembered, which were not. */
export interface SampleCheck {
  readonly same: readonly Sample[];
  readonly different: readonly Sample[];
}

/** Reads samples again. One that cannot be read tells nothing. `offset` is subtracted from positions. */
export function checkSamples(
  source: Pick<Source, 'read' | 'allocate'>,
  samples: readonly Sample[],
  offset = 0,
): SampleCheck {
  const same: Sample[] = [];
  const different: Sample[] = [];
  const longest = samples.reduce((most, { size }) => Math.max(most, size), 0);
  const memory = source.allocate?.(longest) ?? new Uint8Array(longest);
  for (const sample of samples) {
    if (sample.pos < offset) continue;
    const bytes = memory.subarray(0, sample.size);
    const { copied } = source.read(sample.pos - offset, bytes) as ReadOutcome;
    if (copied < sample.size) continue;
    (digestOf(bytes) === sample.digest ? same : different).push(sample);
  }
  return { same, different };
}

/** Two sets of samples beside each other; only those of the same place tell something. */
export function compareSamples(a: readonly Sample[], b: readonly Sample[]): SampleCheck {
  const same: Sample[] = [];
  const different: Sample[] = [];
  for (const sample of a) {
    const other = b.find(({ pos, size }) => pos === sample.pos && size === sample.size);
    if (other === undefined) continue;
    (other.digest === sample.digest ? same : different).push(sample);
  }
  return { same, different };
}
