import { OPEN_END, type Range } from './block.ts';
import type { RescueMap } from './rescue-map.ts';
import { progressOf } from './status.ts';

const FINISHED = progressOf('+');

/** Ordered ranges that neither overlap nor touch: the part of a source to work on. Immutable. */
export class Domain {
  /** Start and end of each range in turn. */
  readonly #borders: Float64Array;

  private constructor(borders: Float64Array) {
    this.#borders = borders;
  }

  /** From 0, or `pos`, to the end of whatever there is, or to `end`. */
  static whole(pos = 0, end: number = OPEN_END): Domain {
    return Domain.of(end > pos ? [{ pos, size: end - pos }] : []);
  }

  /** The ranges in any order, overlapping and touching ones joined, empty ones dropped. */
  static of(ranges: Iterable<Range>): Domain {
    const sorted = [...ranges].filter((range) => range.size > 0).sort((a, b) => a.pos - b.pos);
    const borders: number[] = [];
    for (const { pos, size } of sorted) {
      const last = borders.length - 1;
      if (last > 0 && pos <= (borders[last] as number)) {
        borders[last] = Math.max(borders[last] as number, pos + size);
      } else {
        borders.push(pos, pos + size);
      }
    }
    return new Domain(new Float64Array(borders));
  }

  /** The finished (`+`) ranges of a domain map, as ddrescue's `-m` takes them. */
  static fromMap(map: RescueMap): Domain {
    const borders = new Float64Array(map.count + 1);
    let n = 0;
    for (let i = 0; i < map.count; i++) {
      const isFinished = map.codeAt(i) === FINISHED;
      if (isFinished !== (n % 2 === 1)) borders[n++] = map.posAt(i);
    }
    if (n % 2 === 1) borders[n++] = map.end;
    return new Domain(borders.slice(0, n));
  }

  /** Number of ranges. */
  get count(): number {
    return this.#borders.length / 2;
  }

  get isEmpty(): boolean {
    return this.#borders.length === 0;
  }

  /** First byte; 0 when empty. */
  get start(): number {
    return this.#borders[0] ?? 0;
  }

  /** End (exclusive) of the last range; 0 when empty. */
  get end(): number {
    return this.#borders.at(-1) ?? 0;
  }

  /** Bytes in all ranges together. */
  get size(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.endAt(i) - this.posAt(i);
    return sum;
  }

  /** Start of range `index`. */
  posAt(index: number): number {
    return this.#borders[2 * index] as number;
  }

  /** End (exclusive) of range `index`. */
  endAt(index: number): number {
    return this.#borders[2 * index + 1] as number;
  }

  /** Whether byte `pos` lies in the domain. */
  includes(pos: number): boolean {
    let low = 0;
    let high = this.#borders.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#borders[middle] as number) <= pos) low = middle + 1;
      else high = middle;
    }
    return low % 2 === 1;
  }

  /** The ranges, first to last. */
  *ranges(): IterableIterator<Range> {
    for (let i = 0; i < this.count; i++) {
      yield { pos: this.posAt(i), size: this.endAt(i) - this.posAt(i) };
    }
  }

  /** What lies in this domain and in [pos, end). */
  clip(pos: number, end: number): Domain {
    return this.intersect(Domain.whole(pos, end));
  }

  /** What lies in both. */
  intersect(other: Domain): Domain {
    return this.#combine(other, (isHere, isThere) => isHere && isThere);
  }

  /** What lies in either. */
  union(other: Domain): Domain {
    return this.#combine(other, (isHere, isThere) => isHere || isThere);
  }

  /** What lies in this one only. */
  subtract(other: Domain): Domain {
    return this.#combine(other, (isHere, isThere) => isHere && !isThere);
  }

  /** Walks the borders of both; `keeps` must be false where neither is. */
  #combine(other: Domain, keeps: (isHere: boolean, isThere: boolean) => boolean): Domain {
    const a = this.#borders;
    const b = other.#borders;
    const borders = new Float64Array(a.length + b.length);
    let n = 0;
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      const here = i < a.length ? (a[i] as number) : Number.POSITIVE_INFINITY;
      const there = j < b.length ? (b[j] as number) : Number.POSITIVE_INFINITY;
      const pos = Math.min(here, there);
      if (here === pos) i++;
      if (there === pos) j++;
      if (keeps(i % 2 === 1, j % 2 === 1) !== (n % 2 === 1)) borders[n++] = pos;
    }
    return new Domain(borders.slice(0, n));
  }
}
