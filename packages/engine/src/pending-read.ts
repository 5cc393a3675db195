import type { ReadOutcome } from './ports.ts';
import { isPromise } from './settled.ts';

/** What a driver answers for a {@link PendingRead} that has not come back. */
const NOT_YET: unique symbol = Symbol('not yet');

/** A read that may take long: a driver looks in from time to time, so that the session can do so. */
export class PendingRead {
  readonly #answer: PromiseLike<ReadOutcome>;
  #isThere = false;
  /** Whoever waits at the moment. */
  #wake: (() => void) | undefined;

  constructor(answer: PromiseLike<ReadOutcome>) {
    this.#answer = answer;
    // Once: what is attached to a promise stays there until it settles, which may be never.
    const arrive = (): void => {
      this.#isThere = true;
      this.#wake?.();
    };
    answer.then(arrive, arrive);
  }

  /** What came of the read, or `NOT_YET` after a while. Rejects as the read does. */
  async within(ms: number): Promise<unknown> {
    if (!this.#isThere) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#isThere ? await this.#answer : NOT_YET;
  }
}

/** Who is told while a read has not come back. */
interface Watch {
  now(): number;
  /** Returns whether to save. */
  whileReading(waitedMs: number): boolean;
  saveMeanwhile(): Generator<PromiseLike<unknown> | undefined, void, unknown>;
}

/** Waits for a read that may answer late, or never. @throws what `whileReading` throws to give it up */
export function* awaited(
  answer: ReadOutcome | PromiseLike<ReadOutcome>,
  watch: Watch,
): Generator<PromiseLike<unknown> | PendingRead | undefined, ReadOutcome, unknown> {
  if (!isPromise(answer)) return answer;
  const startMs = watch.now();
  const pending = new PendingRead(answer);
  for (;;) {
    const outcome = yield pending;
    if (outcome !== NOT_YET) return outcome as ReadOutcome;
    if (watch.whileReading(watch.now() - startMs)) yield* watch.saveMeanwhile();
  }
}
