/** Whether a chunk is of the disk that an image is of. */
import { Domain, OPEN_END, type RescueMap } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { sameIdentity } from '../identity.ts';
import type { Source } from '../ports.ts';
import { foreign, otherSize } from './chunk-errors.ts';
import type { Manifest } from './manifest.ts';
import type { OpenChunk } from './open-chunk.ts';
import { checkSamples, compareSamples } from './samples.ts';
import { describeSource, ofManifest } from './source-binding.ts';

/** What is known of an image. */
export interface ImageFacts {
  readonly path: string;
  readonly map: RescueMap;
  readonly manifest: Manifest;
  readonly read: Source['read'];
}

/** Refuses a chunk of another disk. @throws RescueError `chunk-foreign` or `chunk-mismatch` */
export function refuseForeign(chunk: OpenChunk, image: ImageFacts): void {
  const { manifest } = chunk;
  const { raw } = chunk.pair;
  const jobs = [image.manifest.job, ...(image.manifest.otherJobs ?? [])];
  if (manifest.job !== undefined && jobs.includes(manifest.job)) return;
  if (image.map.count === 0) return;
  const verdict = sameIdentity(manifest.identity ?? {}, image.manifest.identity ?? {});
  if (verdict === 'same') return;
  const both = `is of ${describeSource(ofManifest(manifest))}; ${image.path} is of ${describeSource(ofManifest(image.manifest))}`;
  if (verdict === 'different') throw foreign(raw, both);
  const found = sampleVerdict(chunk, image);
  if (found === 'different') {
    throw foreign(raw, `is of another disk than ${image.path}: bytes that both remember differ`);
  }
  if (found === 'same' || !chunk.isOurs || image.manifest.job === undefined) return;
  throw foreign(
    raw,
    `cannot be shown to be of the disk of ${image.path}: it is of another rescue, and no byte is known to both`,
  );
}

/** Refuses a chunk of a source of another size, and maps that speak of bytes which no disk has. */
export function refuseOtherSize(chunk: OpenChunk, image: ImageFacts): number {
  const here = chunk.manifest.sourceSize;
  const known = image.manifest.sourceSize;
  const hint = 'It belongs to another disk. Nothing of it was written.';
  if (here !== undefined && known !== undefined && here !== known) {
    throw otherSize(
      chunk.pair.raw,
      `is a chunk of a source of ${here} bytes; ${image.path} is an image of one of ${known} bytes`,
    );
  }
  const size = here ?? known ?? OPEN_END - 1;
  const [end, imageEnd] = [triedEnd(chunk.map), triedEnd(image.map)];
  if (end > size) {
    const limit = size === OPEN_END - 1 ? 'no disk is that large' : `the source has ${size} bytes`;
    const what = `${chunk.pair.map} speaks of bytes up to ${end}, but ${limit}.`;
    throw new RescueError('chunk-mismatch', what, { hint });
  }
  if (imageEnd > size) {
    throw otherSize(
      chunk.pair.raw,
      `is a chunk of a source of ${size} bytes; ${image.path} has data up to ${imageEnd}`,
    );
  }
  return size;
}

function sampleVerdict(chunk: OpenChunk, image: ImageFacts): 'same' | 'different' | 'unknown' {
  const mine = chunk.manifest.samples ?? [];
  const theirs = image.manifest.samples ?? [];
  const claims = { chunk: chunk.claims, image: Domain.fromMap(image.map) };
  const checks = [
    compareSamples(mine, theirs),
    checkSamples(
      image,
      mine.filter(({ pos }) => claims.image.includes(pos)),
    ),
    checkSamples(
      chunk,
      theirs.filter(({ pos }) => claims.chunk.includes(pos)),
    ),
  ];
  if (checks.some(({ different }) => different.length > 0)) return 'different';
  return checks.some(({ same }) => same.length > 0) ? 'same' : 'unknown';
}

/** Where the last block ends that somebody tried to read; 0 when there is none. */
function triedEnd(map: RescueMap): number {
  let last = map.count - 1;
  while (last >= 0 && map.statusAt(last) === '?') last--;
  return last < 0 ? 0 : map.endAt(last);
}
