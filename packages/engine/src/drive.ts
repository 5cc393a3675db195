/** The two drivers of the loop. */
import { blockingClock, systemClock } from './node/clock.ts';
import { NOT_YET, PendingRead } from './pending-read.ts';
import type { RescueOptions, RescueResult } from './rescue-options.ts';
import { session } from './session.ts';

/** Milliseconds that the loop may keep the caller's thread before other work gets a turn. */
const TURN_MS = 10;
/** How often a read that has not come back is looked at. */
const LOOK_MS = 50;

/**
 * Runs a rescue in the caller's thread. Ports may answer at once or with promises; other work of the thread
 * gets a turn every few milliseconds. For a real device prefer a worker (`rescueFiles`): a blocking read of
 * a failing disk can take a minute.
 * @throws RescueError when the world is in the way; the map is saved before, where it still can be
 */
export async function rescue(options: RescueOptions): Promise<RescueResult> {
  const clock = options.clock ?? systemClock;
  const steps = session({ ...options, clock });
  let turnMs = clock.now();
  let step = steps.next();
  while (!step.done) {
    let value: unknown;
    if (step.value !== undefined) {
      try {
        value = await (step.value instanceof PendingRead ? lookedAt(step.value) : step.value);
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
    } else if (clock.now() - turnMs >= TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      turnMs = clock.now();
    }
    step = steps.next(value);
  }
  return step.value;
}

/** What came of a read, or `NOT_YET` after a while. */
async function lookedAt({ answer }: PendingRead): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, LOOK_MS, NOT_YET);
  });
  try {
    return await Promise.race([answer, patience]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a rescue without ever giving the thread away: for a worker. Every port must answer at once.
 * @throws TypeError when a port answers with a promise; otherwise as {@link rescue}
 */
export function rescueBlocking(options: RescueOptions): RescueResult {
  const steps = session({
    ...options,
    clock: options.clock ?? blockingClock,
    isBlocking: true,
  });
  let step = steps.next();
  while (!step.done) {
    step = steps.throw(new TypeError('This port answers with a promise; use rescue().'));
  }
  return step.value;
}
