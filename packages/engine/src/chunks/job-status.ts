/** How far a rescue is, chunk by chunk, from all files of it that were found. */
import { OPEN_END, RescueMap, unionOf } from '@chunkrescue/mapfile';
import { type DomainTotals, domainTotals } from '../events.ts';
import { isEmergencyCopy } from '../node/emergency-map.ts';
import { splitPath } from '../node/folders.ts';
import { type ChunkStatus, chunkStatus, type Knowledge, type RowRange } from './chunk-status.ts';
import type { FoundChunk } from './found-chunk.ts';
import type { FoundFiles } from './found-files.ts';
import type { FoundImage, FoundMap } from './found-map.ts';
import { chunkCount, chunkRange } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { isReceiptName, type Receipt } from './receipt.ts';

export interface JobStatus {
  readonly job: string | undefined;
  /** What is known of the source and of the cut. */
  readonly manifest: Manifest;
  readonly sourceSize: number;
  readonly commons: readonly FoundMap[];
  /** The one that has most comes first. */
  readonly images: readonly FoundImage[];
  /** The one that knows most. */
  readonly receipt: Receipt | undefined;
  readonly chunks: readonly ChunkStatus[];
  /** Parts that were read by a domain map, and are no numbered chunk. */
  readonly parts: readonly FoundChunk[];
  readonly totals: DomainTotals;
}

/** More chunks than anybody has; a map may say anything. */
const CHUNKS_MAX = 1_000_000;
/** The rescues of which something was found, one after the other. */
export function jobStatuses(found: FoundFiles): JobStatus[] {
  const jobs = new Set([
    ...found.commons.map(({ manifest }) => manifest.job),
    ...found.chunks.map(({ facts }) => facts?.manifest.job),
    ...found.images.map(({ manifest }) => manifest.job),
    ...found.receipts.map(({ job }) => job),
  ]);
  const named = [...jobs].filter((job) => job !== undefined);
  return named.map((job) => {
    // What does not say where it belongs can only belong to the only rescue there is.
    const ids = named.length === 1 ? [job, undefined] : [job];
    return statusOfJob(job, {
      commons: copiesLast(found.commons.filter(({ manifest }) => ids.includes(manifest.job))),
      chunks: found.chunks.filter(({ facts }) => ids.includes(facts?.manifest.job)),
      images: found.images.filter(({ manifest }) =>
        [manifest.job, ...(manifest.otherJobs ?? [])].includes(job),
      ),
      receipts: found.receipts.filter((receipt) => receipt.job === job),
    });
  });
}

/** The first map is the one to go on with: what an emergency copy knows counts, but its place is another one. */
function copiesLast(commons: readonly FoundMap[]): FoundMap[] {
  return [false, true].flatMap((isCopy) =>
    commons.filter(({ path }) => isEmergencyCopy(path) === isCopy),
  );
}

type JobFiles = Omit<FoundFiles, 'troubles'>;

function statusOfJob(job: string, files: JobFiles): JobStatus {
  const { commons, chunks } = files;
  // Two images may each have what the other lacks: only what one of them has is safe. The fullest comes first.
  const images = [...files.images].sort(
    (a, b) => b.mapfile.map.sizeOf('+') - a.mapfile.map.sizeOf('+'),
  );
  const [image] = images;
  const receipt = fullest(files.receipts);
  const manifests = [
    ...commons.map(({ manifest }) => manifest),
    ...chunks.flatMap(({ facts }) => (facts === undefined ? [] : [facts.manifest])),
    ...images.map(({ manifest }) => manifest),
    ...(receipt === undefined ? [] : [receipt.manifest]),
  ];
  const manifest = firstOf(manifests);
  const maps = [
    ...commons.map(({ mapfile }) => mapfile.map),
    // A plain chunk may be a plan only: its map proves nothing.
    ...chunks.flatMap(({ facts }) =>
      facts?.manifest.format === undefined ? [] : [facts.mapfile.map],
    ),
  ];
  const merged = image?.mapfile.map ?? receipt?.map;
  const arrived = images.length > 0 ? images.map(({ mapfile }) => mapfile.map) : [merged];
  const all = [...maps, ...arrived.filter((map) => map !== undefined)];
  const sourceSize = manifest.sourceSize ?? endOf(all);
  const whole = RescueMap.ofOne(0, sourceSize);
  const known = all.reduce(unionOf, whole);
  const seals = image?.merged ?? receipt?.merged ?? new Set<string>();
  const isCommonHere = commons.length > 0;
  const knowledge: Knowledge = {
    known,
    merged: merged && unionOf(merged, whole),
    seals,
    isCommonHere,
  };
  const rows = rangesOf({ ...manifest, sourceSize }).map((range) => {
    const own = chunks.filter(({ number }) => number !== undefined && number === range.chunk);
    return chunkStatus(range, own, knowledge);
  });
  const numbers = new Set(rows.map(({ chunk }) => chunk));
  const parts = chunks.filter(({ number }) => number === undefined || !numbers.has(number));
  const totals = domainTotals(known.slice(0, sourceSize));
  return { job, manifest, sourceSize, commons, images, receipt, chunks: rows, parts, totals };
}

/** Each fact as the first tells it that knows it. */
function firstOf(manifests: readonly Manifest[]): Manifest {
  const chunkSize = manifests.find((each) => each.chunkSize !== undefined)?.chunkSize;
  const sourceSize = manifests.find((each) => each.sourceSize !== undefined)?.sourceSize;
  const identity = manifests.find((each) => each.identity !== undefined)?.identity;
  return {
    ...(chunkSize !== undefined && { chunkSize }),
    ...(sourceSize !== undefined && { sourceSize }),
    ...(identity !== undefined && { identity }),
  };
}

function endOf(maps: readonly RescueMap[]): number {
  return Math.max(0, ...maps.map((map) => map.end).filter((end) => end < OPEN_END));
}

/** The one that knows most: clocks of two PCs tell nothing. Of equals the one on the stick, which tells where that is. */
function fullest(receipts: readonly Receipt[]): Receipt | undefined {
  return receipts.reduce<Receipt | undefined>((best, each) => {
    if (best === undefined || each.merged.size > best.merged.size) return each;
    const isOnStick = isReceiptName(splitPath(each.path).name);
    return isOnStick && each.merged.size === best.merged.size ? each : best;
  }, undefined);
}

function rangesOf({
  chunkSize,
  sourceSize,
}: Manifest & { readonly sourceSize: number }): RowRange[] {
  const count = chunkSize === undefined ? 0 : chunkCount({ chunkSize, sourceSize });
  if (chunkSize === undefined || count > CHUNKS_MAX) {
    return [{ chunk: undefined, pos: 0, size: sourceSize }];
  }
  return Array.from({ length: count }, (_, chunk) => {
    const range = chunkRange({ chunkSize, sourceSize }, chunk);
    return { chunk, pos: range?.pos ?? 0, size: range?.size ?? 0 };
  });
}
