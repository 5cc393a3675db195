/** Disk space for a file before it is written to. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { alignDown } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { errnoOf, reasonOf, retryInterrupted } from './errno.ts';
import { isZero, PIECE_SIZE } from './holes.ts';

/**
 * Makes sure that a file has room on its disk for [pos, end): zeros are written wherever it reads as zeros, its
 * holes and what lies behind its end included; a signal ends it early. Node has no call that reserves room without writing.
 * @throws RescueError `target-write`
 */
export function preallocate(
  path: string,
  { pos, end }: { readonly pos: number; readonly end: number },
  signal?: Pick<AbortSignal, 'aborted'>,
): void {
  try {
    const fd = openSync(path, 'r+');
    try {
      const bytes = new Uint8Array(PIECE_SIZE);
      for (let at = pos; at < end && !signal?.aborted; ) {
        const next = Math.min(alignDown(at, PIECE_SIZE) + PIECE_SIZE, end);
        fillZeros(fd, bytes.subarray(0, next - at), at);
        at = next;
      }
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const errno = errnoOf(cause);
    const message = `Can't reserve ${end - pos} bytes for ${path}: ${reasonOf(errno)}.`;
    throw new RescueError('target-write', message, { path, errno, cause });
  }
}

function fillZeros(fd: number, bytes: Uint8Array, pos: number): void {
  const size = fstatSync(fd).size;
  const known = Math.max(0, Math.min(bytes.length, size - pos));
  bytes.fill(0);
  readSync(fd, bytes, 0, known, pos);
  if (!isZero(bytes)) {
    // Data stays as it is; only what lies behind the end is new.
    bytes.fill(0, known);
    if (known < bytes.length) putAll(fd, bytes.subarray(known), pos + known);
    return;
  }
  putAll(fd, bytes, pos);
}

function putAll(fd: number, bytes: Uint8Array, pos: number): void {
  for (let done = 0; done < bytes.length; ) {
    const from = done;
    done += retryInterrupted(() => writeSync(fd, bytes, from, bytes.length - from, pos + from));
  }
}
