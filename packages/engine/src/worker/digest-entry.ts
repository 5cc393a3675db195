/** The digest thread: does orders until it is told to end. */
import { workerData } from 'node:worker_threads';
import { linearCrc, resumeLinear } from '../chunks/crc-shift.ts';
import { crc32 } from '../node/checksums.ts';
import { type DigestBoard, fillOrder, ORDERS, takeOrder } from './digest-board.ts';

const board = workerData as DigestBoard;
const start = resumeLinear(0);
let order = 0;
let idle = 0;
let seen = Atomics.load(board.posted, 0);

while (Atomics.load(board.stop, 0) === 0) {
  if (takeOrder(board, order)) {
    fillOrder(board, order, (bytes) => linearCrc(crc32(bytes, start)));
    idle = 0;
  } else idle++;
  order = (order + 1) % ORDERS;
  if (idle < ORDERS) continue;
  Atomics.wait(board.posted, 0, seen);
  seen = Atomics.load(board.posted, 0);
  idle = 0;
}
