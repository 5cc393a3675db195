/**
 * What there is of a chunk before it is read: its file, its own map, and what the common map claims of it.
 * A claim without its bytes would end as zeros, or as the bytes of another disk, in an image.
 */
import { Domain, type Mapfile, type RescueMap } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { existingSize } from '../node/existing-size.ts';
import { type Manifest, readManifest, type Sample } from './manifest.ts';
import { sealedMapStore } from './sealed-map-store.ts';
import { bytesBehind, firstDataIn, otherSample } from './target-content.ts';
import {
  missingBytes,
  missingFile,
  notCarried,
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
  /** What the common map remembers of the disk. */
  readonly samples: readonly Sample[];
  readonly trustsTarget: boolean;
  /** Looking through a large file ends when the run must stop; then nothing is written either. */
  readonly signal?: Pick<AbortSignal, 'aborted'>;
}

/** The answer. */
export interface ChunkState {
  /**
   * `away`: there is no file, though bytes of it are claimed; `complete`: the file has all that the common
   * map knows; `ready`: the run may begin.
   */
  readonly kind: 'ready' | 'away' | 'complete';
  /** The chunk's own map, where its file has what the map claims. */
  readonly own: OwnMap | undefined;
  /** Claims of the common map that are not in the file, and need not be. */
  readonly elsewhere: Domain;
  /** Bytes that are believed to be in the file only because somebody said so. */
  readonly trusted: number;
}

interface OwnMap {
  readonly mapfile: Mapfile;
  readonly manifest: Manifest;
}

const NOWHERE = Domain.of([]);

/**
 * What may be done. `missing` is what the common map claims and the chunk's own map does not:
 *
 * | file | missing | it is received or carried | trusted | then |
 * |------|---------|---------------------------|---------|------|
 * | any  | nothing |                           |         | go on; complete when both maps say the same |
 * | any  | some    | yes                       |         | go on, with what is new only |
 * | some | some    | carried, but it holds it  |         | refused: it would never arrive |
 * | none | some    | no                        |         | away |
 * | some | some    | no                        | yes     | go on, and the chunk says so |
 * | some | some    | no                        | no      | refused |
 *
 * @throws RescueError `map-corrupt`, `target-exists` or `target-missing`
 */
export function chunkState(question: ChunkQuestion): ChunkState {
  const { domain, common, isReread, trustsTarget } = question;
  const there = existingSize(question.target);
  const size = there ?? 0;
  const known = claimsOf(common).intersect(domain);
  const claimed = isReread ? NOWHERE : known;
  const isSafe = (bytes: Domain): boolean =>
    question.isCarried || bytes.subtract(question.received).isEmpty;
  const found = loadOwn(question);
  // A map that tried nothing was saved before the first read: whose it is makes no difference.
  const isBlank = found !== undefined && triedIn(found.mapfile.map).isEmpty;
  if (found !== undefined && !isBlank) refuseOther(question, found);
  const isExplained = isReread ? !known.isEmpty : isSafe(claimed) && !claimed.isEmpty;
  if (size > 0 && found === undefined && !isExplained) {
    if (!trustsTarget || claimed.isEmpty) throw stranger(question, claimed);
  }
  if (isReread) return { kind: 'ready', own: undefined, elsewhere: NOWHERE, trusted: 0 };
  const own = there !== undefined && !isBlank ? found : undefined;
  if (own !== undefined) refuseEmptied(question, { own, size });
  const held = own === undefined ? NOWHERE : claimsOf(own.mapfile.map).intersect(domain);
  const missing = claimed.subtract(held);
  if (missing.isEmpty) {
    const isWhole = own !== undefined && common !== undefined && size >= question.fileSize;
    const isComplete = isWhole && saysTheSame(own.mapfile.map, common, domain);
    return { kind: isComplete ? 'complete' : 'ready', own, elsewhere: NOWHERE, trusted: 0 };
  }
  if (isSafe(missing)) {
    if (size > 0) refuseHeld(question, missing.subtract(question.received));
    return { kind: 'ready', own, elsewhere: missing, trusted: 0 };
  }
  if (there === undefined) return { kind: 'away', own, elsewhere: missing, trusted: 0 };
  if (!trustsTarget)
    throw size === 0 ? missingFile(question, claimed) : notProven(question, missing);
  refuseUntrustworthy(question, { missing, claimed, held, size });
  return { kind: 'ready', own, elsewhere: NOWHERE, trusted: missing.size };
}

/** What ddrescue went on with lies at its true offset, has no holes where it claims, and remembers the disk. */
function refuseUntrustworthy(
  question: ChunkQuestion,
  found: { missing: Domain; claimed: Domain; held: Domain; size: number },
): void {
  const { missing, claimed, size } = found;
  if (question.offset > 0) {
    throw otherChunk(
      question,
      'in compact layout, which ddrescue cannot go on with: what it wrote lies elsewhere in the file',
    );
  }
  if (size < missing.end) throw missingBytes(question, claimed, short(size));
  const behind = bytesBehind(question.target, found);
  if (behind < claimed.size) {
    throw missingBytes(question, claimed, `holds only ${behind}; the rest are holes`);
  }
  // Not every file system has holes.
  if (!question.signal?.aborted && firstDataIn(question.target, missing, question) === undefined) {
    throw missingBytes(question, claimed, 'holds nothing but zeros where its own map ends');
  }
  refuseOtherBytes(
    question,
    question.samples.filter(({ pos }) => missing.includes(pos)),
  );
}

/** What lies in this very file was not carried with its map, which knows nothing of it. */
function refuseHeld(question: ChunkQuestion, carried: Domain): void {
  const pos = firstDataIn(question.target, carried, question);
  if (pos !== undefined) throw notCarried(question, pos);
}

function stranger(question: ChunkQuestion, claimed: Domain): Error {
  const { ownMap, map } = question;
  return claimed.isEmpty
    ? unknownTarget(question, `${map} knows no byte of it and there is no map ${ownMap}`)
    : notProven(question, claimed);
}

/** Its own map; what is to be read again needs none. */
function loadOwn(question: ChunkQuestion): OwnMap | undefined {
  const store = sealedMapStore(question.ownMap, { keepsBackup: false });
  try {
    const mapfile = store.load() as Mapfile | undefined;
    return mapfile && { mapfile, manifest: readManifest(mapfile.heading) };
  } catch (error) {
    const isCorrupt = error instanceof RescueError && error.code === 'map-corrupt';
    if (!isCorrupt || !question.isReread) throw error;
    return undefined;
  }
}

/** A chunk of another rescue, or of another cut, would be lost by writing over it. */
function refuseOther(question: ChunkQuestion, own: OwnMap): void {
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
  if (here.range !== undefined && here.range.pos !== manifest.range?.pos) {
    throw otherChunk(question, `that begins at position ${here.range.pos} of the disk`);
  }
  if (here.layout !== undefined && here.layout !== manifest.layout) {
    throw otherChunk(question, `in the layout "${here.layout}", not "${manifest.layout}"`);
  }
}

/** A file of the right length may hold nothing of what its map claims. */
function refuseEmptied(
  question: ChunkQuestion,
  { own, size }: { own: OwnMap; size: number },
): void {
  const claims = claimsOf(own.mapfile.map);
  if (claims.isEmpty) return;
  if (size + question.offset < claims.end) throw missingBytes(question, claims, short(size));
  const samples = own.manifest.samples ?? [];
  refuseOtherBytes(
    question,
    samples.filter(({ pos }) => claims.includes(pos)),
  );
}

/** The file must hold what is remembered of it. */
function refuseOtherBytes(question: ChunkQuestion, samples: readonly Sample[]): void {
  const other = otherSample(question.target, samples, question.offset);
  if (other !== undefined) throw otherContent(question, other.pos);
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
