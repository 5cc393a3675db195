/**
 * Work beside the reading: a second thread writes what was read, and computes digests of it, while the next
 * read runs. Reads stay one at a time and in their order. They go one behind the other into slots of shared
 * memory; what touches, in the output or in the source, is one order, so that a thread is not woken for each.
 *
 * The reader owns a slot until it has gone through it; then the slot belongs to its orders, and comes back when
 * all of them are done. Sectors read one by one are gathered too; what stays small is written by the reader
 * itself, since a system call costs less than a hop to another thread.
 */
import { Worker } from 'node:worker_threads';
import { alignUp } from '@chunkrescue/mapfile';
import type { Beside } from '../chunks/chunk-recorder.ts';
import type { PieceMemory } from '../chunks/held-pieces.ts';
import type { PieceDigests } from '../chunks/piece-digests.ts';
import { alignedBuffer } from '../node/aligned-memory.ts';
import { blockingClock } from '../node/clock.ts';
import type { Loss } from '../node/write-behind.ts';
import { type Descriptors, writeFully } from '../node/write-fully.ts';
import {
  type BesideBoard,
  besideBoard,
  bytesOf,
  DIGEST,
  doOrder,
  FAILED,
  FREE,
  type Kind,
  ORDERS,
  type Order,
  postOrder,
  TAKEN,
  takeOrder,
  WRITE,
} from './beside-board.ts';
import { isReadStuck } from './reader-thread.ts';

const MIB = 1024 * 1024;
/** Bytes that reads go through, where they are not so long that it takes more. */
const MEMORY = 16 * MIB;
const SLOT_MIN = 256 * 1024;
const SLOTS_MAX = 6;
/** The most bytes of slots that are taken to have more than one. */
const MEMORY_MAX = 128 * MIB;
/** What direct reads and writes begin at. Bytes. */
const UNIT = 512;
/** Less than this is faster done than ordered. */
const ORDER_MIN = 16 * 1024;
/** A thread takes a while to start, and a processor: not before its work has cost the reader so long. */
const START_AFTER_MS = 5;
/** How often a reader that waits looks whether the other thread is still there. */
const LOOK_MS = 1000;

/** One thread and its memory, for one rescue at a time. */
interface Helper {
  readonly board: BesideBoard;
  worker: Worker | undefined;
}

/** Kept for the next rescue of this thread: starting a thread for each chunk would cost more than its work. */
let idle: Helper | undefined;

/** Ends the thread that is kept beside this thread for the next rescue, if there is one. */
export function closeBesideThread(): void {
  if (idle !== undefined) stop(idle);
  idle = undefined;
}

function helperWith(size: number): Helper {
  const kept = idle;
  idle = undefined;
  if (kept !== undefined) {
    if (kept.board.memory.length >= size && Atomics.load(kept.board.ended, 0) === 0) return kept;
    stop(kept);
  }
  return { board: besideBoard(alignedBuffer(Math.max(size, MEMORY))), worker: undefined };
}

function stop({ board, worker }: Helper): void {
  if (worker === undefined) return;
  Atomics.store(board.stop, 0, 1);
  Atomics.add(board.posted, 0, 1);
  Atomics.notify(board.posted, 0);
  void worker.terminate();
}

function start(board: BesideBoard): Worker {
  const worker = new Worker(new URL('./beside-entry.js', import.meta.url), {
    workerData: board,
    // It makes no objects.
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
  });
  // Without it the reader does all by itself: slower, but as right.
  worker.on('error', () => {});
  worker.unref();
  return worker;
}

type Run = { -readonly [K in keyof Order]: Order[K] };

/** Memory for the reads of one rescue; their writes and their digests. To be closed by who made it. */
export class BesideThread implements PieceMemory {
  readonly losses: Loss[] = [];
  readonly pieceMax: number;
  readonly room: number;
  readonly #slotSize: number;
  readonly #slots: number;
  readonly #helper: Helper;
  readonly #board: BesideBoard;
  /** For each order in the ring, what it is, and the slot that holds its bytes. */
  readonly #orders: ((Order & { readonly slot: number }) | undefined)[] = [];
  /** What is gathered, of each kind. */
  readonly #runs: (Run | undefined)[] = [];
  #digests: PieceDigests | undefined;
  #slot = 0;
  /** Where the next read goes in the slot. */
  #offset = 0;
  #next = 0;
  #oldest = 0;
  /** Milliseconds that the reader spent on what a thread would have done. */
  #spentMs = 0;
  #isClosed = false;

  /**
   * @param readMax bytes of the longest read
   * @param slots how many of them there is room for; default: as many as are of use for reads one by one
   */
  constructor(readMax: number, slots?: number) {
    this.#slotSize = alignUp(Math.max(readMax, SLOT_MIN), UNIT);
    const few = this.#slotSize * 2 <= MEMORY_MAX ? 2 : 1;
    const many = Math.min(SLOTS_MAX, Math.floor(MEMORY / this.#slotSize));
    this.#slots = slots ?? Math.max(few, many);
    this.pieceMax = this.#slotSize;
    this.room = this.#slots - 1;
    this.#helper = helperWith(this.#slots * this.#slotSize);
    this.#board = this.#helper.board;
  }

  /** Memory for the next read. What was in it before is written and looked at first. */
  take(size: number): Uint8Array {
    if (size > this.#slotSize) throw new RangeError(`${size} bytes are more than a slot has.`);
    if (this.#offset + size > this.#slotSize) {
      this.#flush();
      this.#slot = (this.#slot + 1) % this.#slots;
      this.#offset = 0;
      // Whoever holds what it took may order it late: the oldest orders need not be this slot's.
      while (this.#orders.some((order) => order?.slot === this.#slot)) this.#finishOldest();
    }
    const offset = this.#slot * this.#slotSize + this.#offset;
    this.#offset += alignUp(size, UNIT);
    return this.#board.memory.subarray(offset, offset + size);
  }

  /** Takes a write over when its bytes are in this memory. */
  takeOver(to: Descriptors, pos: number, bytes: Uint8Array): boolean {
    if (bytes.buffer !== this.#board.memory.buffer || !to.hasPositions) return false;
    // What a rescue of single sectors does each time: nothing is made for it.
    const run = this.#runs[WRITE];
    if (run !== undefined && this.#touches(run, { pos, offset: bytes.byteOffset, to })) {
      run.size += bytes.length;
      return true;
    }
    this.#extend({ kind: WRITE, pos, offset: bytes.byteOffset, size: bytes.length, to });
    return true;
  }

  /** Digests for the pieces of a chunk, from bytes in this memory. */
  digestsInto(digests: PieceDigests): Beside {
    this.#digests = digests;
    return { add: (pos, bytes) => this.#addDigests(pos, bytes), settle: () => this.settle() };
  }

  /** Waits for all writes and digests. */
  settle(): void {
    this.#flush();
    while (this.#orders[this.#oldest] !== undefined) this.#finishOldest();
  }

  /** Waits for everything, and leaves the thread to the next rescue. May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.settle();
    this.#isClosed = true;
    // A read that was given up may still come back, into this memory.
    if (idle === undefined && !isReadStuck()) idle = this.#helper;
    else stop(this.#helper);
  }

  #isThreaded(): boolean {
    if (this.#slots < 2 || Atomics.load(this.#board.ended, 0) !== 0) return false;
    if (this.#helper.worker === undefined && this.#spentMs < START_AFTER_MS) return false;
    try {
      this.#helper.worker ??= start(this.#board);
    } catch {
      // No more threads here: the reader does all by itself.
      Atomics.store(this.#board.ended, 0, 1);
      return false;
    }
    return true;
  }

  #addDigests(pos: number, bytes: Uint8Array): void {
    const { pieceSize } = this.#digests as PieceDigests;
    if (bytes.buffer !== this.#board.memory.buffer) throw new RangeError('Not the memory taken.');
    for (let at = 0; at < bytes.length; ) {
      // No order goes over the border of a piece.
      const size = Math.min(bytes.length - at, pieceSize - ((pos + at) % pieceSize));
      const isFirst = (pos + at) % pieceSize === 0;
      const offset = bytes.byteOffset + at;
      this.#extend({ kind: DIGEST, pos: pos + at, offset, size, to: undefined }, isFirst);
      at += size;
    }
  }

  /** Gathers what touches. */
  #extend(order: Order, isBorder = false): void {
    const run = this.#runs[order.kind];
    if (run !== undefined && !isBorder && this.#touches(run, order)) {
      run.size += order.size;
      return;
    }
    this.#flushRun(order.kind);
    this.#runs[order.kind] = { ...order };
  }

  /** No order goes over the border of a slot. */
  #touches(run: Run, { pos, offset, to }: Pick<Order, 'pos' | 'offset' | 'to'>): boolean {
    return (
      run.pos + run.size === pos &&
      run.offset + run.size === offset &&
      offset % this.#slotSize !== 0 &&
      run.to?.fd === to?.fd
    );
  }

  #slotOf({ offset }: Order): number {
    return Math.floor(offset / this.#slotSize);
  }

  #flush(): void {
    this.#flushRun(WRITE);
    this.#flushRun(DIGEST);
  }

  #flushRun(kind: Kind): void {
    const run = this.#runs[kind];
    if (run === undefined) return;
    if (run.size >= ORDER_MIN && this.#isThreaded()) this.#post(run);
    else this.#doNow(run);
    // Not before: what is in no order and in no run is forgotten.
    this.#runs[kind] = undefined;
  }

  #post(order: Order): void {
    const at = this.#next;
    this.#next = (at + 1) % ORDERS;
    if (this.#orders[at] !== undefined) this.#finishOldest();
    this.#orders[at] = { ...order, slot: this.#slotOf(order) };
    postOrder(this.#board, at, order);
  }

  #finishOldest(): void {
    const at = this.#oldest;
    this.#oldest = (at + 1) % ORDERS;
    const order = this.#orders[at];
    if (order === undefined) return;
    const board = this.#board;
    if (takeOrder(board, at)) doOrder(board, at);
    const state = this.#wait(at);
    if (state === TAKEN || state === FAILED) this.#doNow(order);
    else if (order.kind === DIGEST) {
      this.#digests?.add(order.pos, bytesOf(board, at), (board.crc[at] as number) >>> 0);
    }
    Atomics.store(board.state, at, FREE);
    this.#orders[at] = undefined;
  }

  /** Waits for an order that the other thread has; it is still {@link TAKEN} when that thread ended. */
  #wait(at: number): number {
    const { state, ended } = this.#board;
    for (;;) {
      const now = Atomics.load(state, at);
      if (now !== TAKEN || Atomics.load(ended, 0) !== 0) return now;
      if (!this.#helpAfter(at)) Atomics.wait(state, at, TAKEN, LOOK_MS);
    }
  }

  /** Does the next digest that nobody has begun; writes are left in their order. Returns false without one. */
  #helpAfter(at: number): boolean {
    for (let i = (at + 1) % ORDERS; i !== this.#next; i = (i + 1) % ORDERS) {
      if (this.#orders[i]?.kind === DIGEST && takeOrder(this.#board, i)) {
        doOrder(this.#board, i);
        return true;
      }
    }
    return false;
  }

  /** What the other thread did not do, or could not: its trouble is met again here, and told. */
  #doNow({ kind, pos, offset, size, to }: Order): void {
    const bytes = this.#board.memory.subarray(offset, offset + size);
    const startMs = blockingClock.now();
    if (kind === DIGEST) this.#digests?.add(pos, bytes);
    else this.#write(to as Descriptors, pos, bytes);
    this.#spentMs += blockingClock.now() - startMs;
  }

  #write(to: Descriptors, pos: number, bytes: Uint8Array): void {
    const { written, cause } = writeFully(to, pos, bytes);
    if (written === bytes.length) return;
    this.losses.push({ pos: pos + written, size: bytes.length - written, cause });
  }
}
