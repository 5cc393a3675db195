import type { ReadOutcome } from './ports.ts';

/** What a driver answers for a {@link PendingRead} that has not come back. */
export const NOT_YET: unique symbol = Symbol('not yet');

/** A read that may take long: a driver looks in from time to time, so that the session can do so. */
export class PendingRead {
  readonly answer: PromiseLike<ReadOutcome>;

  constructor(answer: PromiseLike<ReadOutcome>) {
    this.answer = answer;
  }
}
