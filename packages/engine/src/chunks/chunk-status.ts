/** How far one chunk is: read, here, merged. */
import { Domain, type RescueMap } from '@chunkrescue/mapfile';
import { type DomainTotals, domainTotals } from '../events.ts';
import type { ChunkFileState, FoundChunk } from './found-chunk.ts';

/** How much of a range was read; `unknown` where no common map is here that could tell. */
export type ReadState = 'done' | 'partly' | 'not' | 'unknown';

/** How much of what was read is in the image; `unknown` where neither image nor receipt is here. */
export type MergeState = 'done' | 'partly' | 'not' | 'unknown';

/** One chunk; or the whole source, of a rescue without chunks. Sizes are bytes. */
export interface ChunkStatus extends DomainTotals {
  readonly chunk: number | undefined;
  readonly pos: number;
  readonly size: number;
  readonly read: ReadState;
  /** The best of its files that are here. */
  readonly here: ChunkFileState | 'none';
  readonly merged: MergeState;
  /** Its files here are in the image, map for map, and may be deleted. */
  readonly isReceived: boolean;
  readonly files: readonly FoundChunk[];
}

/** The part of the source that one status is about. */
export interface RowRange {
  readonly chunk: number | undefined;
  readonly pos: number;
  readonly size: number;
}

const BEST_FIRST: readonly ChunkFileState[] = [
  'complete',
  'unfinished',
  'damaged',
  'map-missing',
  'raw-missing',
];

/** All that is known of a source; both maps cover it whole. */
export interface Knowledge {
  readonly known: RescueMap;
  readonly merged: RescueMap | undefined;
  /** Checksums of chunks' maps that are in the image. */
  readonly seals: ReadonlySet<string>;
  readonly isCommonHere: boolean;
}

/** Sums up what is known of a chunk, and the files of it that are here. */
export function chunkStatus(
  range: RowRange,
  files: readonly FoundChunk[],
  { known, merged, seals, isCommonHere }: Knowledge,
): ChunkStatus {
  const end = range.pos + range.size;
  const totals = domainTotals(known.slice(range.pos, end));
  const arrived = merged?.slice(range.pos, end);
  const here = BEST_FIRST.find((state) => files.some((file) => file.state === state)) ?? 'none';
  const there = Domain.of(arrived?.ranges('+') ?? []);
  const isIn = ({ facts }: FoundChunk): boolean =>
    facts?.seal !== undefined &&
    seals.has(facts.seal) &&
    Domain.fromMap(facts.mapfile.map).subtract(there).isEmpty;
  const read = readState(totals);
  return {
    ...range,
    ...totals,
    read: read === 'not' && !isCommonHere ? 'unknown' : read,
    here,
    merged: mergeState(totals, arrived && domainTotals(arrived)),
    isReceived: files.length > 0 && files.every(isIn),
    files,
  };
}

/** Tells from a range's totals how far it is read; bad sectors do not hold it up. */
export function readState({
  domainSize,
  nonTried,
  nonTrimmed,
  nonScraped,
}: DomainTotals): Exclude<ReadState, 'unknown'> {
  if (nonTried === domainSize && domainSize > 0) return 'not';
  return nonTried + nonTrimmed + nonScraped === 0 ? 'done' : 'partly';
}

/** The image never knows more than all files together, so that sums can be compared. */
function mergeState(all: DomainTotals, there: DomainTotals | undefined): MergeState {
  if (there === undefined) return 'unknown';
  if (there.nonTried === there.domainSize) return 'not';
  return there.rescued === all.rescued && there.nonTried === 0 ? 'done' : 'partly';
}
