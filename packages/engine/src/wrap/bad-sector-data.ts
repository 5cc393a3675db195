import type { ReadOutcome, Source } from '../ports.ts';
import { delegate } from './delegate.ts';

/**
 * A source whose drive returns known garbage instead of an error (`--bad-sector-data`): a sector that holds
 * exactly `garbage` fails, and so does what was read behind it in one go. Sectors are counted from where the
 * read begins, and what is shorter than one is not compared.
 * @param garbage one sector's bytes
 */
export function withBadSectorData(source: Source, garbage: Uint8Array): Source {
  const checked = (into: Uint8Array, outcome: ReadOutcome): ReadOutcome => {
    const { length } = garbage;
    for (let from = 0; from + length <= outcome.copied; from += length) {
      if (isEqual(into.subarray(from, from + length), garbage)) {
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

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
