/** Reads that somebody else makes, while the caller stays free to look around. */
import { readSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { errnoNumberOf } from './errno.ts';

/** Somebody who reads; `worker/` has the one with a thread. */
export interface PatientReader {
  /**
   * As `fs.readSync` into all of `into`, throwing what that throws. While the read has not come back, `onWait` is
   * called from time to time. What it throws gives the read up, which goes on all the same, into the same memory:
   * nothing can be read any more by this reader until it came back.
   */
  readSync(how: PatientRead, into: Uint8Array, pos: number): number;
  /** Called before the descriptor is closed. What was done for it may be kept for the next one of the same device. */
  forget(fd: number): void;
  /** Called when there is no next one: ends what {@link forget} kept. */
  rest(): void;
}

export interface PatientRead {
  readonly fd: number;
  /** The descriptor was opened with O_DIRECT: nothing in the system can end such a read but the device. */
  readonly isDirect: boolean;
  /** The device's number where it is one. */
  readonly device: string | undefined;
  /** Told how many milliseconds the read has taken so far. */
  readonly onWait: ((waitedMs: number) => void) | undefined;
}

/** Bytes that a blocking read brought, or the number of its error below 0: for another thread or process. */
export function readToNumber(fd: number, into: Uint8Array, pos: number): number {
  try {
    return readSync(fd, into, 0, into.length, pos);
  } catch (error) {
    return -errnoNumberOf(error);
  }
}

/** The bytes that such a number tells of. @throws what `readSync` threw */
export function numberToRead(answer: number): number {
  if (answer >= 0) return answer;
  // Numbers without a name here are named by `errnoOf`.
  const code = getSystemErrorMap().get(answer)?.[0] ?? 'UNKNOWN';
  throw Object.assign(new Error(`read: ${code}`), { code, errno: answer, syscall: 'read' });
}
