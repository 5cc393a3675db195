/** The thread that only reads: does one order after the other until it is told to end. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DirectReads } from '../node/direct-reads.ts';
import { readToNumber } from '../node/patient-read.ts';
import {
  ANSWER,
  DONE,
  END,
  FD,
  FORGET,
  HAS_ENDED,
  IS_READY,
  KIND,
  OFFSET,
  ORDERED,
  READ_DIRECT,
  SIZE,
  STATE,
} from './reader-board.ts';
import type { ReaderInput } from './reader-thread.ts';

const { board, port } = workerData as ReaderInput;
const { words } = board;
const directReads = new DirectReads();
let memory: Uint8Array = new Uint8Array(0);

// However it ends: whoever waits for an answer goes on alone.
process.on('exit', () => Atomics.store(words, HAS_ENDED, 1));
serve();

function serve(): void {
  try {
    Atomics.store(words, IS_READY, 1);
    Atomics.notify(words, IS_READY);
    for (waitForOrder(); words[KIND] !== END; waitForOrder()) {
      words[ANSWER] = answer(words[KIND] as number, words[FD] as number);
      Atomics.store(words, STATE, DONE);
      Atomics.notify(words, STATE);
    }
  } finally {
    directReads.close();
    port.close();
  }
}

function waitForOrder(): void {
  for (;;) {
    const state = Atomics.load(words, STATE);
    if (state === ORDERED) return;
    Atomics.wait(words, STATE, state);
  }
}

function answer(kind: number, fd: number): number {
  if (kind === FORGET) {
    directReads.forget(fd);
    return 0;
  }
  for (let told = receiveMessageOnPort(port); told; told = receiveMessageOnPort(port)) {
    memory = new Uint8Array(told.message as ArrayBufferLike);
  }
  const offset = words[OFFSET] as number;
  const into = memory.subarray(offset, offset + (words[SIZE] as number));
  const pos = board.pos[0] as number;
  const direct = kind === READ_DIRECT ? directReads.read(fd, into, pos) : undefined;
  return direct ?? readToNumber(fd, into, pos);
}
