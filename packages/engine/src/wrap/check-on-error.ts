import { RescueError } from '../errors.ts';
import type { ReadOutcome, Source } from '../ports.ts';
import { delegate } from './delegate.ts';

/**
 * A source that reads its last good sector again after every error and compares (`-J`): a drive that stopped
 * answering, or that answers with garbage, is found out before more is marked.
 * @throws RescueError from `read`: `source-read` when an error comes before any good sector,
 *   `source-changed` when the good sector fails now or says something else
 */
export function withCheckOnError(source: Source, sectorSize: number): Source {
  let good: { readonly pos: number; readonly bytes: Uint8Array } | undefined;
  const again = source.allocate?.(sectorSize) ?? new Uint8Array(sectorSize);
  const check = (pos: number, outcome: ReadOutcome): void => {
    const wanted = good?.bytes;
    const isSame =
      wanted !== undefined &&
      outcome.copied === wanted.length &&
      wanted.every((byte, i) => again[i] === byte);
    if (!isSame) throw changed(source, pos, outcome);
  };
  const judge = (
    pos: number,
    into: Uint8Array,
    outcome: ReadOutcome,
  ): ReadOutcome | PromiseLike<ReadOutcome> => {
    if (outcome.copied > 0) {
      const size = Math.min(sectorSize, outcome.copied);
      const from = outcome.copied - size;
      good = { pos: pos + from, bytes: into.slice(from, outcome.copied) };
    }
    if (outcome.errno === undefined) return outcome;
    if (good === undefined) throw noneGood(source, pos);
    const { pos: goodPos, bytes } = good;
    const answer = source.read(goodPos, again.subarray(0, bytes.length));
    if ('then' in answer) {
      return answer.then((second) => {
        check(goodPos, second);
        return outcome;
      });
    }
    check(goodPos, answer);
    return outcome;
  };
  return {
    ...delegate(source),
    read(pos, into) {
      const answer = source.read(pos, into);
      return 'then' in answer
        ? answer.then((outcome) => judge(pos, into, outcome))
        : judge(pos, into, answer);
    },
  };
}

function noneGood(source: Source, pos: number): RescueError {
  const message = `${source.name}: an error at position ${pos}, before anything good was read.`;
  return new RescueError('source-read', message, { path: source.name, pos });
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
