import { RescueMap } from './rescue-map.ts';

/** Touching blocks in order, as they are read. */
export class RunList {
  count = 0;
  #starts: Float64Array<ArrayBuffer>;
  /** Status codes: index in `BLOCK_STATUSES`. */
  #codes: Uint8Array<ArrayBuffer>;

  /** @param room blocks that it has room for before it grows */
  constructor(room: number) {
    this.#starts = new Float64Array(room);
    this.#codes = new Uint8Array(room);
  }

  add(start: number, code: number): void {
    const at = this.count++;
    if (at === this.#starts.length) this.#grow();
    this.#starts[at] = start;
    this.#codes[at] = code;
  }

  /** The same, but for a block that goes on with the status of the one before. */
  addMerged(start: number, code: number): void {
    if (this.count === 0 || this.#codes[this.count - 1] !== code) this.add(start, code);
  }

  /** The map of all of them, up to `end`. It takes the memory over, unless that would keep much for little. */
  toMap(end: number): RescueMap {
    const { count } = this;
    const cut = count < this.#starts.length / 2 ? 'slice' : 'subarray';
    return RescueMap.ofColumns(this.#starts[cut](0, count), this.#codes[cut](0, count), end);
  }

  #grow(): void {
    const { length } = this.#starts;
    const [starts, codes] = [new Float64Array(length * 2), new Uint8Array(length * 2)];
    starts.set(this.#starts);
    codes.set(this.#codes);
    this.#starts = starts;
    this.#codes = codes;
  }
}
