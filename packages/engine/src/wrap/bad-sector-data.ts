import type { ReadOutcome, Source } from '../ports.ts';
import { delegate } from './delegate.ts';

/**
 * A source whose drive returns known garbage instead of an error (`--bad-sector-data`): a sector that holds
 * exactly `garbage` fails, and so does what was read behind it in one go. Sectors are counted from where the
 * read begins. What is shorter than one is compared only when it is all that was read.
 * @param garbage one sector's bytes
 */
export function withBadSectorData(source: Source, garbage: Uint8Array): Source {
  const checked = (into: Uint8Array, outcome: ReadOutcome): ReadOutcome => {
    const { length } = garbage;
    for (let from = 0; from < outcome.copied; from += length) {
      if (from > 0 && from + length > outcome.copied) break;
      if (beginsLike(garbage, into.subarray(from, Math.min(from + length, outcome.copied)))) {
        return { copied: from, errno: 'EIO' };
      }
    }
    return outcome;
  };
  return {
    ...delegate(source),
    read(pos, into) {
      const answer = source.read(pos, into);
      return 'then' in answer
        ? answer.then((outcome) => checked(into, outcome))
        : checked(into, answer);
    },
  };
}

function beginsLike(garbage: Uint8Array, piece: Uint8Array): boolean {
  for (let i = 0; i < piece.length; i++) if (garbage[i] !== piece[i]) return false;
  return true;
}
