/** What a chunk's file can be seen to hold, whatever maps say of it. */
import { alignDown, type Domain, type Range } from '@chunkrescue/mapfile';
import { type FileSource, openFileSource } from '../node/file-source.ts';
import { PIECE_SIZE as HOLE_SIZE, isZero } from '../node/holes.ts';
import { statOf } from '../node/paths.ts';
import type { Sample } from './manifest.ts';
import { piecesOf } from './pieces.ts';
import { checkSamples } from './samples.ts';

/** Smaller holes are not looked for. */
const BLOCK_SIZE = 4096;

/** The first of these samples that the file contradicts. `offset`: bytes of the source in front of the file. */
export function otherSample(
  path: string,
  samples: readonly Sample[],
  offset: number,
): Sample | undefined {
  if (samples.length === 0) return undefined;
  return inFile(path, (file) => checkSamples(file, samples, offset).different[0]);
}

/**
 * Bytes on the disk for what is claimed; less than that is claimed where a part of it was never written. What is
 * `held` was written by this program, which leaves zeros out: its holes count as bytes.
 */
export function bytesBehind(
  path: string,
  { claimed, held }: { readonly claimed: Domain; readonly held: Domain },
): number {
  let bytes = (statOf(path)?.blocks ?? Number.POSITIVE_INFINITY) * 512;
  if (bytes >= claimed.size) return bytes;
  return inFile(path, (file) => {
    for (const { pos, size } of windows(held)) {
      bytes += holesIn(file, pos, size);
      if (bytes >= claimed.size) break;
    }
    return bytes;
  });
}

function holesIn(file: FileSource, pos: number, size: number): number {
  if (file.isHole(pos, size)) return size;
  let bytes = 0;
  for (let at = pos; at < pos + size; ) {
    const next = Math.min(alignDown(at, BLOCK_SIZE) + BLOCK_SIZE, pos + size);
    if (file.isHole(at, next - at)) bytes += next - at;
    at = next;
  }
  return bytes;
}

/** Where, in the source, the file has bytes within the domain that are no zeros; undefined when nowhere, or stopped. */
export function firstDataIn(
  path: string,
  domain: Domain,
  {
    offset,
    signal,
  }: { readonly offset: number; readonly signal?: Pick<AbortSignal, 'aborted'> | undefined },
): number | undefined {
  const into = new Uint8Array(HOLE_SIZE);
  return inFile(path, (file) => {
    for (const { pos, size } of windows(domain)) {
      if (signal?.aborted) return undefined;
      if (pos < offset || file.isHole(pos - offset, size)) continue;
      const { copied } = file.read(pos - offset, into.subarray(0, size));
      if (!isZero(into.subarray(0, copied))) return pos;
    }
    return undefined;
  });
}

/** A domain in parts of one piece at most. */
function* windows(domain: Domain): IterableIterator<Range> {
  for (const { ranges } of piecesOf(domain, HOLE_SIZE)) yield* ranges;
}

function inFile<T>(path: string, look: (file: FileSource) => T): T {
  const file = openFileSource(path, { direct: false });
  try {
    return look(file);
  } finally {
    file.close();
  }
}
