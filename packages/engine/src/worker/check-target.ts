/**
 * What a map claims must be in the target: a claim without its bytes would end as zeros, or as the bytes of
 * another disk, in an image.
 */
import { Domain, type Mapfile, type RescueMap } from '@chunkrescue/mapfile';
import { readManifest } from '../chunks/manifest.ts';
import { RescueError } from '../errors.ts';
import { existingSize } from '../node/existing-size.ts';
import { fileMapStore } from '../node/map-store.ts';
import type { FileRescueJob } from './job.ts';

/** What is known before anything is opened for writing. */
export interface TargetFacts {
  /** The map to resume from, undefined when there is none. */
  readonly mapfile: Mapfile | undefined;
  /** Bytes of the source, where known. */
  readonly sourceSize: number | undefined;
}

/**
 * What became of the target: not there though its map has claims (`away`), there and in order (`ready`), or
 * `complete` where its own map says about the domain what the common one says.
 * @throws RescueError `map-mismatch`, `target-exists` or `target-missing`
 */
export function checkTarget(job: FileRescueJob, facts: TargetFacts): 'ready' | 'away' | 'complete' {
  refuseOtherSource(job.map, facts);
  const size = existingSize(job.target);
  const common = facts.mapfile?.map;
  const domain = job.domain === undefined ? Domain.whole() : Domain.of(job.domain);
  const claimed = claimsOf(common).intersect(domain);
  if (facts.mapfile === undefined && (size ?? 0) > 0 && !job.isForced)
    throw unknownTarget(job, `there is no map ${job.map}`);
  const own =
    job.chunkMap === undefined || (size ?? 0) === 0 ? undefined : loadOwn(job.chunkMap.path);
  const isStranger = job.chunkMap !== undefined && own === undefined && claimed.isEmpty;
  if (isStranger && (size ?? 0) > 0 && !job.trustsTarget) {
    throw unknownTarget(
      job,
      `${job.map} knows no byte of it and there is no map ${job.chunkMap?.path}`,
    );
  }
  if (own !== undefined) refuseOtherChunk(job, { own, facts, domain, claimed });
  if (job.isReread) return 'ready';
  if ((size ?? 0) < claimed.end && !claimed.isEmpty) {
    if (size === undefined) return 'away';
    throw missingBytes(job, claimed, `has only ${size} bytes`);
  }
  if (job.chunkMap === undefined || size === undefined) return 'ready';
  const unproven = claimed.subtract(claimsOf(own?.map));
  if (!unproven.isEmpty && !job.trustsTarget) throw notProven(job, unproven);
  const isWhole = own !== undefined && common !== undefined && size >= (job.targetSize ?? 0);
  return isWhole && saysTheSame(own.map, common, domain) ? 'complete' : 'ready';
}

/** The target that a map claims bytes of is not there. */
export function missingTarget(job: FileRescueJob, map: RescueMap): RescueError {
  const domain = job.domain === undefined ? Domain.whole() : Domain.of(job.domain);
  return missingBytes(job, claimsOf(map).intersect(domain), 'is not there');
}

function refuseOtherSource(path: string, { mapfile, sourceSize }: TargetFacts): void {
  const begun = readManifest(mapfile?.heading ?? []).sourceSize;
  if (begun === undefined || sourceSize === undefined || begun === sourceSize) return;
  throw new RescueError(
    'map-mismatch',
    `${path} was begun with a source of ${begun} bytes; this one has ${sourceSize}.`,
    {
      path,
      hint: 'Is it the right disk? lsblk -b shows the sizes. Another disk needs another map.',
    },
  );
}

interface OwnMap {
  readonly own: Mapfile;
  readonly facts: TargetFacts;
  readonly domain: Domain;
  readonly claimed: Domain;
}

/** A target with a map of its own that tells of other bytes than ours would be lost by writing over it. */
function refuseOtherChunk(job: FileRescueJob, { own, facts, domain, claimed }: OwnMap): void {
  const size = readManifest(own.heading).sourceSize;
  const isOtherSource = size !== undefined && size !== facts.sourceSize;
  const isOtherPart = !triedIn(own.map).subtract(domain).isEmpty;
  const isUnknown =
    claimed.isEmpty &&
    !claimsOf(own.map).isEmpty &&
    !job.isReread &&
    runOf(own) !== runOf(facts.mapfile);
  if (!isOtherSource && !isOtherPart && !isUnknown) return;
  const why = isOtherSource
    ? `of a source of ${size} bytes`
    : isOtherPart
      ? 'of another part of the disk, or of another chunk size'
      : `that ${job.map} knows nothing of`;
  throw new RescueError('target-exists', `${job.target} is a chunk ${why}.`, {
    path: job.target,
    hint: 'Choose another --out, or give the map of that rescue with --map.',
  });
}

function loadOwn(path: string): Mapfile | undefined {
  return fileMapStore(path, { keepsBackup: false }).load() as Mapfile | undefined;
}

function claimsOf(map: RescueMap | undefined): Domain {
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

/** Which run wrote a map: both maps of one run say the same. */
function runOf(mapfile: Mapfile | undefined): string {
  const lines = (mapfile?.heading ?? []).filter((line) =>
    /^# (?:Command line|Start time):/.test(line),
  );
  return lines.join('\n');
}

function unknownTarget(job: FileRescueJob, what: string): RescueError {
  return new RescueError(
    'target-exists',
    `${job.target} exists, but ${what} that knows what is in it.`,
    {
      path: job.target,
      hint: 'If you want to go on with an earlier rescue, give its map. Otherwise choose another name.',
    },
  );
}

function missingBytes(job: FileRescueJob, claimed: Domain, what: string): RescueError {
  return new RescueError(
    'target-missing',
    `${job.map} says that ${claimed.size} bytes were read up to position ${claimed.end}, but ${job.target} ${what}.`,
    {
      path: job.target,
      hint: 'Put it back (with its map) to go on, or read that part again with --reread.',
    },
  );
}

function notProven(job: FileRescueJob, unproven: Domain): RescueError {
  return new RescueError(
    'target-missing',
    `${job.map} says that ${unproven.size} bytes from position ${unproven.start} on were read, but ${job.target} is a file whose own map ${job.chunkMap?.path} does not have them.`,
    {
      path: job.target,
      hint: 'Put the right file and its map there, or read that part again with --reread. If ddrescue wrote them into this very file, say --trust-target.',
    },
  );
}
