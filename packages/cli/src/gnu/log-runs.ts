/** Blocks to be written: touching runs whose neighbours of one status are merged as they are added. */
import { BLOCK_STATUSES, type BlockStatus, progressOf } from '@chunkrescue/mapfile';

export class RunList {
  count = 0;
  end = 0;
  /** How many of the first runs have no bytes. */
  #empty = 0;
  #starts = new Float64Array(64);
  #codes = new Uint8Array(64);

  /** A run that goes from `pos` to the next one, or to the end. `pos` never falls; what is empty stays. */
  add(pos: number, status: BlockStatus): void {
    this.addCode(pos, progressOf(status));
  }

  /** As {@link add}, with the status' place in `BLOCK_STATUSES`. */
  addCode(pos: number, code: number): void {
    // A run that nothing followed is empty; one at the very same place takes its place.
    if (this.count > this.#empty && this.#starts[this.count - 1] === pos) this.count--;
    if (this.count > 0 && this.#codes[this.count - 1] === code) {
      if (this.count === this.#empty) this.#empty--;
      return;
    }
    this.#push(pos, code);
  }

  /** A block of no bytes at `pos`, which stays one; only a map's first blocks are such. */
  addEmpty(pos: number, status: BlockStatus): void {
    const code = progressOf(status);
    if (this.count > 0 && this.#codes[this.count - 1] === code) return;
    this.#empty++;
    this.#push(pos, code);
  }

  /** Says where the last run ends. */
  close(end: number): void {
    if (this.count > this.#empty && this.#starts[this.count - 1] === end) this.count--;
    this.end = end;
  }

  posAt(index: number): number {
    return this.#starts[index] as number;
  }

  endAt(index: number): number {
    return index + 1 < this.count ? (this.#starts[index + 1] as number) : this.end;
  }

  statusAt(index: number): BlockStatus {
    return BLOCK_STATUSES[this.#codes[index] as number] as BlockStatus;
  }

  /** Status of a run as its place in `BLOCK_STATUSES`. */
  codeAt(index: number): number {
    return this.#codes[index] as number;
  }

  #push(pos: number, code: number): void {
    const at = this.count++;
    if (at === this.#starts.length) {
      const starts = new Float64Array(at * 2);
      const codes = new Uint8Array(at * 2);
      starts.set(this.#starts);
      codes.set(this.#codes);
      this.#starts = starts;
      this.#codes = codes;
    }
    this.#starts[at] = pos;
    this.#codes[at] = code;
  }
}
