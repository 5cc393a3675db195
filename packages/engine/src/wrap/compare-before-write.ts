import type { MaybePromise, ReadOutcome, Source, Target } from '../ports.ts';
import { delegateTarget } from './delegate.ts';
import { sameBytes } from './same-bytes.ts';

/**
 * A target that is read before it is written to, and written to only where that changes something (`-W`).
 * @param present reads what the target holds
 */
export function withCompareBeforeWrite(target: Target, present: Pick<Source, 'read'>): Target {
  let memory = new Uint8Array(0);
  return {
    ...delegateTarget(target),
    write(pos, bytes): MaybePromise<void> {
      if (memory.length < bytes.length) memory = new Uint8Array(bytes.length);
      const here = memory.subarray(0, bytes.length);
      const decide = (outcome: ReadOutcome): MaybePromise<void> =>
        outcome.copied === bytes.length && sameBytes(here, bytes)
          ? undefined
          : target.write(pos, bytes);
      const answer = present.read(pos, here);
      return 'then' in answer ? answer.then(decide) : decide(answer);
    },
  };
}
