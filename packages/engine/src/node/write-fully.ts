import { writeSync } from 'node:fs';
import { alignDown } from '@chunkrescue/mapfile';
import { errnoOf, retryInterrupted } from './errno.ts';

/** Direct writes are made in multiples of this; where the device wants more it says so. */
const DIRECT_UNIT = 512;

/** An open output, as any thread of the process can write to it. */
export interface Descriptors {
  readonly fd: number;
  /** The same, opened for direct writes. */
  readonly directFd: number | undefined;
  /** A character device may not know positions. */
  readonly hasPositions: boolean;
}

/** How far a write came. */
export interface WriteOutcome {
  readonly written: number;
  /** What the system threw, when not all was written; nothing when it just takes no more. */
  readonly cause: unknown;
}

/** Writes all of `bytes` at `pos`, in as many calls as it takes. */
export function writeFully(to: Descriptors, pos: number, bytes: Uint8Array): WriteOutcome {
  let written = 0;
  try {
    while (written < bytes.length) {
      const from = written;
      const n = retryInterrupted(() => writeOnce(to, pos + from, bytes.subarray(from)));
      if (n === 0) break;
      written += n;
    }
  } catch (cause) {
    // Anything that is not the system's is ours, and thrown again.
    errnoOf(cause);
    return { written, cause };
  }
  return { written, cause: undefined };
}

/** Direct where that is asked for and the place allows it: an odd end goes through the cache. */
function writeOnce(
  { fd, directFd, hasPositions }: Descriptors,
  pos: number,
  bytes: Uint8Array,
): number {
  const at = hasPositions ? pos : null;
  if (directFd === undefined) return writeSync(fd, bytes, 0, bytes.length, at);
  const size = alignDown(bytes.length, DIRECT_UNIT);
  if (pos % DIRECT_UNIT === 0 && size > 0) {
    try {
      return writeSync(directFd, bytes, 0, size, at);
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error;
    }
  }
  return writeSync(fd, bytes, 0, bytes.length, at);
}
