/**
 * Merging: writes into the image what each chunk proves, and nothing else. A chunk that cannot be right is
 * refused as a whole, before anything of it is claimed; the others still go in.
 */
import { Domain, type Mapfile, OPEN_END, RescueMap, unionOf } from '@chunkrescue/mapfile';
import { RescueError, type RescueErrorCode } from '../errors.ts';
import { mapHeading } from '../heading.ts';
import { alignedBuffer } from '../node/aligned-memory.ts';
import { existingSize } from '../node/existing-size.ts';
import { type FileSource, openFileSource } from '../node/file-source.ts';
import { type FileTarget, openFileTarget } from '../node/file-target.ts';
import { fileMapStore } from '../node/map-store.ts';
import type { MapStore, ReadOutcome } from '../ports.ts';
import { type Manifest, manifestComments, readManifest } from './manifest.ts';
import { chunkAsImage, cutShort, lostImage, unknownImage, unreadable } from './merge-errors.ts';
import type { MergedChunk, MergeEvent, MergeJob, MergeResult } from './merge-job.ts';

interface How {
  readonly signal: Pick<AbortSignal, 'aborted'>;
  readonly onEvent: (event: MergeEvent) => void;
}

/** What is the chunk's fault. Everything else is the image's, and ends the merge. */
const REFUSALS: ReadonlySet<RescueErrorCode> = new Set([
  'chunk-mismatch',
  'map-corrupt',
  'map-read',
  'source-open',
  'source-read',
]);

const BUFFER_SIZE = 4 * 1024 * 1024;

/** Merges in this thread, without giving it away. @throws RescueError when the image or its map cannot be written */
export function mergeChunks(job: MergeJob, how: How): MergeResult {
  const store = fileMapStore(job.map);
  const known = loaded(store);
  const { chunk } = readManifest(known?.heading ?? []);
  if (chunk !== undefined) throw chunkAsImage(job, chunk);
  const size = existingSize(job.image);
  const claimed = known === undefined ? Domain.of([]) : Domain.fromMap(known.map);
  if ((size ?? 0) < claimed.end) throw lostImage(job, claimed, size);
  if (known === undefined && (size ?? 0) > 0 && !job.isForced) throw unknownImage(job);
  const target = openFileTarget(job.image, { mode: 'any' });
  const merge = new Merge(job, { target, store, known });
  let end: MergeResult['end'] = 'finished';
  try {
    for (const chunk of job.chunks) {
      if (how.signal.aborted || !merge.take(chunk, how)) {
        end = 'aborted';
        break;
      }
    }
    merge.save();
  } finally {
    target.close();
  }
  return { end, ...merge.result() };
}

class Merge {
  readonly #job: MergeJob;
  readonly #target: FileTarget;
  readonly #store: MapStore;
  readonly #buffer = alignedBuffer(BUFFER_SIZE);
  readonly #startTime = new Date();
  readonly #chunks: MergedChunk[] = [];
  #map: RescueMap;
  #manifest: Manifest;

  constructor(
    job: MergeJob,
    image: { target: FileTarget; store: MapStore; known: Mapfile | undefined },
  ) {
    this.#job = job;
    this.#target = image.target;
    this.#store = image.store;
    this.#map = image.known?.map ?? RescueMap.ofOne(0, 0);
    const { chunk: _, ...manifest } = readManifest(image.known?.heading ?? []);
    this.#manifest = manifest;
  }

  /** Returns false when it was stopped; then nothing of the chunk is claimed. */
  take(chunk: { raw: string; map: string }, how: How): boolean {
    let merged: MergedChunk | undefined;
    try {
      merged = this.#merge(chunk, how);
    } catch (error) {
      if (!(error instanceof RescueError) || !REFUSALS.has(error.code)) throw error;
      const { code, message, hint } = error;
      const refusal = { code, message, hint };
      merged = { raw: chunk.raw, chunk: undefined, isOurs: false, added: 0, refusal };
    }
    if (merged === undefined) return false;
    this.#chunks.push(merged);
    how.onEvent({ type: 'merged', chunk: merged });
    return true;
  }

  #merge(chunk: { raw: string; map: string }, how: How): MergedChunk | undefined {
    const mapfile = loaded(fileMapStore(chunk.map));
    if (mapfile === undefined || mapfile.map.count === 0) {
      throw new RescueError('chunk-mismatch', `${chunk.raw} has no map ${chunk.map}.`, {
        hint: 'A chunk is two files, .raw and .map: copy both.',
      });
    }
    const manifest = readManifest(mapfile.heading);
    const { map } = mapfile;
    // A map of a source of unknown size has no end; the image has one.
    const last = map.count - 1;
    if (map.end === OPEN_END && map.statusAt(last) === '?') map.truncate(map.posAt(last));
    this.#agree(chunk.map, map, manifest);
    const source = openFileSource(chunk.raw, { direct: false });
    try {
      const rescued = Domain.fromMap(map);
      if ((source.size ?? 0) < rescued.end) throw cutShort(source, rescued);
      const fresh = rescued.subtract(Domain.fromMap(this.#map));
      this.#begin(map.end);
      if (!this.#copy(source, fresh, how)) return undefined;
      this.#map = unionOf(this.#map, map);
      const { chunkSize, sourceSize } = manifest;
      const isOurs = sourceSize !== undefined;
      const unchecked = (this.#manifest.unchecked ?? 0) + (isOurs ? 0 : fresh.size);
      this.#manifest = {
        ...this.#manifest,
        ...(chunkSize && { chunkSize }),
        ...(sourceSize && { sourceSize }),
        ...(unchecked && { unchecked }),
      };
      this.save();
      return {
        raw: chunk.raw,
        chunk: manifest.chunk,
        isOurs,
        added: fresh.size,
        refusal: undefined,
      };
    } finally {
      source.close();
    }
  }

  /** An image that is being written for the first time has a map that knows it, should the merge be stopped. */
  #begin(size: number): void {
    if (this.#map.end > 0 || size === 0) return;
    this.#map = RescueMap.ofOne(0, size);
    this.save();
  }

  /** A chunk of another source shows in its size, as far as the maps tell. */
  #agree(path: string, map: RescueMap, { sourceSize: here }: Manifest): void {
    const { sourceSize: known } = this.#manifest;
    const hint = 'It belongs to another disk. Nothing of it was written.';
    if (here !== undefined && known !== undefined && here !== known) {
      throw new RescueError(
        'chunk-mismatch',
        `${path} is a chunk of a source of ${here} bytes; ${this.#job.image} is an image of one of ${known} bytes.`,
        { hint },
      );
    }
    const size = here ?? known ?? OPEN_END - 1;
    const [end, imageEnd] = [triedEnd(map), triedEnd(this.#map)];
    if (end > size) {
      const limit =
        size === OPEN_END - 1 ? 'no disk is that large' : `the source has ${size} bytes`;
      throw new RescueError(
        'chunk-mismatch',
        `${path} speaks of bytes up to ${end}, but ${limit}.`,
        {
          hint,
        },
      );
    }
    if (imageEnd > size) {
      throw new RescueError(
        'chunk-mismatch',
        `${path} is a chunk of a source of ${size} bytes; ${this.#job.image} has data up to ${imageEnd}.`,
        { hint },
      );
    }
    if (map.end > size) map.truncate(size);
    if (this.#map.end > size) this.#map.truncate(size);
  }

  /** Returns false when it was stopped before the end. */
  #copy(source: FileSource, fresh: Domain, how: How): boolean {
    const total = fresh.size;
    let done = 0;
    for (const range of fresh.ranges()) {
      for (let pos = range.pos; pos < range.pos + range.size; ) {
        if (how.signal.aborted) return false;
        const size = Math.min(this.#buffer.length, range.pos + range.size - pos);
        const into = this.#buffer.subarray(0, size);
        const { copied, errno } = source.read(pos, into) as ReadOutcome;
        if (copied < size) throw unreadable(source.name, pos + copied, errno);
        this.#target.write(pos, into);
        pos += size;
        done += size;
        how.onEvent({ type: 'merging', raw: source.name, done, total });
      }
    }
    return true;
  }

  /** Makes the image durable and as long as the source, then saves the map that claims what is in it. */
  save(): void {
    const size = this.#manifest.sourceSize ?? this.#map.end;
    if (size === 0) return;
    this.#target.extend(size);
    this.#target.sync();
    const map = unionOf(this.#map, RescueMap.ofOne(0, size));
    const heading = mapHeading({
      commandLine: this.#job.commandLine,
      startTime: this.#startTime,
      now: new Date(),
      message: 'Merged chunks',
      comments: manifestComments(this.#manifest),
    });
    this.#store.save({ heading, position: 0, state: '+', pass: 1, map });
    this.#map = map;
  }

  result(): Omit<MergeResult, 'end'> {
    const map = this.#map;
    const unfinished = map.sizeOf('*') + map.sizeOf('/');
    return {
      chunks: this.#chunks,
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

/** Where the last block ends that somebody tried to read; 0 when there is none. */
function triedEnd(map: RescueMap): number {
  let last = map.count - 1;
  while (last >= 0 && map.statusAt(last) === '?') last--;
  return last < 0 ? 0 : map.endAt(last);
}

function loaded(store: MapStore): Mapfile | undefined {
  return store.load() as Mapfile | undefined;
}
