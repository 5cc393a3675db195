/**
 * Digests beside the reading: a CRC of each read is computed in a second thread while the next read runs.
 * Without it digests would cost a third of the speed of a source as fast as memory.
 */
import { Worker } from 'node:worker_threads';
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
const SLOTS_MAX = 8;
/** Waking a thread costs as much as the digest of a small read: some orders together. */
const BATCH_MAX = 4;
/** Less than this is faster done than ordered. */
const ORDER_MIN = 16 * 1024;
/** A thread takes a while to start: not for a little chunk. */
const START_AFTER = 16 * 1024 * 1024;

/** An order takes well under a millisecond. */
const PATIENCE_MS = 5000;

const START = resumeLinear(0);

/** Memory for the reads of one rescue, and their digests. */
export class DigestThread {
  readonly #digests: PieceDigests;
  readonly #slotSize: number;
  readonly #slots: number;
  readonly #batch: number;
  readonly #board: DigestBoard;
  /** For each order, where its bytes are in the source, and the slot that holds them. */
  readonly #orders: ({ readonly pos: number; readonly slot: number } | undefined)[] = [];
  #slot = 0;
  #next = 0;
  #oldest = 0;
  #bytes = 0;
  #worker: Worker | undefined;
  /** The thread took an order and did not come back. */
  #isLost = false;

  /** @param readMax bytes of the longest read */
  constructor(digests: PieceDigests, readMax: number) {
    this.#digests = digests;
    this.#slotSize = readMax;
    const isAlone = processorCount() < 2;
    const room = Math.floor(MEMORY_MAX / readMax);
    this.#slots = isAlone ? 1 : Math.max(1, Math.min(SLOTS_MAX, room));
    this.#batch = Math.max(1, Math.min(BATCH_MAX, Math.floor(this.#slots / 4)));
    this.#board = digestBoard(alignedBuffer(this.#slots * readMax));
  }

  /** Memory for the next read. What was in it before is looked at first. */
  take(size: number): Uint8Array {
    this.#slot = (this.#slot + 1) % this.#slots;
    // Orders are numbered as they come, and slots are taken in turn: the oldest are this slot's.
    while (this.#orders[this.#oldest]?.slot === this.#slot) this.#finishOldest();
    const offset = this.#slot * this.#slotSize;
    return this.#board.memory.subarray(offset, offset + size);
  }

  /** Takes note of bytes in the memory last taken. */
  add(pos: number, bytes: Uint8Array): void {
    const { pieceSize } = this.#digests;
    this.#bytes += bytes.length;
    const isHere = bytes.buffer === this.#board.memory.buffer;
    if (
      !isHere ||
      this.#isLost ||
      this.#slots < 2 ||
      bytes.length < ORDER_MIN ||
      this.#bytes < START_AFTER
    ) {
      this.#digests.add(pos, bytes);
      return;
    }
    this.#worker ??= this.#start();
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(bytes.length - at, pieceSize - ((pos + at) % pieceSize));
      this.#post(pos + at, bytes.byteOffset + at, size);
      at += size;
    }
  }

  /** Waits for all digests. */
  settle(): void {
    while (this.#orders[this.#oldest] !== undefined) this.#finishOldest();
  }

  close(): void {
    Atomics.store(this.#board.stop, 0, 1);
    Atomics.add(this.#board.posted, 0, 1);
    Atomics.notify(this.#board.posted, 0);
    void this.#worker?.terminate();
    this.#worker = undefined;
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

  #post(pos: number, offset: number, size: number): void {
    const order = this.#next;
    this.#next = (order + 1) % ORDERS;
    if (this.#orders[order] !== undefined) this.#finishOldest();
    const board = this.#board;
    board.offset[order] = offset;
    board.size[order] = size;
    this.#orders[order] = { pos, slot: this.#slot };
    Atomics.store(board.state, order, POSTED);
    const posted = Atomics.add(board.posted, 0, 1) + 1;
    if (posted % this.#batch === 0) Atomics.notify(board.posted, 0);
  }

  #finishOldest(): void {
    const order = this.#oldest;
    this.#oldest = (order + 1) % ORDERS;
    const posted = this.#orders[order];
    if (posted === undefined) return;
    const board = this.#board;
    if (takeOrder(board, order)) {
      fillOrder(board, order, (bytes) => linearCrc(crc32(bytes, START)));
    }
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
    while (!this.#isLost && Atomics.load(board.state, order) === TAKEN) {
      this.#isLost = Atomics.wait(board.state, order, TAKEN, PATIENCE_MS) === 'timed-out';
    }
    if (Atomics.load(board.state, order) === DONE) return;
    fillOrder(board, order, (bytes) => linearCrc(crc32(bytes, START)));
  }
}
