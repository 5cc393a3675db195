/**
 * Digests beside the reading: CRCs are computed in a second thread while the next reads run. Without it
 * digests would cost a third of the speed of a source as fast as memory. Reads go one behind the other into
 * slots of shared memory; what touches, in the source too, is one order, so that a thread is not woken for each.
 */
import { Worker } from 'node:worker_threads';
import { alignUp } from '@chunkrescue/mapfile';
import { linearCrc, resumeLinear } from '../chunks/crc-shift.ts';
import type { PieceDigests } from '../chunks/piece-digests.ts';
import { alignedBuffer } from '../node/aligned-memory.ts';
import { crc32 } from '../node/checksums.ts';
import { processorCount } from '../node/processors.ts';
import {
  type DigestBoard,
  DONE,
  digestBoard,
  FREE,
  fillOrder,
  ORDERS,
  POSTED,
  TAKEN,
  takeOrder,
} from './digest-board.ts';

/** Memory for reads that are still looked at after they were written. Bytes. */
const MEMORY_MAX = 16 * 1024 * 1024;
const SLOT_MIN = 256 * 1024;
const SLOTS_MAX = 6;
/** Memory that direct reads take. */
const UNIT = 512;
/** Less than this is faster done than ordered. */
const ORDER_MIN = 16 * 1024;
/** A thread takes a while to start: not for a little chunk. */
const START_AFTER = 16 * 1024 * 1024;
/** An order takes well under a millisecond. */
const PATIENCE_MS = 5000;

const START = resumeLinear(0);

/** One thread and its memory for all rescues of this thread, one after the other. */
interface Helper {
  readonly board: DigestBoard;
  worker: Worker | undefined;
  /** The thread took an order and did not come back. */
  isLost: boolean;
}

let helper: Helper | undefined;

/** Ends the digest thread of this thread, if there is one. */
export function closeDigestThread(): void {
  const ended = helper;
  helper = undefined;
  if (ended === undefined) return;
  Atomics.store(ended.board.stop, 0, 1);
  Atomics.add(ended.board.posted, 0, 1);
  Atomics.notify(ended.board.posted, 0);
  void ended.worker?.terminate();
}

function newHelper(size: number): Helper {
  return { board: digestBoard(alignedBuffer(size)), worker: undefined, isLost: false };
}

/** Bytes that touch in memory and in the source. */
interface Run {
  readonly pos: number;
  /** In the memory. */
  readonly offset: number;
  size: number;
}

/** Memory for the reads of one rescue, and their digests. */
export class DigestThread {
  readonly #digests: PieceDigests;
  readonly #slotSize: number;
  readonly #slots: number;
  readonly #board: DigestBoard;
  /** For each order, where its bytes are in the source, and the slot that holds them. */
  readonly #orders: ({ readonly pos: number; readonly slot: number } | undefined)[] = [];
  #slot = 0;
  /** Where the next read goes in the slot. */
  #offset = 0;
  #run: Run | undefined;
  #next = 0;
  #oldest = 0;
  #bytes = 0;
  readonly #helper: Helper;

  /** @param readMax bytes of the longest read */
  constructor(digests: PieceDigests, readMax: number) {
    this.#digests = digests;
    this.#slotSize = alignUp(Math.max(readMax, SLOT_MIN), UNIT);
    const room = Math.floor(MEMORY_MAX / this.#slotSize);
    this.#slots = processorCount() < 2 ? 1 : Math.max(1, Math.min(SLOTS_MAX, room));
    // A thread that was lost may still write to its board.
    if (helper?.isLost) helper = undefined;
    if (this.#slots > 1) helper ??= newHelper(MEMORY_MAX);
    this.#helper = this.#slots > 1 && helper !== undefined ? helper : newHelper(this.#slotSize);
    this.#board = this.#helper.board;
  }

  /** Memory for the next read. What was in it before is looked at first. */
  take(size: number): Uint8Array {
    if (this.#offset + size > this.#slotSize) {
      this.#flush();
      this.#slot = (this.#slot + 1) % this.#slots;
      this.#offset = 0;
      // Orders are numbered as they come, and slots are taken in turn: the oldest are this slot's.
      while (this.#orders[this.#oldest]?.slot === this.#slot) this.#finishOldest();
    }
    const offset = this.#slot * this.#slotSize + this.#offset;
    return this.#board.memory.subarray(offset, offset + size);
  }

  /** Takes note of bytes at the start of the memory last taken. */
  add(pos: number, bytes: Uint8Array): void {
    const { pieceSize } = this.#digests;
    if (bytes.buffer !== this.#board.memory.buffer) throw new RangeError('Not the memory taken.');
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(bytes.length - at, pieceSize - ((pos + at) % pieceSize));
      this.#extend({ pos: pos + at, offset: bytes.byteOffset + at, size });
      at += size;
    }
    this.#offset = alignUp(this.#offset + bytes.length, UNIT);
  }

  /** Waits for all digests. */
  settle(): void {
    this.#flush();
    while (this.#orders[this.#oldest] !== undefined) this.#finishOldest();
  }

  /** Takes back what was ordered; the memory is free for the next rescue. */
  close(): void {
    this.settle();
  }

  /** No run goes over the border of a piece. */
  #extend(part: Run): void {
    const run = this.#run;
    const isNext =
      run !== undefined &&
      run.pos + run.size === part.pos &&
      run.offset + run.size === part.offset &&
      part.pos % this.#digests.pieceSize !== 0;
    if (isNext) {
      run.size += part.size;
      return;
    }
    this.#flush();
    this.#run = part;
  }

  #flush(): void {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    const { worker, isLost } = this.#helper;
    const isWorth = run.size >= ORDER_MIN && (worker !== undefined || this.#bytes >= START_AFTER);
    if (isWorth && this.#slots > 1 && !isLost) {
      this.#helper.worker ??= this.#start();
      this.#post(run);
      return;
    }
    const bytes = this.#board.memory.subarray(run.offset, run.offset + run.size);
    this.#digests.add(run.pos, bytes);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./digest-entry.js', import.meta.url), {
      workerData: this.#board,
    });
    // Without it the reader does all by itself: slower, but as right.
    worker.on('error', () => {});
    worker.unref();
    return worker;
  }

  #post({ pos, offset, size }: Run): void {
    const order = this.#next;
    this.#next = (order + 1) % ORDERS;
    if (this.#orders[order] !== undefined) this.#finishOldest();
    const board = this.#board;
    board.offset[order] = offset;
    board.size[order] = size;
    this.#orders[order] = { pos, slot: this.#slot };
    Atomics.store(board.state, order, POSTED);
    Atomics.add(board.posted, 0, 1);
    Atomics.notify(board.posted, 0);
  }

  #finishOldest(): void {
    const order = this.#oldest;
    this.#oldest = (order + 1) % ORDERS;
    const posted = this.#orders[order];
    if (posted === undefined) return;
    const board = this.#board;
    if (takeOrder(board, order)) this.#fill(order);
    this.#wait(order);
    const offset = board.offset[order] as number;
    const bytes = board.memory.subarray(offset, offset + (board.size[order] as number));
    this.#digests.add(posted.pos, bytes, (board.crc[order] as number) >>> 0);
    Atomics.store(board.state, order, FREE);
    this.#orders[order] = undefined;
  }

  /** A thread that ended in the middle of an order must not hold up a rescue. */
  #wait(order: number): void {
    const board = this.#board;
    const own = this.#helper;
    while (!own.isLost && Atomics.load(board.state, order) === TAKEN) {
      own.isLost = Atomics.wait(board.state, order, TAKEN, PATIENCE_MS) === 'timed-out';
    }
    if (Atomics.load(board.state, order) !== DONE) this.#fill(order);
  }

  #fill(order: number): void {
    fillOrder(this.#board, order, (bytes) => linearCrc(crc32(bytes, START)));
  }
}
