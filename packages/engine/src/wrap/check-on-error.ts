import { alignDown } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { MaybePromise, ReadOutcome, Source } from '../ports.ts';
import { delegate } from './delegate.ts';
import { sameBytes } from './same-bytes.ts';

/** A source that remembers its last good sector, and can look whether it is still the same. */
export interface CheckedSource extends Source {
  /**
   * Reads the last good sector again and compares: a drive that stopped answering, or answers with garbage, is
   * found out before more is marked.
   * @throws RescueError `source-read` when nothing good was read before, `source-changed` when the sector
   *   cannot be read now or says something else
   */
  check(): MaybePromise<void>;
}

/** For ddrescue's `-J`: after every error of a read, `check` is to be called. */
export function withCheckOnError(source: Source, sectorSize: number): CheckedSource {
  let good: { readonly pos: number; readonly bytes: Uint8Array } | undefined;
  const again = source.allocate?.(sectorSize) ?? new Uint8Array(sectorSize);
  const remember = (pos: number, into: Uint8Array, outcome: ReadOutcome): ReadOutcome => {
    const { copied } = outcome;
    // As in ddrescue, a read counts that begins at a sector and brought one, the last whole one of it.
    if (pos % sectorSize !== 0 || copied < sectorSize) return outcome;
    const end = alignDown(copied, sectorSize);
    const from = end - sectorSize;
    good = { pos: pos + from, bytes: into.slice(from, end) };
    return outcome;
  };
  return {
    ...delegate(source),
    read(pos, into) {
      const answer = source.read(pos, into);
      return 'then' in answer
        ? answer.then((outcome) => remember(pos, into, outcome))
        : remember(pos, into, answer);
    },
    check() {
      if (good === undefined) throw noneGood(source);
      const { pos, bytes } = good;
      const compare = (outcome: ReadOutcome): void => {
        const isSame = outcome.copied === bytes.length && sameBytes(again, bytes);
        if (!isSame) throw changed(source, pos, outcome);
      };
      const answer = source.read(pos, again.subarray(0, bytes.length));
      return 'then' in answer ? answer.then(compare) : compare(answer);
    },
  };
}

function noneGood(source: Source): RescueError {
  const message = `${source.name}: an error before anything good was read.`;
  return new RescueError('source-read', message, { path: source.name });
}

function changed(source: Source, pos: number, { errno }: ReadOutcome): RescueError {
  const what = errno === undefined ? 'says something else now' : `fails now (${errno})`;
  return new RescueError(
    'source-changed',
    `${source.name}: the sector at position ${pos}, good a moment ago, ${what}.`,
    {
      path: source.name,
      pos,
      ...(errno === undefined ? {} : { errno }),
      hint: 'Switch the drive off and on before going on; what was read before is saved.',
    },
  );
}
