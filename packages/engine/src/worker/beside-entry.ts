/** The thread beside a reader: does orders until it is told to end. */
import { workerData } from 'node:worker_threads';
import { type BesideBoard, doOrder, ORDERS, takeOrder } from './beside-board.ts';

const board = workerData as BesideBoard;
let at = 0;
let idle = 0;
let seen = Atomics.load(board.posted, 0);

try {
  while (Atomics.load(board.stop, 0) === 0) {
    if (takeOrder(board, at)) {
      doOrder(board, at);
      idle = 0;
    } else idle++;
    at = (at + 1) % ORDERS;
    if (idle < ORDERS) continue;
    Atomics.wait(board.posted, 0, seen);
    seen = Atomics.load(board.posted, 0);
    idle = 0;
  }
} finally {
  // Whoever waits for an order that this thread took does it alone from now on.
  Atomics.store(board.ended, 0, 1);
}
