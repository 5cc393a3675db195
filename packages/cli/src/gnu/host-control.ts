/** Words of the memory that the main thread and the thread of ddrescue share; not 0 when so. */

/** The run must stop. */
export const STOP = 0;
/** The run waits for standard input. */
export const WAITING = 1;
/** Standard output cannot be written any more. */
export const BROKEN = 2;
