/**
 * The memory that a reading thread and its digest thread share: bytes, and a ring of orders over them. Each
 * order belongs to whoever takes it first, so the reader never waits for a thread that has not started yet:
 * it takes its own orders back.
 */

/** Orders that can wait at a time. */
export const ORDERS = 64;

/** States of an order. */
export const FREE = 0;
export const POSTED = 1;
export const TAKEN = 2;
export const DONE = 3;

/** Fields of an order, each an array over all orders. */
export interface DigestBoard {
  /** The bytes of all slots. */
  readonly memory: Uint8Array;
  readonly state: Int32Array;
  readonly offset: Int32Array;
  readonly size: Int32Array;
  readonly crc: Int32Array;
  /** How many orders were posted; what the digest thread waits for. */
  readonly posted: Int32Array;
  /** Not 0 when the digest thread must end. */
  readonly stop: Int32Array;
}

export function digestBoard(memory: Uint8Array): DigestBoard {
  const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
  return {
    memory,
    state: words(ORDERS),
    offset: words(ORDERS),
    size: words(ORDERS),
    crc: words(ORDERS),
    posted: words(1),
    stop: words(1),
  };
}

/** Makes an order mine. Returns false when somebody else has it. */
export function takeOrder({ state }: DigestBoard, order: number): boolean {
  return Atomics.compareExchange(state, order, POSTED, TAKEN) === POSTED;
}

/** Does an order that is mine. */
export function fillOrder(
  board: DigestBoard,
  order: number,
  crcOf: (bytes: Uint8Array) => number,
): void {
  const offset = board.offset[order] as number;
  const bytes = board.memory.subarray(offset, offset + (board.size[order] as number));
  board.crc[order] = crcOf(bytes);
  Atomics.store(board.state, order, DONE);
  Atomics.notify(board.state, order);
}
