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

  /** The map of all of them, up to `end`. It takes the memory over. */
  toMap(end: number): RescueMap {
    const starts = this.#starts.subarray(0, this.count);
    return RescueMap.ofColumns(starts, this.#codes.subarray(0, this.count), end);
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
