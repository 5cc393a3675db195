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
