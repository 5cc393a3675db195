/** A few bytes that came well: they tell one disk from another that says nothing of itself. */
import { alignUp } from '@chunkrescue/mapfile';
import { digestOf } from '../node/checksums.ts';
import type { ReadOutcome, Source } from '../ports.ts';
import type { Sample } from './manifest.ts';

const SAMPLE_SIZE = 512;

/** Samples that a common map or an image keeps, and those of them that one chunk adds. */
export const SAMPLES_MAX = 8;
export const SAMPLES_PER_CHUNK = 2;

/** Takes samples of what comes by: sectors that are not one byte again and again, as empty ones are. */
export class Sampler {
  readonly samples: Sample[];
  readonly #max: number;

  constructor(known: readonly Sample[], max: number) {
    this.samples = [...known];
    this.#max = max;
  }

  /** Looks at bytes from the source; most calls cost nothing. */
  see(pos: number, bytes: Uint8Array): void {
    if (this.samples.length >= this.#max) return;
    const start = alignUp(pos, SAMPLE_SIZE);
    const sector = bytes.subarray(start - pos, start - pos + SAMPLE_SIZE);
    if (sector.length < SAMPLE_SIZE || isConstant(sector)) return;
    if (this.samples.some((sample) => sample.pos === start)) return;
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
  source: Pick<Source, 'read'>,
  samples: readonly Sample[],
  offset = 0,
): SampleCheck {
  const same: Sample[] = [];
  const different: Sample[] = [];
  for (const sample of samples) {
    if (sample.pos < offset) continue;
    const bytes = new Uint8Array(sample.size);
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

/** The first samples of both, each place once. */
export function joinSamples(a: readonly Sample[], b: readonly Sample[]): Sample[] {
  const more = b.filter(({ pos }) => a.every((sample) => sample.pos !== pos));
  return [...a, ...more].slice(0, SAMPLES_MAX);
}
