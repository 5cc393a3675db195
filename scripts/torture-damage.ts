/** What happens to chunks on their way: losses, cuts, flipped bits, mix-ups. */
import type { Random } from './fuzz-random.ts';
import type { TrueChunk } from './torture-world.ts';

/** A chunk as it arrives. */
export interface Arrival {
  readonly name: string;
  readonly raw: Buffer | undefined;
  readonly map: Buffer | undefined;
  /** What it was when it was written. */
  readonly origin: TrueChunk;
  /** What happened to it; undefined when nothing did. */
  readonly damage: Damage | undefined;
}

export const DAMAGES = [
  'lost-raw',
  'lost-map',
  'cut-raw',
  'cut-map',
  'flipped-raw',
  'flipped-map',
  'zeroed',
  'emptied',
  'mixed-up',
  'renamed',
  'grown',
] as const;

export type Damage = (typeof DAMAGES)[number];

/** Carries a chunk, and something may go wrong. `others` are the chunks that travel with it. */
export function carry(random: Random, origin: TrueChunk, others: readonly TrueChunk[]): Arrival {
  const { name, raw, map } = origin;
  const whole: Arrival = { name, raw, map, origin, damage: undefined };
  if (random.chance(55)) return whole;
  const damage = random.pick(DAMAGES);
  switch (damage) {
    case 'lost-raw':
      return { ...whole, damage, raw: undefined };
    case 'lost-map':
      return { ...whole, damage, map: undefined };
    case 'cut-raw':
      return { ...whole, damage, raw: cut(random, raw) };
    case 'cut-map':
      return { ...whole, damage, map: cut(random, map) };
    case 'flipped-raw':
      return { ...whole, damage, raw: flipped(random, raw) };
    case 'flipped-map':
      return { ...whole, damage, map: flipped(random, map) };
    case 'zeroed': {
      const zeroed = Buffer.from(raw);
      const from = random.int(0, raw.length);
      return { ...whole, damage, raw: zeroed.fill(0, from, random.int(from, raw.length)) };
    }
    case 'emptied':
      return { ...whole, damage, raw: Buffer.alloc(raw.length) };
    case 'mixed-up':
      return { ...whole, damage, raw: random.pick(others).raw };
    case 'renamed':
      return { ...whole, damage, name: `chunk${random.int(0, 99)}` };
    case 'grown':
      return { ...whole, damage, raw: Buffer.concat([raw, Buffer.alloc(random.int(1, 99), 7)]) };
  }
}

function cut(random: Random, bytes: Buffer): Buffer {
  return bytes.subarray(0, random.int(0, Math.max(0, bytes.length - 1)));
}

function flipped(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length === 0) return copy;
  const at = random.int(0, copy.length - 1);
  copy[at] = (copy[at] as number) ^ (1 << random.int(0, 7));
  return copy;
}
