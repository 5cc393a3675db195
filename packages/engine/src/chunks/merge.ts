/**
 * Merging: writes into the image what each chunk proves, and nothing else. A chunk is looked at as a whole
 * before a byte of it is written; one that cannot be right is refused, and the others still go in.
 */
import { Domain, type Mapfile, type RescueMap } from '@chunkrescue/mapfile';
import { RescueError, type RescueErrorCode } from '../errors.ts';
import { errnoOf, reasonOf, unlessErrno } from '../node/errno.ts';
import { existingSize } from '../node/existing-size.ts';
import { byNumber, removeFile, splitPath } from '../node/folders.ts';
import { holdsData } from '../node/holds-data.ts';
import { refuseLink } from '../node/refuse-links.ts';
import { checkForMerge } from './check-for-merge.ts';
import { evidenceFolder, provenIn } from './evidence.ts';
import { HeldPieces, type PieceMemory } from './held-pieces.ts';
import { readManifest } from './manifest.ts';
import { lostImage, notAnImage, otherImage, secondImage, unknownImage } from './merge-errors.ts';
import type { MergedChunk, MergeEvent, MergeJob, MergeResult, ReceiptNote } from './merge-job.ts';
import { type ChunkFacts, MergedImage } from './merged-image.ts';
import {
  type ChunkMapFacts,
  type ChunkPair,
  type OpenChunk,
  openChunk,
  readChunkMap,
} from './open-chunk.ts';
import { type Receipt, receiptName, receiptsIn, writeReceipt } from './receipt.ts';
import { checkSamples } from './samples.ts';
import { sealedMapStore } from './sealed-map-store.ts';
import { emptyMap } from './target-errors.ts';

/** How to follow and stop a merge. */
export interface MergeFollowing {
  readonly signal: Pick<AbortSignal, 'aborted'>;
  readonly onEvent: (event: MergeEvent) => void;
  /** Where chunks are read into, and who writes them while the next one is read. Default: nobody. */
  readonly memory?: PieceMemory;
}

/** What is the chunk's fault. Everything else is the image's, and ends the merge. */
const REFUSALS: ReadonlySet<RescueErrorCode> = new Set([
  'chunk-mismatch',
  'chunk-unfinished',
  'chunk-foreign',
  'chunk-conflict',
  'map-corrupt',
  'map-read',
  'source-open',
  'source-read',
]);

/** Merges in this thread, without giving it away. @throws RescueError when the image or its map cannot be written */
export function mergeChunks(job: MergeJob, how: MergeFollowing): MergeResult {
  const store = sealedMapStore(job.map);
  const known = store.load() as Mapfile | undefined;
  checkImage(job, known);
  refuseLink(evidenceFolder(job.image));
  const image = new MergedImage(job, { store, known, memory: how.memory });
  const chunks: MergedChunk[] = [];
  let end: MergeResult['end'] = 'finished';
  const tell = (chunk: MergedChunk): void => {
    chunks.push(chunk);
    how.onEvent({ type: 'merged', chunk });
  };
  let doubted = Domain.of([]);
  const doubt = ({ claims }: OpenChunk): void => {
    doubted = doubted.union(claims);
  };
  // A chunk is written while the next one is read and checked, and told of when it is in the image.
  const settle = (): void => {
    const written = image.commit();
    if (written !== undefined) tell(written);
  };
  try {
    checkOldBytes(job, image);
    if (!job.startsAnew) refuseSecondImage(job, image);
    if (image.isNew) withdrawReceipts(job);
    for (const pair of [...job.chunks].sort((a, b) => byNumber(a.raw, b.raw))) {
      const merged = how.signal.aborted
        ? undefined
        : take(pair, { job, image, how, settle, doubt });
      if (merged === undefined) {
        end = 'aborted';
        break;
      }
      if (merged === image.writing) continue;
      settle();
      tell(merged);
    }
    settle();
    image.save();
  } finally {
    image.close();
  }
  const receipts = job.givesReceipt === false ? [] : giveReceipts(job, { image, chunks, doubted });
  return { end, chunks, receipts, ...image.result() };
}

function checkImage(job: MergeJob, known: Mapfile | undefined): void {
  const manifest = readManifest(known?.heading ?? []);
  const { kind = 'image', chunk } = manifest;
  if (kind !== 'image' || chunk !== undefined) throw notAnImage(job, manifest);
  const size = existingSize(job.image);
  const claimed = known === undefined ? Domain.of([]) : Domain.fromMap(known.map);
  const isOfReading = manifest.format !== undefined && manifest.kind === undefined;
  if ((size ?? 0) < claimed.end) throw lostImage(job, { claimed, size, isOfReading });
  const isKnown = known !== undefined && known.map.count > 0;
  if (isKnown || (size ?? 0) === 0 || job.isForced) return;
  const isEmptied = existingSize(job.map) !== undefined && holdsData(job.image);
  throw isEmptied ? emptyMap({ target: job.image, map: job.map }) : unknownImage(job);
}

/** An image of the right length may be another one. */
function checkOldBytes(job: MergeJob, image: MergedImage): void {
  const { map, manifest } = image.facts;
  const claims = Domain.fromMap(map);
  const samples = (manifest.samples ?? []).filter(({ pos }) => claims.includes(pos));
  const [other] = checkSamples(image.facts, samples).different;
  if (other !== undefined) throw otherImage(job, other.pos);
}

/** A slip in the image's name would begin a second image, and its receipt would give the chunks away. */
function refuseSecondImage(job: MergeJob, image: MergedImage): void {
  const there = Domain.fromMap(image.facts.map);
  const coming = job.chunks.reduce((all, pair) => all.union(claimsIn(pair)), there);
  for (const { map, path } of receiptsBeside(job)) {
    const known = Domain.fromMap(map);
    const isOther = there.intersect(known).isEmpty && !known.subtract(coming).isEmpty;
    if (isOther) throw secondImage(job, path);
  }
}

function receiptsBeside(job: MergeJob): Receipt[] {
  return [...new Set(job.chunks.map(({ raw }) => splitPath(raw).folder))].flatMap(receiptsIn);
}

/** What receipts say of an earlier image is not true of this one, even should it never be finished. */
function withdrawReceipts(job: MergeJob): void {
  const receipts = receiptsBeside(job);
  if (receipts.length === 0) return;
  const jobs = new Set(job.chunks.map((pair) => toldBy(pair)?.manifest.job));
  for (const receipt of receipts) {
    // A folder that cannot be written to cannot be freed by a receipt either.
    if (jobs.has(receipt.job)) unlessErrno(READ_ONLY, () => removeFile(receipt.path));
  }
}

const READ_ONLY = ['EROFS', 'EACCES', 'EPERM'];

/** What a chunk claims; nothing when its map cannot be read. */
function claimsIn(pair: ChunkPair): Domain {
  const told = toldBy(pair);
  return told === undefined ? Domain.of([]) : Domain.fromMap(told.mapfile.map);
}

function toldBy(pair: ChunkPair): ChunkMapFacts | undefined {
  try {
    return readChunkMap(pair);
  } catch (error) {
    if (error instanceof RescueError) return undefined;
    throw error;
  }
}

interface Taking {
  readonly job: MergeJob;
  readonly image: MergedImage;
  readonly how: MergeFollowing;
  /** Waits until the chunk before is in the image. */
  readonly settle: () => void;
  /** Told of a chunk that contradicts the image. */
  readonly doubt: (chunk: OpenChunk) => void;
}

/** Returns undefined when it was stopped; then nothing of the chunk is claimed. */
function take(pair: ChunkPair, taking: Taking): MergedChunk | undefined {
  let chunk: OpenChunk | undefined;
  try {
    chunk = openChunk(pair, { cache: 'used' });
    return mergeOne(chunk, taking);
  } catch (error) {
    if (!(error instanceof RescueError) || !REFUSALS.has(error.code)) throw error;
    const { code, message, hint } = error;
    // One of the two is wrong, and nobody knows which: the chunk must not be given away.
    if (code === 'chunk-conflict' && chunk !== undefined) taking.doubt(chunk);
    return { ...factsOf(pair, chunk), added: 0, replaced: 0, refusal: { code, message, hint } };
  } finally {
    chunk?.close();
  }
}

function mergeOne(chunk: OpenChunk, { job, image, how, settle }: Taking): MergedChunk | undefined {
  const facts = factsOf(chunk.pair, chunk);
  if (job.replaces || !image.isApartFrom(chunk)) settle();
  const isRepeated = !job.replaces && image.hasMerged(chunk);
  const isTaken = job.takesUnfinished || isRepeated;
  const asked = { ...job, takesUnfinished: isTaken };
  const pieces = new HeldPieces(chunk, how.memory);
  if (!checkForMerge(chunk, { job: asked, image: image.facts, how, pieces })) return undefined;
  if (isRepeated) return { ...facts, isRepeated, added: 0, replaced: 0, refusal: undefined };
  settle();
  return image.add(chunk, { how, pieces, facts });
}

function factsOf(pair: ChunkPair, chunk: OpenChunk | undefined): ChunkFacts {
  const map = chunk?.map;
  const unread = map === undefined ? 0 : map.sizeOf('-') + map.sizeOf('/') + map.sizeOf('*');
  return {
    raw: pair.raw,
    chunk: chunk?.manifest.chunk,
    range: chunk?.manifest.range,
    isOurs: chunk?.isOurs ?? false,
    isRepeated: false,
    unread,
  };
}

interface Arrived {
  readonly image: MergedImage;
  readonly chunks: readonly MergedChunk[];
  /** What chunks claimed that contradict the image. */
  readonly doubted: Domain;
}

function without(map: RescueMap, doubted: Domain): RescueMap {
  if (doubted.isEmpty) return map;
  const certain = map.clone();
  certain.fill(doubted, '?');
  return certain;
}

/** For each folder from which chunks of a job came, what the image has of that job. */
function giveReceipts(job: MergeJob, { image, chunks, doubted }: Arrived): ReceiptNote[] {
  const notes: ReceiptNote[] = [];
  const { manifest } = image.facts;
  const map = without(image.facts.map, doubted);
  const folders = new Set(
    chunks
      .filter(({ isOurs, refusal }) => isOurs && (!refusal || refusal.code === 'chunk-conflict'))
      .map(({ raw }) => splitPath(raw).folder),
  );
  const seals = new Map<string, string[]>();
  for (const { seal, manifest: of } of provenIn(job.image, map)) {
    if (of.job !== undefined) seals.set(of.job, [...(seals.get(of.job) ?? []), seal]);
  }
  for (const folder of folders) {
    for (const [id, merged] of seals) {
      const { sourceSize, chunkSize } = manifest;
      const what = {
        job: id,
        merged,
        ...(sourceSize !== undefined && { sourceSize }),
        ...(chunkSize !== undefined && { chunkSize }),
      };
      try {
        const path = writeReceipt(folder, { manifest: what, map, now: new Date() });
        notes.push({ path, problem: undefined });
      } catch (error) {
        const path = `${folder}/${receiptName(id)}`;
        const errno = errnoOf(error);
        const isFull = errno === 'ENOSPC' || errno === 'EDQUOT';
        notes.push({ path, problem: reasonOf(errno), isFull });
      }
    }
  }
  return notes;
}
