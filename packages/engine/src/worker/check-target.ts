/**
 * What a map claims must be in the target: a claim without its bytes would end as zeros, or as the bytes of
 * another disk, in an image.
 */
import { Domain, type Mapfile } from '@chunkrescue/mapfile';
import { type ChunkState, chunkState, claimsOf } from '../chunks/chunk-state.ts';
import { readManifest } from '../chunks/manifest.ts';
import { checkSamples } from '../chunks/samples.ts';
import { emptyMap, missingBytes, otherContent, unknownTarget } from '../chunks/target-errors.ts';
import { existingSize } from '../node/existing-size.ts';
import { openFileSource } from '../node/file-source.ts';
import { holdsData } from '../node/holds-data.ts';
import { refuseLink, refuseLinks } from '../node/refuse-links.ts';
import { offsetOf } from './chunk-files.ts';
import type { FileRescueJob } from './job.ts';

const NOWHERE: ChunkState = {
  kind: 'ready',
  own: undefined,
  elsewhere: Domain.of([]),
  trusted: 0,
};

/** @throws RescueError `map-corrupt`, `map-mismatch`, `target-exists` or `target-missing` */
export function checkTarget(
  job: FileRescueJob,
  mapfile: Mapfile | undefined,
  signal: Pick<AbortSignal, 'aborted'>,
): ChunkState {
  const { chunk, target, map } = job;
  const domain = job.domain === undefined ? Domain.whole() : Domain.of(job.domain);
  if (chunk !== undefined) {
    refuseLinks(target);
    refuseLink(chunk.map);
    return chunkState({
      target,
      map,
      ownMap: chunk.map,
      domain,
      manifest: { ...job.manifest, ...chunk.manifest },
      common: mapfile?.map,
      offset: offsetOf(chunk),
      fileSize: job.targetSize === undefined ? 0 : job.targetSize - offsetOf(chunk),
      isCarried: chunk.isCarried ?? false,
      received: Domain.of(chunk.received ?? []),
      isReread: job.isReread ?? false,
      samples: readManifest(mapfile?.heading ?? []).samples ?? [],
      trustsTarget: job.trustsTarget ?? false,
      signal,
    });
  }
  const size = existingSize(target) ?? 0;
  if (!hasBlocks(mapfile) && size > 0 && !job.isForced) {
    if (existingSize(map) !== undefined && holdsData(target)) throw emptyMap(job);
    throw unknownTarget(job, `there is no map ${map}`);
  }
  const claimed = claimsOf(mapfile?.map).intersect(domain);
  if (job.isReread || claimed.isEmpty || mapfile === undefined) return NOWHERE;
  if (size < claimed.end) {
    const what = existingSize(target) === undefined ? 'is not there' : `has only ${size} bytes`;
    throw missingBytes(job, claimed, what);
  }
  if (!job.trustsTarget) refuseEmptied(job, { claimed, mapfile });
  return NOWHERE;
}

/** A map without a block says nothing, whatever its comments say. */
export function hasBlocks(mapfile: Mapfile | undefined): mapfile is Mapfile {
  return mapfile !== undefined && mapfile.map.count > 0;
}

/** An image of the right length may be another one, or have lost what was in it. */
function refuseEmptied(
  job: FileRescueJob,
  { claimed, mapfile }: { claimed: Domain; mapfile: Mapfile },
): void {
  const { samples = [] } = readManifest(mapfile.heading);
  const image = openFileSource(job.target, { direct: false });
  try {
    const here = samples.filter(({ pos }) => claimed.includes(pos));
    const [other] = checkSamples(image, here).different;
    if (other !== undefined) throw otherContent(job, other.pos);
  } finally {
    image.close();
  }
}
