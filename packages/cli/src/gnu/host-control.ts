/** Words of the memory that the main thread and the thread of ddrescue share; not 0 when so. */

/** The run must stop. */
export const STOP = 0;
/** The run waits for standard input, and a signal ends it there. */
export const WAITING = 1;
/** Standard output cannot be written any more. */
export const BROKEN = 2;
/** What the host read of standard input: bytes and one, or 0 as long as nothing came. */
export const TYPED = 3;
export const CONTROL_WORDS = 4;

/** Bytes of standard input that the host hands over at most. */
export const TYPED_MAX = 4096;
