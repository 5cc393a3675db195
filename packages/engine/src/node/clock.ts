import type { Clock } from '../ports.ts';

/** The machine's clock. Sleeping leaves the event loop free. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => new Date(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** The machine's clock for a thread that may block: sleeping stops the thread. */
export const blockingClock: Clock = {
  ...systemClock,
  sleep(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
};

/** The same, but a sleep ends when the shared word at `index` is no more 0 and its waiters are notified. */
export function stoppableClock(words: Int32Array, index: number): Clock {
  return {
    ...systemClock,
    sleep(ms) {
      Atomics.wait(words, index, 0, ms);
    },
  };
}
