import { UsageError } from '../exit.ts';

/** More chunks than this are a slip: 100 million. */
const CHUNKS_MAX = 100_000_000;

/** The chunks of `--chunk 0-9,12`, in the order given; a last number of undefined means that one only. */
export interface ChunkSpan {
  readonly first: number;
  readonly last: number;
}

/** @throws UsageError; a size is answered with the option that takes one */
export function parseChunks(text: string): ChunkSpan[] {
  return text.split(',').map((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    if (first === undefined) {
      const isSize = /^\d[\d_]*\s*[kKMGT]i?B?$/.test(part.trim());
      const advice = isSize
        ? `for a size use --chunk-size ${part.trim()}`
        : 'chunks are numbered from 0, for example --chunk 3 or --chunk 0-9,12';
      throw new UsageError(`--chunk: "${part.slice(0, 40)}" is not a chunk number; ${advice}.`);
    }
    const span = { first: Number(first), last: Number(last ?? first) };
    if (span.last < span.first) {
      throw new UsageError(`--chunk: "${part}" counts downwards; write the smaller number first.`);
    }
    if (span.last > CHUNKS_MAX) throw new UsageError(`--chunk: there is no chunk ${span.last}.`);
    return span;
  });
}
