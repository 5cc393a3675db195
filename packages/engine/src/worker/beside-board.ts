/**
 * The memory that a reading thread and the thread beside it share: bytes, and a ring of orders over them. Each
 * order belongs to whoever takes it first, so the reader never waits for a thread that has not started yet:
 * it takes its own orders back.
 */
import { linearCrc, resumeLinear } from '../chunks/crc-shift.ts';
import { crc32 } from '../node/checksums.ts';
import { type Descriptors, writeFully } from '../node/write-fully.ts';

/** Orders that can wait at a time. */
export const ORDERS = 256;

/** States of an order. A failed one is the reader's to do again, and to tell of. */
export const FREE = 0;
const POSTED = 1;
export const TAKEN = 2;
const DONE = 3;
export const FAILED = 4;

/** What is to be done with the bytes. */
export const WRITE = 0;
export const DIGEST = 1;
export type Kind = typeof WRITE | typeof DIGEST;

/** In the place of a descriptor: none. */
const NONE = -1;
const START = resumeLinear(0);

/** Fields of an order, each an array over all orders; written by the reader before it posts. */
export interface BesideBoard {
  /** The bytes of all slots. */
  readonly memory: Uint8Array;
  readonly state: Int32Array;
  readonly kind: Int32Array;
  /** Where the bytes are in the memory. */
  readonly offset: Int32Array;
  readonly size: Int32Array;
  /** Where they go in the output. */
  readonly pos: Float64Array;
  readonly fd: Int32Array;
  readonly directFd: Int32Array;
  /** What a digest came to. */
  readonly crc: Int32Array;
  /** How many orders were posted; what the thread beside waits for. */
  readonly posted: Int32Array;
  /** Not 0 when the thread beside must end. */
  readonly stop: Int32Array;
  /** Not 0 when it ended, with an order taken perhaps. */
  readonly ended: Int32Array;
}

export function besideBoard(memory: Uint8Array): BesideBoard {
  const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
  return {
    memory,
    state: words(ORDERS),
    kind: words(ORDERS),
    offset: words(ORDERS),
    size: words(ORDERS),
    pos: new Float64Array(new SharedArrayBuffer(ORDERS * 8)),
    fd: words(ORDERS),
    directFd: words(ORDERS),
    crc: words(ORDERS),
    posted: words(1),
    stop: words(1),
    ended: words(1),
  };
}

/** What is to be done with which bytes. */
export interface Order {
  readonly kind: Kind;
  /** In the memory. */
  readonly offset: number;
  readonly size: number;
  /** In the source (a digest) or in the output (a write). */
  readonly pos: number;
  readonly to: Descriptors | undefined;
}

/** Makes an order known to the thread beside. */
export function postOrder(board: BesideBoard, at: number, order: Order): void {
  board.kind[at] = order.kind;
  board.offset[at] = order.offset;
  board.size[at] = order.size;
  board.pos[at] = order.pos;
  board.fd[at] = order.to?.fd ?? NONE;
  board.directFd[at] = order.to?.directFd ?? NONE;
  Atomics.store(board.state, at, POSTED);
  Atomics.add(board.posted, 0, 1);
  Atomics.notify(board.posted, 0);
}

/** Makes an order mine. Returns false when somebody else has it. */
export function takeOrder({ state }: BesideBoard, at: number): boolean {
  return Atomics.compareExchange(state, at, POSTED, TAKEN) === POSTED;
}

/** Does an order that is mine. */
export function doOrder(board: BesideBoard, at: number): void {
  const bytes = bytesOf(board, at);
  let isDone = true;
  if (board.kind[at] === DIGEST) {
    board.crc[at] = linearCrc(crc32(bytes, START));
  } else {
    const fd = board.fd[at] as number;
    const direct = board.directFd[at] as number;
    const to = { fd, directFd: direct === NONE ? undefined : direct, hasPositions: true };
    isDone = writeFully(to, board.pos[at] as number, bytes).written === bytes.length;
  }
  Atomics.store(board.state, at, isDone ? DONE : FAILED);
  Atomics.notify(board.state, at);
}

export function bytesOf(board: BesideBoard, at: number): Uint8Array {
  const offset = board.offset[at] as number;
  return board.memory.subarray(offset, offset + (board.size[at] as number));
}
