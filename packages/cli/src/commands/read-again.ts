/** How a rescue with --reread goes on after it was stopped: what was read anew must not be read once more. */
import { RescueError } from '@chunkrescue/engine';
import { type ChunkSpan, parseChunks } from '../options/chunks.ts';

/** What was asked for, and where it stopped. */
export interface Stopped {
  readonly chunk: number | undefined;
  /** Of the source. */
  readonly lastChunk: number;
  readonly args: {
    readonly chunk?: string | undefined;
    readonly all?: boolean;
    readonly reread: boolean;
  };
}

/** The words to go on with. */
export function goOnWords(stopped: Stopped): string {
  if (!stopped.args.reread) return 'The same command goes on.';
  const rest = restOf(stopped);
  if (rest.length === 0) return 'To go on, give the same command without --reread.';
  const numbers = rest.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  return `To go on: --chunk ${stopped.chunk} without --reread, then --chunk ${numbers.join(',')} with it.`;
}

/** Chunks behind the one that it stopped at; --fit and --next come to theirs without being told. */
function restOf({ chunk, lastChunk, args }: Stopped): ChunkSpan[] {
  if (chunk === undefined) return [];
  const all = args.all === true ? [{ first: 0, last: lastChunk }] : [];
  const spans = args.chunk === undefined ? all : parseChunks(args.chunk);
  const at = spans.findIndex(({ first, last }) => first <= chunk && chunk <= last);
  return [{ first: chunk + 1, last: spans[at]?.last ?? chunk }, ...spans.slice(at + 1)]
    .map(({ first, last }) => ({ first, last: Math.min(last, lastChunk) }))
    .filter(({ first, last }) => first <= last);
}

/** As hints say it. */
const SAME =
  /(?:,? (?:and|then) (?:run|give) the same command(?: again| to go on)?|; the same command goes on)(?:; it goes on where it was)?(?=\.)/;

/** An error that ended a rescue: the same command, which its hint advises, would begin anew. */
export function withGoOnWords(error: unknown, stopped: Stopped): unknown {
  if (!(error instanceof RescueError) || !stopped.args.reread) return error;
  const { code, message, path, pos, errno, hint } = error;
  if (hint === undefined || !SAME.test(hint)) return error;
  return new RescueError(code, message, {
    ...(path === undefined ? {} : { path }),
    ...(pos === undefined ? {} : { pos }),
    ...(errno === undefined ? {} : { errno }),
    cause: error,
    hint: `${hint.replace(SAME, '')} ${goOnWords(stopped)}`,
  });
}
