/** The blocks of a mapfile in the order of its lines, before anything is known of how they fit together. */
export class BlockList {
  count = 0;
  starts: Float64Array<ArrayBuffer> = new Float64Array(64);
  ends: Float64Array<ArrayBuffer> = new Float64Array(64);
  /** Status codes: index in `BLOCK_STATUSES`. */
  codes: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  /** Where in the text each block is written. */
  offsets: Float64Array<ArrayBuffer> = new Float64Array(64);

  add(start: number, end: number, code: number, offset: number): void {
    const at = this.count++;
    if (at === this.starts.length) this.#grow();
    this.starts[at] = start;
    this.ends[at] = end;
    this.codes[at] = code;
    this.offsets[at] = offset;
  }

  #grow(): void {
    const room = this.starts.length * 2;
    const { starts, ends, codes, offsets } = this;
    this.starts = new Float64Array(room);
    this.ends = new Float64Array(room);
    this.codes = new Uint8Array(room);
    this.offsets = new Float64Array(room);
    this.starts.set(starts);
    this.ends.set(ends);
    this.codes.set(codes);
    this.offsets.set(offsets);
  }
}
