/**
 * What there is of a chunk before it is read: its file, its own map, and what the common map claims of it.
 * A claim without its bytes would end as zeros, or as the bytes of another disk, in an image.
 */
import { Domain, type Mapfile, type RescueMap } from '@chunkrescue/mapfile';
import { existingSize } from '../node/existing-size.ts';
import { openFileSource } from '../node/file-source.ts';
import type { Manifest } from './manifest.ts';
import { readManifest } from './manifest.ts';
import { checkSamples } from './samples.ts';
import { sealedMapStore } from './sealed-map-store.ts';
import {
  missingBytes,
  notProven,
  otherChunk,
  otherContent,
  type TargetNames,
  unknownTarget,
} from './target-errors.ts';

/** What is asked about a chunk. */
export interface ChunkQuestion extends TargetNames {
  readonly ownMap: string;
  readonly domain: Domain;
  /** What the chunk's map is going to say of itself. */
  readonly manifest: Manifest;
  /** The common map, if there is one. */
  readonly common: RescueMap | undefined;
  /** Bytes from the source's start to the file's first byte. */
  readonly offset: number;
  /** As long as the file is when it is finished. */
  readonly fileSize: number;
  /** What the chunk's earlier files brought is in safe hands. */
  readonly isCarried: boolean;
  /** What another PC has, as its receipt says. */
  readonly received: Domain;
  readonly isReread: boolean;
  readonly trustsTarget: boolean;
}

/** The answer. */
export interface ChunkState {
  /**
   * `away`: there is no file, though bytes of it are claimed; `complete`: the file has all that the common
   * map knows; `ready`: the run may begin.
   */
  readonly kind: 'ready' | 'away' | 'complete';
  /** The chunk's own map, where its file has what the map claims. */
  readonly own: { readonly mapfile: Mapfile; readonly manifest: Manifest } | undefined;
  /** Claims of the common map that are not in the file, and need not be. */
  readonly elsewhere: Domain;
}

/** @throws RescueError `map-corrupt`, `target-exists` or `target-missing` */
export function chunkState(question: ChunkQuestion): ChunkState {
  const { domain, common, isReread, trustsTarget } = question;
  const size = existingSize(question.target) ?? 0;
  const hasFile = existingSize(question.target) !== undefined;
  const nothing = Domain.of([]);
  const claimed = isReread ? nothing : claimsOf(common).intersect(domain);
  const found = loadOwn(question);
  if (found !== undefined) refuseOther(question, found);
  if (hasFile && size > 0 && found === undefined) {
    if (!trustsTarget || claimed.isEmpty) throw stranger(question, claimed);
  }
  if (isReread) return { kind: 'ready', own: undefined, elsewhere: nothing };
  const own = hasFile && found !== undefined ? found : undefined;
  if (own !== undefined) refuseEmptied(question, { own, size });
  const held = own === undefined ? nothing : claimsOf(own.mapfile.map).intersect(domain);
  const missing = claimed.subtract(held);
  if (!missing.isEmpty && hasFile && trustsTarget) {
    if (size + question.offset < missing.end) throw missingBytes(question, claimed, short(size));
    return { kind: 'ready', own, elsewhere: nothing };
  }
  if (!missing.isEmpty) {
    const isSafe = question.isCarried || missing.subtract(question.received).isEmpty;
    if (!isSafe && hasFile)
      throw size === 0 ? gone(question, claimed) : notProven(question, missing);
    return { kind: isSafe ? 'ready' : 'away', own, elsewhere: missing };
  }
  const isWhole = own !== undefined && common !== undefined && size >= question.fileSize;
  const isComplete = isWhole && saysTheSame(own.mapfile.map, common, domain);
  return { kind: isComplete ? 'complete' : 'ready', own, elsewhere: nothing };
}

/** The bytes of a chunk are claimed, and its file is not here. */
function gone(question: ChunkQuestion, claimed: Domain): Error {
  return missingBytes(question, claimed, 'is not there');
}

function stranger(question: ChunkQuestion, claimed: Domain): Error {
  const { ownMap, map } = question;
  return claimed.isEmpty
    ? unknownTarget(question, `${map} knows no byte of it and there is no map ${ownMap}`)
    : notProven(question, claimed);
}

function loadOwn(question: ChunkQuestion): ChunkState['own'] {
  const store = sealedMapStore(question.ownMap, { keepsBackup: false });
  const mapfile = store.load() as Mapfile | undefined;
  return mapfile && { mapfile, manifest: readManifest(mapfile.heading) };
}

/** A chunk of another rescue, or of another cut, would be lost by writing over it. */
function refuseOther(question: ChunkQuestion, own: NonNullable<ChunkState['own']>): void {
  const { manifest, domain } = question;
  const here = own.manifest;
  const isOtherPart =
    (here.chunk !== undefined && here.chunk !== manifest.chunk) ||
    !triedIn(own.mapfile.map).subtract(domain).isEmpty;
  if (here.sourceSize !== undefined && here.sourceSize !== manifest.sourceSize) {
    throw otherChunk(question, `of a source of ${here.sourceSize} bytes`);
  }
  if (isOtherPart) {
    throw otherChunk(question, 'of another part of the disk, or of another chunk size');
  }
  if (here.job !== undefined && here.job !== manifest.job) {
    throw otherChunk(question, `of another rescue, that ${question.map} knows nothing of`);
  }
  if (here.layout !== undefined && here.layout !== manifest.layout) {
    throw otherChunk(question, `in the layout "${here.layout}", not "${manifest.layout}"`);
  }
}

/** A file of the right length may hold nothing of what its map claims. */
function refuseEmptied(
  question: ChunkQuestion,
  { own, size }: { own: NonNullable<ChunkState['own']>; size: number },
): void {
  const claims = claimsOf(own.mapfile.map);
  if (claims.isEmpty) return;
  if (size + question.offset < claims.end) throw missingBytes(question, claims, short(size));
  const samples = (own.manifest.samples ?? []).filter(({ pos }) => claims.includes(pos));
  if (samples.length === 0) return;
  const file = openFileSource(question.target, { direct: false });
  try {
    const [other] = checkSamples(file, samples, question.offset).different;
    if (other !== undefined) throw otherContent(question, other.pos);
  } finally {
    file.close();
  }
}

function short(size: number): string {
  return `has only ${size} bytes`;
}

/** What a map claims to be rescued; nothing without a map. */
export function claimsOf(map: RescueMap | undefined): Domain {
  return map === undefined ? Domain.of([]) : Domain.fromMap(map);
}

function triedIn(map: RescueMap): Domain {
  const statuses = ['+', '*', '/', '-'] as const;
  return Domain.of(statuses.flatMap((status) => [...map.ranges(status)]));
}

function saysTheSame(own: RescueMap, common: RescueMap, domain: Domain): boolean {
  return (['+', '*', '/', '-'] as const).every((status) => {
    const here = Domain.of(own.ranges(status)).intersect(domain);
    const there = Domain.of(common.ranges(status)).intersect(domain);
    return here.subtract(there).isEmpty && there.subtract(here).isEmpty;
  });
}
