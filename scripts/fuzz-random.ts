/** Numbers that look random and are the same for the same seed, on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number in [min, max]. */
  int(min: number, max: number): number {
    return min + Math.floor(this.#fraction() * (max - min + 1));
  }

  /** A whole number in [min, max], small ones as often as big ones. */
  size(min: number, max: number): number {
    const log = Math.log(min + 1) + this.#fraction() * (Math.log(max + 1) - Math.log(min + 1));
    return Math.min(max, Math.max(min, Math.round(Math.exp(log) - 1)));
  }

  chance(percent: number): boolean {
    return this.#fraction() * 100 < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(0, from.length - 1)] as T;
  }

  shuffle<T>(list: readonly T[]): T[] {
    const shuffled = [...list];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }

  /** In [0, 1), with 53 bits. */
  #fraction(): number {
    return ((this.#next() >>> 6) * 0x8000000 + (this.#next() >>> 5)) / 0x20000000000000;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}

/** The seed of the `index`th case of a run, so that each case can be had alone. */
export function seedOf(seed: number, index: number): number {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca77));
  return random.int(0, 0xffffffff);
}
