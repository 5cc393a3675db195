/**
 * A thread that only reads. A read of a failing disk can take minutes, and whoever makes it hears nothing else
 * meanwhile; so the reader waits for this thread instead, and can save the map, tell how long it takes, and give
 * the read up. A thread that is stuck in a read cannot be ended, and holds up the end of its process; how the
 * process can be ended by a signal all the same is told in `direct-reads.ts` and `keep-open.ts`.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { blockingClock } from '../node/clock.ts';
import { tidyUp } from '../node/errno.ts';
import { keepOpen } from '../node/keep-open.ts';
import {
  numberToRead,
  type PatientRead,
  type PatientReader,
  readToNumber,
} from '../node/patient-read.ts';
import {
  ANSWER,
  DONE,
  END,
  FD,
  FORGET,
  HAS_ENDED,
  IDLE,
  IS_READY,
  KIND,
  OFFSET,
  ORDERED,
  READ,
  READ_DIRECT,
  type ReaderBoard,
  readerBoard,
  SIZE,
  STATE,
} from './reader-board.ts';

/** What the thread gets. */
export interface ReaderInput {
  readonly board: ReaderBoard;
  /** Where it is told of memory. */
  readonly port: MessagePort;
}

/** How often the owner looks around while a read has not come back. */
const LOOK_MS = 50;
/** A read that takes so long may be one that never ends. */
const STUCK_MS = 500;
/** A thread that is not there by then is not waited for any more. */
const START_MS = 10_000;

let kept: ReaderThread | undefined;
/** Those with a read that was given up: it may still come back, into memory that must not be used again. */
const stuck: ReaderThread[] = [];

/** The reading thread of this thread, which is kept for all its rescues. */
export function readerThread(): ReaderThread {
  if (kept?.isUsable === true) return kept;
  if (kept?.isStuck) stuck.push(kept);
  kept = new ReaderThread();
  return kept;
}

/** Ends the thread that is kept, if there is one. */
export function closeReaderThread(): void {
  kept?.close();
  kept = undefined;
}

/** Whether a read was given up that has not come back: then this thread cannot end by itself, nor the process. */
export function isReadStuck(): boolean {
  return kept?.isStuck === true || stuck.some(({ isStuck }) => isStuck);
}

/**
 * A process that keeps the device open for us, until that is opened again and found to be another one. A new one for
 * each time would be one more that has ended and that nobody asks how: this thread has no time to.
 */
interface Keeper {
  /** Undefined once that was closed. */
  fd: number | undefined;
  readonly device: string | undefined;
  readonly end: () => void;
}

export class ReaderThread implements PatientReader {
  readonly #board = readerBoard();
  readonly #port: MessagePort;
  readonly #worker: Worker;
  /** What the thread knows of memory. */
  #memory: ArrayBufferLike | undefined;
  #keeper: Keeper | undefined;
  #isGivenUp = false;
  #isClosed = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const input: ReaderInput = { board: this.#board, port: port2 };
    this.#worker = new Worker(new URL('./reader-entry.js', import.meta.url), {
      workerData: input,
      transferList: [port2],
      // It makes few objects.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    // Without it reads block, as they do elsewhere.
    this.#worker.on('error', () => {});
    this.#worker.unref();
    this.#port.unref();
  }

  /** A read that was given up has not come back. */
  get isStuck(): boolean {
    return this.#isGivenUp && this.#word(STATE) === ORDERED;
  }

  get isUsable(): boolean {
    return !this.#isClosed && !this.#isGivenUp && this.#word(HAS_ENDED) === 0;
  }

  readSync(how: PatientRead, into: Uint8Array, pos: number): number {
    const { fd, isDirect } = how;
    if (this.#isGivenUp) throw new Error('A read was given up; this source cannot be read on.');
    const isShared = into.buffer instanceof SharedArrayBuffer;
    if (!isShared || !this.#isThere()) return numberToRead(readToNumber(fd, into, pos));
    if (this.#memory !== into.buffer) {
      this.#memory = into.buffer;
      this.#port.postMessage(into.buffer);
    }
    const { words } = this.#board;
    words[OFFSET] = into.byteOffset;
    words[SIZE] = into.length;
    this.#board.pos[0] = pos;
    this.#handOver(how);
    this.#order(isDirect ? READ_DIRECT : READ, fd);
    const isDone = this.#wait(how);
    return numberToRead(isDone ? (words[ANSWER] as number) : readToNumber(fd, into, pos));
  }

  forget(fd: number): void {
    if (this.#keeper?.fd === fd && !this.#isGivenUp) this.#keeper.fd = undefined;
    if (!this.isUsable || this.#word(IS_READY) === 0) return;
    this.#order(FORGET, fd);
    this.#wait();
  }

  rest(): void {
    if (this.#keeper !== undefined && this.#keeper.fd === undefined) this.#endKeeper();
  }

  /** May be called twice. Does not wait for a read that does not come back. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isGivenUp) {
      this.#endKeeper();
      this.#order(END, -1);
    }
    this.#port.close();
  }

  /** Whether there is a thread. Even the first read of a failing disk may be the one that does not come back. */
  #isThere(): boolean {
    if (this.#word(HAS_ENDED) !== 0) return false;
    if (this.#word(IS_READY) === 0) {
      const { words } = this.#board;
      if (Atomics.wait(words, IS_READY, 0, START_MS) === 'timed-out') {
        Atomics.store(words, HAS_ENDED, 1);
        return false;
      }
    }
    return true;
  }

  #word(at: number): number {
    return Atomics.load(this.#board.words, at);
  }

  #order(kind: number, fd: number): void {
    const { words } = this.#board;
    words[KIND] = kind;
    words[FD] = fd;
    Atomics.store(words, STATE, ORDERED);
    Atomics.notify(words, STATE);
  }

  /** Returns false when the thread ended meanwhile. */
  #wait(how?: PatientRead): boolean {
    const { words } = this.#board;
    let startMs: number | undefined;
    while (Atomics.wait(words, STATE, ORDERED, LOOK_MS) === 'timed-out') {
      if (this.#word(HAS_ENDED) !== 0) return false;
      const now = blockingClock.now();
      startMs ??= now - LOOK_MS;
      const waitedMs = now - startMs;
      if (how === undefined) continue;
      if (waitedMs >= STUCK_MS) this.#keepOpen(how);
      try {
        how.onWait?.(waitedMs);
      } catch (error) {
        this.#keepOpen(how);
        this.#isGivenUp = true;
        throw error;
      }
    }
    return Atomics.compareExchange(words, STATE, DONE, IDLE) === DONE;
  }

  /** For the end of the process, which may come at any moment from now on. */
  #keepOpen({ fd, device }: PatientRead): void {
    if (this.#keeper?.fd === fd) return;
    this.#endKeeper();
    tidyUp(() => {
      this.#keeper = { fd, device, end: keepOpen(fd) };
    });
  }

  /** Who kept the device open before it was opened again does so now, and lets go of any other one. */
  #handOver({ fd, device }: PatientRead): void {
    if (this.#keeper === undefined || this.#keeper.fd !== undefined) return;
    if (device !== undefined && this.#keeper.device === device) this.#keeper.fd = fd;
    else this.#endKeeper();
  }

  #endKeeper(): void {
    this.#keeper?.end();
    this.#keeper = undefined;
  }
}
