import { RescueError } from '../errors.ts';
import type { Target } from '../ports.ts';
import { delegateTarget } from './delegate.ts';

/**
 * A target in which everything lies `offset` bytes further on than in the source (`-o` and `-i`); below 0,
 * nearer to the start. Sizes for {@link Target.extend} count in the source and move along.
 */
export function withOutputOffset(target: Target, offset: number): Target {
  const moved = (pos: number): number => {
    if (pos + offset >= 0) return pos + offset;
    throw new RescueError(
      'target-write',
      `Can't write byte ${pos} of the source to position ${pos + offset} of ${target.name}.`,
      { path: target.name, pos, hint: 'Give an output position that leaves room for it.' },
    );
  };
  return {
    ...delegateTarget(target),
    write: (pos, bytes) => target.write(moved(pos), bytes),
    unwritten: () =>
      (target.unwritten?.() ?? []).map(({ pos, size }) => ({ pos: pos - offset, size })),
    extend: (size) => target.extend(moved(size)),
  };
}
