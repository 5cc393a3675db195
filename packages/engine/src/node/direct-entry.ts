/** The process that makes direct reads; see `direct-reads.ts`. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { alignUp } from '@chunkrescue/mapfile';
import { alignedBuffer } from './aligned-memory.ts';
import {
  ANSWER_SIZE,
  DEVICE_FD,
  LEAVE,
  ORDER_SIZE,
  PROOF_SIZE,
  proofOf,
  readAll,
  TAKE,
} from './direct-reads.ts';
import { errnoNumberOf, tidyUp } from './errno.ts';
import { readToNumber } from './patient-read.ts';

const STEP = 65536;
const order = Buffer.alloc(ORDER_SIZE);
const proof = Buffer.alloc(PROOF_SIZE);
const head = Buffer.alloc(ANSWER_SIZE);
let memory = alignedBuffer(STEP);
/** Answers up to this are gathered. */
const SMALL = 4096;
const small = new Uint8Array(ANSWER_SIZE + SMALL);

const ORDERS_FD = 0;
/** The process that gives the orders. The parent is another one when that has ended. */
const [, , owner] = process.argv;
let device: number | undefined = DEVICE_FD;

// Until nobody is there any more to give orders.
while (readAll(ORDERS_FD, order)) {
  const pos = order.readDoubleLE(0);
  const size = order.readInt32LE(8);
  if (size === LEAVE) {
    leave();
    continue;
  }
  if (size === TAKE) {
    if (!readAll(ORDERS_FD, proof)) break;
    head.writeInt32LE(take(pos));
    writeAll(head);
    continue;
  }
  if (memory.length < size) memory = alignedBuffer(alignUp(size, STEP));
  const answer = readToNumber(device as number, memory.subarray(0, size), pos);
  head.writeInt32LE(answer);
  if (answer > 0 && answer <= SMALL) {
    // In one piece: the other end is woken once.
    small.set(head);
    small.set(memory.subarray(0, answer), ANSWER_SIZE);
    writeAll(small.subarray(0, ANSWER_SIZE + answer));
    continue;
  }
  writeAll(head);
  if (answer > 0) writeAll(memory.subarray(0, answer));
}

function leave(): void {
  const fd = device;
  device = undefined;
  if (fd !== undefined) tidyUp(() => closeSync(fd));
}

/**
 * Opens anew what a descriptor of the owner leads to: the owner has it open, and so its device number is nobody else's
 * meanwhile. What is under its name may be of another process all the same, where /proc is not of our namespace.
 * Returns 0 or the number of the error below 0.
 */
function take(fd: number): number {
  leave();
  try {
    device = openSync(`/proc/${owner}/fd/${fd}`, constants.O_RDONLY | constants.O_DIRECT);
    if (proofOf(device).equals(proof)) return 0;
    leave();
    return -osConstants.errno.ENOENT;
  } catch (error) {
    return -errnoNumberOf(error);
  }
}

function writeAll(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
}
