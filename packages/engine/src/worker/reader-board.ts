/** The one order that a reading thread and its owner share: read these bytes. */

/** States of the order. */
export const IDLE = 0;
export const ORDERED = 1;
export const DONE = 2;

/** Kinds of orders. */
export const READ = 0;
/** Past the cache: by a process of its own. */
export const READ_DIRECT = 1;
/** The descriptor is about to be closed. */
export const FORGET = 2;
export const END = 3;

/** Words of {@link ReaderBoard.words}. */
export const STATE = 0;
export const KIND = 1;
export const FD = 2;
export const OFFSET = 3;
export const SIZE = 4;
/** Bytes read, or the number of the error below 0. */
export const ANSWER = 5;
/** Not 0 when the thread is there. */
export const IS_READY = 6;
/** Not 0 when it ended, perhaps with an order. */
export const HAS_ENDED = 7;

export interface ReaderBoard {
  readonly words: Int32Array;
  /** Position in the source. */
  readonly pos: Float64Array;
}

export function readerBoard(): ReaderBoard {
  return {
    words: new Int32Array(new SharedArrayBuffer(8 * 4)),
    pos: new Float64Array(new SharedArrayBuffer(8)),
  };
}
