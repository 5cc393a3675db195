/** The two drivers of the loop. */
import { blockingClock, systemClock } from './node/clock.ts';
import { PendingRead } from './pending-read.ts';
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
        value = await (step.value instanceof PendingRead ? step.value.within(LOOK_MS) : step.value);
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
