import { alignDown, alignUp } from '@chunkrescue/mapfile';
import type { ReadOutcome, Source } from '../ports.ts';
import { delegate } from './delegate.ts';
import { sameBytes } from './same-bytes.ts';

/**
 * A source whose drive returns known garbage instead of an error (`--bad-sector-data`): a sector that holds
 * exactly `garbage` fails, and so does what was read behind it in one go. Sectors are read whole, so that they
 * can be compared, even where only a part was asked for; one that the source's end cuts off is taken as good.
 * @param garbage one sector's bytes
 */
export function withBadSectorData(source: Source, garbage: Uint8Array): Source {
  const { length } = garbage;
  let memory: Uint8Array = new Uint8Array(0);
  return {
    ...delegate(source),
    read(pos, into) {
      const start = alignDown(pos, length);
      const size = alignUp(pos + into.length, length) - start;
      if (size > into.length && memory.length < size) {
        memory = source.allocate?.(size) ?? new Uint8Array(size);
      }
      const wide = size === into.length ? into : memory.subarray(0, size);
      const judge = (outcome: ReadOutcome): ReadOutcome => {
        const { copied, errno } = upToGarbage(wide, garbage, outcome);
        const good = Math.max(0, Math.min(copied - (pos - start), into.length));
        if (wide !== into) into.set(wide.subarray(pos - start, pos - start + good));
        // Trouble behind the bytes that were asked for is none.
        return { copied: good, errno: good === into.length ? undefined : errno };
      };
      const answer = source.read(start, wide);
      return 'then' in answer ? answer.then(judge) : judge(answer);
    },
  };
}

/** The outcome of a read, ended by the first sector of garbage. */
function upToGarbage(bytes: Uint8Array, garbage: Uint8Array, outcome: ReadOutcome): ReadOutcome {
  const { length } = garbage;
  for (let from = 0; from + length <= outcome.copied; from += length) {
    if (sameBytes(bytes.subarray(from, from + length), garbage)) {
      return { copied: from, errno: 'EIO' };
    }
  }
  return outcome;
}
