import { alignDown, alignUp } from '@chunkrescue/mapfile';
import type { ReadOutcome } from '../ports.ts';

/** What can be read: whole units, into memory of our own. Bytes. */
interface Wide {
  readonly unit: number;
  /** Of the source, where it is known. */
  readonly size: number | undefined;
  readonly bounce: Uint8Array;
}

/**
 * Reads a range that is no whole units in a wider one, and translates the outcome back: bytes before the wanted ones
 * do not count, and trouble behind them does not either.
 */
export function readWidened(
  { unit, size, bounce }: Wide,
  { pos, into }: { readonly pos: number; readonly into: Uint8Array },
  read: (pos: number, into: Uint8Array) => ReadOutcome,
): ReadOutcome {
  let copied = 0;
  while (copied < into.length) {
    const from = pos + copied;
    const start = alignDown(from, unit);
    const end = Math.min(alignUp(pos + into.length, unit), start + bounce.length);
    const outcome = read(start, bounce.subarray(0, end - start));
    const good = Math.min(start + outcome.copied - from, into.length - copied);
    if (good > 0) {
      into.set(bounce.subarray(from - start, from - start + good), copied);
      copied += good;
    }
    if (copied < into.length && outcome.errno !== undefined) {
      return { copied, errno: outcome.errno };
    }
    if (good <= 0 || (size !== undefined && pos + copied >= size)) break;
  }
  return { copied, errno: undefined };
}
