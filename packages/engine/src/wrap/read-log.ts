import type { ReadOutcome, Source } from '../ports.ts';
import { delegate } from './delegate.ts';

/** One read as it happened. */
export interface ReadRecord extends ReadOutcome {
  readonly pos: number;
  /** Bytes asked for. */
  readonly size: number;
  /** The buffer of the read; it belongs to the next read later. */
  readonly bytes: Uint8Array;
}

/** A source that tells of each read after it was made. */
export function withReadLog(source: Source, log: (record: ReadRecord) => void): Source {
  const tell = (pos: number, bytes: Uint8Array, outcome: ReadOutcome): ReadOutcome => {
    log({ pos, size: bytes.length, bytes, ...outcome });
    return outcome;
  };
  return {
    ...delegate(source),
    read(pos, into) {
      const answer = source.read(pos, into);
      return 'then' in answer
        ? answer.then((outcome) => tell(pos, into, outcome))
        : tell(pos, into, answer);
    },
  };
}
