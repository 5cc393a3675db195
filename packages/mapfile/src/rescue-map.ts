/**
 * The ordered, touching blocks of a rescue. What may never happen here: a hole, an overlap, an empty block,
 * a total that is not the sum of its blocks.
 *
 * Starts and kinds lie in typed arrays with one gap (as in a text editor), because a rescue changes its map
 * where it last changed it: an update costs the distance to the last one at most, whatever the block count,
 * and a block is reached by its index at once. Every change goes through `#replace`, which keeps the totals.
 */
import { type Block, OPEN_END, type Range } from './block.ts';
import type { Domain } from './domain.ts';
import { BLOCK_STATUSES, type BlockStatus, progressOf } from './status.ts';

/** Added to a status code: the block lies outside the domain the map is restricted to. */
const OUTSIDE = 8;
const KINDS = 16;

/** Blocks as plain arrays: block i runs from `starts[i]` to `starts[i + 1]`, the last one to `end`. */
export interface Runs {
  readonly starts: ArrayLike<number>;
  /** Status codes: index in `BLOCK_STATUSES`. */
  readonly codes: ArrayLike<number>;
  readonly count: number;
  readonly end: number;
}

/** A mutable map of touching blocks. Positions and sizes are bytes. */
export class RescueMap {
  #starts: Float64Array;
  #kinds: Uint8Array;
  #count: number;
  #end: number;
  #gapAt: number;
  #gapSize = 0;
  #lastFound = 0;
  readonly #sizes = new Float64Array(KINDS);
  readonly #areas = new Float64Array(KINDS);
  /** The blocks that `#replace` puts in, filled by its callers; at most four at a time. */
  readonly #newStarts = new Float64Array(4);
  readonly #newKinds = new Uint8Array(4);

  private constructor(starts: Float64Array, kinds: Uint8Array, end: number) {
    this.#starts = starts;
    this.#kinds = kinds;
    this.#count = starts.length;
    this.#end = this.#count === 0 ? 0 : end;
    this.#gapAt = this.#count;
    this.#account(0, this.#count, 1);
  }

  /**
   * A map of the given runs, copied. Neighbours of one status stay separate blocks.
   * @throws RangeError when the starts do not rise up to `end`
   */
  static fromRuns(runs: Runs): RescueMap {
    const starts = new Float64Array(runs.count);
    const codes = new Uint8Array(runs.count);
    for (let i = 0; i < runs.count; i++) {
      starts[i] = runs.starts[i] as number;
      codes[i] = runs.codes[i] as number;
    }
    return RescueMap.ofColumns(starts, codes, runs.end);
  }

  /**
   * As {@link fromRuns}, without a copy: the memory belongs to the map from now on.
   * @throws RangeError when the starts do not rise up to `end`
   */
  static ofColumns(starts: Float64Array, codes: Uint8Array, end: number): RescueMap {
    let last = -1;
    for (let i = 0; i < starts.length; i++) {
      const pos = starts[i] as number;
      if (!(pos > last)) throw new RangeError(`Block ${i} starts at ${pos}, not after ${last}.`);
      last = pos;
    }
    if (starts.length > 0 && !(end > last && end <= OPEN_END)) {
      throw new RangeError(`The map ends at ${end}, not after ${last}.`);
    }
    return new RescueMap(starts, codes, end);
  }

  /**
   * A map of the given touching blocks.
   * @throws RangeError when one does not begin where the one before ends
   */
  static fromBlocks(blocks: Iterable<Block>): RescueMap {
    const starts: number[] = [];
    const codes: number[] = [];
    let end = -1;
    for (const block of blocks) {
      if (end >= 0 && block.pos !== end) {
        throw new RangeError(`A block starts at ${block.pos}, the one before ends at ${end}.`);
      }
      starts.push(block.pos);
      codes.push(progressOf(block.status));
      end = block.pos + block.size;
    }
    return RescueMap.fromRuns({ starts, codes, count: starts.length, end });
  }

  /** A map of one block, or an empty one when the range is empty. */
  static ofOne(pos: number, end: number, status: BlockStatus = '?'): RescueMap {
    return end > pos
      ? RescueMap.fromRuns({ starts: [pos], codes: [progressOf(status)], count: 1, end })
      : RescueMap.fromRuns({ starts: [], codes: [], count: 0, end: 0 });
  }

  /** Number of blocks. */
  get count(): number {
    return this.#count;
  }

  /** Where the first block begins; 0 for an empty map. */
  get start(): number {
    return this.#count === 0 ? 0 : this.posAt(0);
  }

  /** Where the last block ends; 0 for an empty map, `OPEN_END` when the end is not known. */
  get end(): number {
    return this.#end;
  }

  /** Start of block `index`. */
  posAt(index: number): number {
    return this.#starts[index < this.#gapAt ? index : index + this.#gapSize] as number;
  }

  /** End (exclusive) of block `index`. */
  endAt(index: number): number {
    return index + 1 < this.#count ? this.posAt(index + 1) : this.#end;
  }

  /** Status of block `index` as its place in `BLOCK_STATUSES`. */
  codeAt(index: number): number {
    return this.#kindAt(index) & ~OUTSIDE;
  }

  /** Status of block `index`. */
  statusAt(index: number): BlockStatus {
    return BLOCK_STATUSES[this.codeAt(index)] as BlockStatus;
  }

  /** Whether block `index` lies in the domain the map is restricted to; true for every block otherwise. */
  isInDomain(index: number): boolean {
    return this.#kindAt(index) < OUTSIDE;
  }

  /** Index of the block that holds byte `pos`, or -1 outside the map. */
  indexAt(pos: number): number {
    if (this.#count === 0 || pos < this.start || pos >= this.#end) return -1;
    let low = 0;
    let high = this.#count - 1;
    const hint = this.#lastFound;
    if (hint <= high && this.posAt(hint) <= pos) {
      if (pos < this.endAt(hint)) return hint;
      low = hint + 1;
      if (pos < this.endAt(low)) {
        this.#lastFound = low;
        return low;
      }
    }
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.posAt(middle) <= pos) low = middle;
      else high = middle - 1;
    }
    this.#lastFound = low;
    return low;
  }

  /** Bytes of a status, over the whole map. */
  sizeOf(status: BlockStatus): number {
    const code = progressOf(status);
    return (this.#sizes[code] as number) + (this.#sizes[code | OUTSIDE] as number);
  }

  /** Bytes of a status inside the domain. */
  sizeInDomain(status: BlockStatus): number {
    return this.#sizes[progressOf(status)] as number;
  }

  /** Maximal runs of blocks of a status inside the domain; any other block, or one outside, ends a run. */
  areasInDomain(status: BlockStatus): number {
    return this.#areas[progressOf(status)] as number;
  }

  /** The blocks, first to last. The map must not change meanwhile. */
  *blocks(): IterableIterator<Block> {
    for (let i = 0; i < this.#count; i++) yield this.blockAt(i);
  }

  /** Block `index` as a value. */
  blockAt(index: number): Block {
    const pos = this.posAt(index);
    return { pos, size: this.endAt(index) - pos, status: this.statusAt(index) };
  }

  /**
   * Gives [pos, end) a status. Pieces inside the domain merge with neighbours inside it that have the same
   * status; blocks outside the domain never merge with blocks inside.
   * @throws RangeError when the range is not inside the map
   */
  set(pos: number, end: number, status: BlockStatus): void {
    if (!(pos >= this.start && end <= this.#end && pos < end)) {
      throw new RangeError(`[${pos}, ${end}) is not a range inside [${this.start}, ${this.#end}).`);
    }
    const code = progressOf(status);
    if (this.#moveBorder(pos, end, code)) return;
    let at = pos;
    while (at < end) {
      const first = this.indexAt(at);
      const outside = this.#kindAt(first) & OUTSIDE;
      let next = first + 1;
      while (next < this.#count && this.posAt(next) < end && this.#sideAt(next) === outside) next++;
      const stop = Math.min(end, this.endAt(next - 1));
      this.#setOneSide(first, next, { pos: at, end: stop, kind: code | outside });
      at = stop;
    }
  }

  /** Gives what lies in a domain and in the map a status, as {@link set} does. */
  fill(domain: Domain, status: BlockStatus): void {
    for (const { pos, size } of domain.clip(this.start, this.#end).ranges()) {
      this.set(pos, pos + size, status);
    }
  }

  /** Gives block `index` a status without merging it with its neighbours. */
  relabel(index: number, status: BlockStatus): void {
    this.#newStarts[0] = this.posAt(index);
    this.#newKinds[0] = progressOf(status) | this.#sideAt(index);
    this.#replace(index, index + 1, 1);
  }

  /** Cuts the map off at `end`: blocks behind it go, the one across it becomes shorter. */
  truncate(end: number): void {
    if (end >= this.#end) return;
    const first = end <= this.start ? 0 : this.indexAt(end - 1) + 1;
    this.#account(0, this.#count, -1);
    this.#moveGap(first);
    this.#gapSize += this.#count - first;
    this.#count = first;
    this.#end = first === 0 ? 0 : end;
    this.#account(0, this.#count, 1);
  }

  /**
   * Splits blocks at every border of `domain` and remembers which lie inside; totals and areas "in the domain"
   * and the merging rule of {@link set} follow it until {@link release}.
   */
  restrictTo(domain: Domain): void {
    const isAll = domain.count === 1 && domain.start <= this.start && domain.end >= this.#end;
    if (isAll) {
      for (let i = 0; i < this.#kinds.length; i++) {
        this.#kinds[i] = (this.#kinds[i] as number) & ~OUTSIDE;
      }
      this.#recount();
      return;
    }
    // Each border cuts a block in two at most.
    const room = this.#count + 2 * domain.count;
    const starts = new Float64Array(room);
    const kinds = new Uint8Array(room);
    let n = 0;
    let range = 0;
    for (let i = 0; i < this.#count; i++) {
      const code = this.codeAt(i);
      const end = this.endAt(i);
      let pos = this.posAt(i);
      while (pos < end) {
        while (range < domain.count && domain.endAt(range) <= pos) range++;
        const isInside = range < domain.count && domain.posAt(range) <= pos;
        const border = range >= domain.count ? OPEN_END : domain.posAt(range);
        starts[n] = pos;
        kinds[n++] = isInside ? code : code | OUTSIDE;
        pos = Math.min(end, isInside ? domain.endAt(range) : border);
      }
    }
    this.#reset(starts.slice(0, n), kinds.slice(0, n));
  }

  /** Forgets the domain and merges all neighbours of one status. */
  release(): void {
    this.#merge(~OUTSIDE);
  }

  /** Merges neighbours of one status, those on either side of a domain's border excepted. */
  mergeNeighbours(): void {
    this.#merge(~0);
  }

  /** A copy that shares nothing, with the same domain. */
  clone(): RescueMap {
    const copy = RescueMap.fromRuns({ starts: [], codes: [], count: 0, end: 0 });
    copy.#end = this.#end;
    this.#moveGap(this.#count);
    copy.#reset(this.#starts.slice(0, this.#count), this.#kinds.slice(0, this.#count));
    return copy;
  }

  /** The part of the map inside [pos, end), without a domain; neighbours of one status merged. */
  slice(pos: number, end: number): RescueMap {
    const starts: number[] = [];
    const codes: number[] = [];
    const from = Math.max(pos, this.start);
    const to = Math.min(end, this.#end);
    if (from < to) {
      for (let i = this.indexAt(from); i < this.#count && this.posAt(i) < to; i++) {
        if (codes.at(-1) === this.codeAt(i)) continue;
        starts.push(Math.max(from, this.posAt(i)));
        codes.push(this.codeAt(i));
      }
    }
    return RescueMap.fromRuns({ starts, codes, count: starts.length, end: to });
  }

  /** The ranges of one status, neighbours merged. */
  *ranges(status: BlockStatus): IterableIterator<Range> {
    const code = progressOf(status);
    for (let i = 0; i < this.#count; i++) {
      if (this.codeAt(i) !== code) continue;
      const pos = this.posAt(i);
      while (i + 1 < this.#count && this.codeAt(i + 1) === code) i++;
      yield { pos, size: this.endAt(i) - pos };
    }
  }

  #kindAt(index: number): number {
    return this.#kinds[index < this.#gapAt ? index : index + this.#gapSize] as number;
  }

  #sideAt(index: number): number {
    return this.#kindAt(index) & OUTSIDE;
  }

  /**
   * What a rescue does all the time: one block grows, and its neighbour shrinks by as much. Returns false when
   * [pos, end) is something else.
   */
  #moveBorder(pos: number, end: number, code: number): boolean {
    const index = this.indexAt(pos);
    const blockEnd = this.endAt(index);
    const kind = this.#kindAt(index);
    const grown = code | (kind & OUTSIDE);
    if (kind === grown || end > blockEnd) return false;
    const isStart = this.posAt(index) === pos;
    // A block that goes altogether leaves neighbours to be merged.
    if (isStart === (blockEnd === end)) return false;
    const other = isStart ? index - 1 : index + 1;
    if (other < 0 || other >= this.#count || this.#kindAt(other) !== grown) return false;
    const moved = isStart ? index : other;
    const at = moved < this.#gapAt ? moved : moved + this.#gapSize;
    this.#starts[at] = isStart ? end : pos;
    this.#sizes[kind] = (this.#sizes[kind] as number) - (end - pos);
    this.#sizes[grown] = (this.#sizes[grown] as number) + (end - pos);
    return true;
  }

  /** `piece` lies inside the blocks [first, next), which are all on one side of the domain's border. */
  #setOneSide(
    first: number,
    next: number,
    piece: { pos: number; end: number; kind: number },
  ): void {
    let from = first;
    let to = next;
    let n = 0;
    const leftKind = this.#kindAt(first);
    const rightKind = this.#kindAt(next - 1);
    const isLeftKept = this.posAt(first) < piece.pos;
    const isRightKept = this.endAt(next - 1) > piece.end;
    const merges = (index: number): boolean =>
      index >= 0 && index < this.#count && this.#kindAt(index) === piece.kind;
    let start = piece.pos;
    if (isLeftKept && leftKind === piece.kind) start = this.posAt(first);
    else if (isLeftKept) n = this.#put(n, this.posAt(first), leftKind);
    else if (merges(first - 1)) start = this.posAt(--from);
    n = this.#put(n, start, piece.kind);
    if (isRightKept && rightKind !== piece.kind) n = this.#put(n, piece.end, rightKind);
    else if (!isRightKept && merges(next)) to++;
    this.#replace(from, to, n);
  }

  #put(n: number, pos: number, kind: number): number {
    this.#newStarts[n] = pos;
    this.#newKinds[n] = kind;
    return n + 1;
  }

  /** Puts the first `n` prepared blocks in the place of blocks [from, to), which cover the same bytes. */
  #replace(from: number, to: number, n: number): void {
    this.#account(from, to, -1);
    if (n !== to - from) {
      this.#moveGap(from);
      this.#gapSize += to - from;
      this.#count += n - (to - from);
      if (this.#gapSize < n) this.#grow();
      this.#gapAt += n;
      this.#gapSize -= n;
    }
    for (let i = 0; i < n; i++) {
      const at = from + i < this.#gapAt ? from + i : from + i + this.#gapSize;
      this.#starts[at] = this.#newStarts[i] as number;
      this.#kinds[at] = this.#newKinds[i] as number;
    }
    this.#account(from, from + n, 1);
  }

  /** Adds (sign 1) or takes away (-1) what blocks [from, to), and the border behind them, count for. */
  #account(from: number, to: number, sign: 1 | -1): void {
    for (let i = from; i <= to && i < this.#count; i++) {
      const kind = this.#kindAt(i);
      if (i < to) this.#sizes[kind] = (this.#sizes[kind] as number) + sign * this.#sizeAt(i);
      if (i === 0 || this.#kindAt(i - 1) !== kind) {
        this.#areas[kind] = (this.#areas[kind] as number) + sign;
      }
    }
  }

  #sizeAt(index: number): number {
    return this.endAt(index) - this.posAt(index);
  }

  #moveGap(to: number): void {
    if (this.#gapSize > 0 && to < this.#gapAt) {
      this.#starts.copyWithin(to + this.#gapSize, to, this.#gapAt);
      this.#kinds.copyWithin(to + this.#gapSize, to, this.#gapAt);
    } else if (this.#gapSize > 0 && to > this.#gapAt) {
      this.#starts.copyWithin(this.#gapAt, this.#gapAt + this.#gapSize, to + this.#gapSize);
      this.#kinds.copyWithin(this.#gapAt, this.#gapAt + this.#gapSize, to + this.#gapSize);
    }
    this.#gapAt = to;
  }

  /** Doubles the room, with the gap where it is. */
  #grow(): void {
    const room = this.#starts.length;
    const capacity = Math.max(64, room * 2);
    const tail = room - this.#gapAt - this.#gapSize;
    const starts = new Float64Array(capacity);
    const kinds = new Uint8Array(capacity);
    starts.set(this.#starts.subarray(0, this.#gapAt));
    kinds.set(this.#kinds.subarray(0, this.#gapAt));
    starts.set(this.#starts.subarray(room - tail), capacity - tail);
    kinds.set(this.#kinds.subarray(room - tail), capacity - tail);
    this.#gapSize += capacity - room;
    this.#starts = starts;
    this.#kinds = kinds;
  }

  /** Merges neighbours of one kind, where only the bits of `mask` are kept; in the memory that is there. */
  #merge(mask: number): void {
    this.#moveGap(this.#count);
    const [starts, kinds] = [this.#starts, this.#kinds];
    let n = 0;
    for (let i = 0; i < this.#count; i++) {
      const kind = (kinds[i] as number) & mask;
      if (n > 0 && kinds[n - 1] === kind) continue;
      starts[n] = starts[i] as number;
      kinds[n++] = kind;
    }
    this.#count = n;
    this.#gapAt = n;
    this.#gapSize = starts.length - n;
    this.#lastFound = 0;
    this.#recount();
  }

  #reset(starts: Float64Array, kinds: Uint8Array): void {
    this.#starts = starts;
    this.#kinds = kinds;
    this.#count = starts.length;
    this.#gapAt = this.#count;
    this.#gapSize = 0;
    this.#lastFound = 0;
    this.#recount();
  }

  #recount(): void {
    this.#sizes.fill(0);
    this.#areas.fill(0);
    this.#account(0, this.#count, 1);
  }
}
