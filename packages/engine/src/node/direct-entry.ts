/** The process that makes direct reads; see `direct-reads.ts`. */
import { writeSync } from 'node:fs';
import { alignUp } from '@chunkrescue/mapfile';
import { alignedBuffer } from './aligned-memory.ts';
import { ANSWER_SIZE, DEVICE_FD, ORDER_SIZE, readAll } from './direct-reads.ts';
import { readToNumber } from './patient-read.ts';

const STEP = 65536;
const order = Buffer.alloc(ORDER_SIZE);
const head = Buffer.alloc(ANSWER_SIZE);
let memory = alignedBuffer(STEP);
/** Answers up to this are gathered. */
const SMALL = 4096;
const small = new Uint8Array(ANSWER_SIZE + SMALL);

const ORDERS_FD = 0;

// Until nobody is there any more to give orders.
while (readAll(ORDERS_FD, order)) {
  const pos = order.readDoubleLE(0);
  const size = order.readInt32LE(8);
  if (memory.length < size) memory = alignedBuffer(alignUp(size, STEP));
  const answer = readToNumber(DEVICE_FD, memory.subarray(0, size), pos);
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

function writeAll(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
}
