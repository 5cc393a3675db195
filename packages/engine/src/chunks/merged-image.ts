/** The image that chunks are put into, with the map that knows what is in it. */
import { Domain, type Mapfile, OPEN_END, RescueMap, unionOf } from '@chunkrescue/mapfile';
import { mapHeading } from '../heading.ts';
import { tidyUp } from '../node/errno.ts';
import { type FileSource, openFileSource } from '../node/file-source.ts';
import { type FileTarget, openFileTarget } from '../node/file-target.ts';
import { syncFolderOf } from '../node/paths.ts';
import type { MapStore } from '../ports.ts';
import { type ImageFacts, refuseOtherSize } from './belonging.ts';
import { refuseUntrue } from './check-for-merge.ts';
import { dropEvidence, keepEvidence, sealsIn } from './evidence.ts';
import type { HeldPieces, PieceMemory } from './held-pieces.ts';
import { CHUNK_FORMAT, type Manifest, manifestComments, readManifest } from './manifest.ts';
import type { MergeFollowing } from './merge.ts';
import type { MergedChunk, MergeJob, MergeResult } from './merge-job.ts';
import type { OpenChunk } from './open-chunk.ts';
import { sizeOf } from './pieces.ts';
import { SOURCE_ZONES, Zones } from './samples.ts';

/** What an image begins with. */
interface ImageStart {
  readonly store: MapStore;
  readonly known: Mapfile | undefined;
  /** Who writes pieces that were read into it. */
  readonly memory: PieceMemory | undefined;
}

/** What is told of a chunk, whatever becomes of it. */
export type ChunkFacts = Omit<MergedChunk, 'added' | 'replaced' | 'refusal'>;

/** A chunk whose bytes are on their way. */
interface Writing {
  readonly chunk: OpenChunk;
  readonly merged: MergedChunk;
}

interface Walking {
  readonly how: MergeFollowing;
  readonly pieces: HeldPieces;
}

export class MergedImage {
  readonly #job: MergeJob;
  readonly #memory: PieceMemory | undefined;
  #writing: Writing | undefined;
  readonly #store: MapStore;
  /** Made when there is something to write. */
  #target: FileTarget | undefined;
  readonly #startTime = new Date();
  #seals: Set<string>;
  readonly #isKnown: boolean;
  #reader: FileSource | undefined;
  #map: RescueMap;
  #manifest: Manifest;

  constructor(job: MergeJob, image: ImageStart) {
    this.#job = job;
    this.#memory = image.memory;
    this.#store = image.store;
    this.#map = image.known?.map ?? RescueMap.ofOne(0, 0);
    this.#manifest = readManifest(image.known?.heading ?? []);
    this.#isKnown = image.known !== undefined && image.known.map.count > 0;
    this.#seals = this.#isKnown ? sealsIn(job.image, this.#map) : new Set();
    // Who saved the map may have been killed before its name was durable, and chunks are told to be in by it.
    if (this.#isKnown) tidyUp(() => syncFolderOf(job.map));
  }

  /** What is in it now. */
  get facts(): ImageFacts {
    return {
      path: this.#job.image,
      map: this.#map,
      manifest: this.#manifest,
      read: (pos, into) => {
        this.#reader ??= openFileSource(this.#job.image, { direct: false });
        return this.#reader.read(pos, into);
      },
    };
  }

  /** Whether this very chunk is in it: the same map, and all that it claims. */
  hasMerged(chunk: OpenChunk): boolean {
    const isKnown = chunk.seal !== undefined && this.#seals.has(chunk.seal);
    return isKnown && chunk.claims.subtract(Domain.fromMap(this.#map)).isEmpty;
  }

  /** Nothing is in it yet. */
  get isNew(): boolean {
    return this.#map.end === 0;
  }

  /** The chunk that is still being written, and not claimed yet. */
  get writing(): MergedChunk | undefined {
    return this.#writing?.merged;
  }

  /** Whether a chunk can be checked before the one that is being written is in: nothing it needs changes. */
  isApartFrom(chunk: OpenChunk): boolean {
    if (this.#writing === undefined) return true;
    const isOfJob = chunk.isOurs && chunk.manifest.job === this.#manifest.job;
    return isOfJob && chunk.claims.intersect(this.#writing.chunk.claims).isEmpty;
  }

  /**
   * Begins to put a checked chunk in, which {@link commit} ends; returns what will be told of it, or undefined when
   * it was stopped: then nothing of it is claimed.
   * @throws RescueError when a byte cannot be written, or the chunk changed since
   */
  add(
    chunk: OpenChunk,
    { how, pieces, facts }: Walking & { readonly facts: ChunkFacts },
  ): MergedChunk | undefined {
    // A chunk that failed half-way may have left writes, and they would come after this one's.
    this.#target?.settle();
    const size = refuseOtherSize(chunk, this.facts);
    const { map, claims } = chunk;
    if (map.end > size) map.truncate(size);
    if (this.#map.end > size) this.#map.truncate(size);
    const before = Domain.fromMap(this.#map);
    const fresh = claims.subtract(before);
    this.#begin(map.end);
    if (this.#job.replaces) this.#forget(claims);
    const written = this.#job.replaces ? claims : fresh;
    if (!this.#copy(chunk, { written, how, pieces })) return undefined;
    const replaced = written.size - fresh.size;
    const merged = { ...facts, added: fresh.size, replaced, refusal: undefined };
    this.#writing = { chunk, merged };
    return merged;
  }

  /**
   * Makes the chunk that is being written durable, claims it, and returns it; without one nothing happens.
   * @throws RescueError when a byte could not be written, or the map; then nothing of it is claimed
   */
  commit(): MergedChunk | undefined {
    if (this.#writing === undefined) return undefined;
    const { chunk, merged } = this.#writing;
    this.#writing = undefined;
    // First: what is claimed in memory may be saved by whoever comes next.
    this.#target?.settle();
    this.#map = unionOf(this.#map, chunk.map);
    const doubtful = chunk.isOurs ? (chunk.manifest.unchecked ?? 0) : merged.added;
    this.#learn(chunk.manifest, Math.min(doubtful, merged.added));
    this.save();
    keepEvidence(this.#job.image, chunk);
    if (chunk.seal !== undefined) this.#seals.add(chunk.seal);
    return merged;
  }

  /**
   * An image that is being written for the first time has a map that knows it, should it be stopped. What
   * was kept of an earlier image of that name is of no use any more.
   */
  #begin(size: number): void {
    if (this.#map.end > 0 || size === 0) return;
    dropEvidence(this.#job.image);
    this.#map = RescueMap.ofOne(0, size);
    this.#saveMap(this.#map);
    this.save();
  }

  /** Nothing is claimed while bytes are replaced: they are neither the old ones nor the new ones. */
  #forget(claims: Domain): void {
    dropEvidence(this.#job.image, claims);
    const map = this.#map.clone();
    map.fill(claims.intersect(Domain.fromMap(map)), '?');
    map.mergeNeighbours();
    this.#map = map;
    this.save();
    this.#seals = sealsIn(this.#job.image, map);
  }

  #copy(
    chunk: OpenChunk,
    { written, how, pieces }: Walking & { readonly written: Domain },
  ): boolean {
    const total = chunk.claims.size;
    let done = 0;
    if (written.isEmpty) return true;
    const isChecked = pieces.isHeld;
    for (const piece of pieces.walk()) {
      if (how.signal.aborted) return false;
      if (!isChecked) refuseUntrue(chunk, piece);
      const here = written.clip(piece.pos, piece.pos + piece.bytes.length);
      for (const { pos, size } of here.ranges()) {
        this.#open().write(pos, piece.bytes.subarray(pos - piece.pos, pos - piece.pos + size));
      }
      done += sizeOf(piece.ranges);
      how.onEvent({ type: 'merging', raw: chunk.pair.raw, done, total });
    }
    return true;
  }

  /** The image knows of its source what its chunks told. */
  #learn(from: Manifest, unproven: number): void {
    const known = this.#manifest;
    const unchecked = (known.unchecked ?? 0) + unproven;
    const job = known.job ?? from.job;
    const others = new Set([...(known.otherJobs ?? []), ...(from.job ? [from.job] : [])]);
    if (job !== undefined) others.delete(job);
    const chunkSize = known.chunkSize ?? from.chunkSize;
    const sourceSize = known.sourceSize ?? from.sourceSize;
    const identity = known.identity ?? from.identity;
    const size = sourceSize ?? OPEN_END;
    const zones = new Zones({ pos: 0, size }, SOURCE_ZONES);
    this.#manifest = {
      ...(job !== undefined && { job }),
      ...(others.size > 0 && { otherJobs: [...others] }),
      ...(chunkSize !== undefined && { chunkSize }),
      ...(sourceSize !== undefined && { sourceSize }),
      ...(identity !== undefined && { identity }),
      samples: zones.thin([...(known.samples ?? []), ...(from.samples ?? [])]),
      ...(unchecked > 0 && { unchecked }),
    };
  }

  /** Opens the image, or makes it. Of an old file that no map knew nothing is kept. */
  #open(): FileTarget {
    const truncate = !this.#isKnown;
    const behind = this.#memory === undefined ? {} : { behind: this.#memory };
    this.#target ??= openFileTarget(this.#job.image, { mode: 'any', truncate, ...behind });
    return this.#target;
  }

  /** Makes the image durable and as long as the source, then saves the map that claims what is in it. */
  save(): void {
    const size = this.#manifest.sourceSize ?? this.#map.end;
    if (size === 0) return;
    const target = this.#open();
    target.extend(size);
    target.sync();
    const map = unionOf(this.#map, RescueMap.ofOne(0, size));
    this.#saveMap(map);
    this.#map = map;
  }

  #saveMap(map: RescueMap): void {
    const heading = mapHeading({
      commandLine: this.#job.commandLine,
      startTime: this.#startTime,
      now: new Date(),
      message: 'Merged chunks',
      comments: manifestComments({ ...this.#manifest, format: CHUNK_FORMAT, kind: 'image' }),
    });
    this.#store.save({ heading, position: 0, state: '+', pass: 1, map });
  }

  close(): void {
    this.#reader?.close();
    this.#target?.close();
  }

  result(): Omit<MergeResult, 'end' | 'chunks' | 'receipts'> {
    const map = this.#map;
    const unfinished = map.sizeOf('*') + map.sizeOf('/');
    return {
      manifest: this.#manifest,
      totals: {
        size: map.end,
        rescued: map.sizeOf('+'),
        bad: map.sizeOf('-'),
        unfinished,
        nonTried: map.sizeOf('?'),
      },
      missing: [...map.ranges('?')],
      unread: [...map.ranges('*'), ...map.ranges('/'), ...map.ranges('-')],
    };
  }
}
