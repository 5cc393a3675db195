/**
 * Copying: up to four passes over the non-tried blocks, in clusters, each in the other direction.
 *
 *   pass 1   reads everything; after an error it skips, twice as far after each further one
 *   pass 2-4 only what borders on rescued bytes; after an error the rest of the block is left
 *
 * Where a minimum rate is asked for, the first two passes leave slow areas as if they had failed.
 */
import { OPEN_END } from '@chunkrescue/mapfile';
import { backwards, type Direction, forwards } from './direction.ts';
import type { Steps } from './request.ts';
import { ask, type Rescue, resumePosition } from './rescue.ts';

/** @param resumesAt pass of an interrupted rescue to go on with, or undefined for a new start */
export function* copying(rescue: Rescue, resumesAt: number | undefined): Steps {
  const { settings } = rescue;
  const first = resumesAt ?? 1;
  if (resumesAt === undefined) rescue.pass = 1;
  let direction: Direction = settings.isReversed ? backwards : forwards;
  let isFirstRun = true;
  for (let pass = 1; pass <= 4; pass++) {
    if (pass >= first && settings.copyingPasses.includes(pass)) {
      const resumes = isFirstRun && pass === resumesAt;
      const from = resumes ? resumePosition(rescue, direction, '?') : direction.begin;
      const isSeen = yield* copyingPass(rescue, { pass, direction, from });
      if (!isSeen) return;
      isFirstRun = false;
    }
    if (!settings.isUnidirectional) direction = direction.opposite;
  }
}

interface Pass {
  readonly pass: number;
  readonly direction: Direction;
  readonly from: number;
}

/** Returns whether any non-tried block was met. */
function* copyingPass(rescue: Rescue, how: Pass): Steps<boolean> {
  const { map, settings } = rescue;
  const { direction, pass } = how;
  let position = how.from;
  let skip = settings.skipInitial;
  let slowSkip = 0;
  let isAnySeen = false;
  while (true) {
    const { piece, isSeen } = direction.find(map, {
      from: position,
      status: '?',
      size: settings.clusterSize,
      align: settings.clusterSize,
      isTouching: pass >= 2,
    });
    if (isSeen) isAnySeen = true;
    if (piece === undefined) return isAnySeen;
    if (direction.near(piece) !== position) skip = settings.skipInitial;
    position = direction.far(piece);
    const { copied, failed, pace } = yield ask('copying', piece, how);
    if (pace !== undefined && failed === 0 && pass <= 2) {
      slowSkip = pace.isSlow ? nextSlowSkip(rescue, slowSkip, pace.bytesPerS) : 0;
      position = skipFrom(rescue, how, { position, size: slowSkip });
    }
    if (failed === 0) {
      if (copied > 0) skip = settings.skipInitial;
    } else if (settings.skipInitial > 0) {
      position = skipFrom(rescue, how, { position, size: skip });
      skip = doubled(skip, settings.skipMax);
    }
  }
}

function doubled(skip: number, max: number): number {
  return skip <= Math.floor(max / 2) ? 2 * skip : max;
}

/** The first slow second skips what it brought, each further one twice as much. */
function nextSlowSkip({ settings }: Rescue, last: number, bytesPerS: number): number {
  const { skipInitial, skipMax } = settings;
  if (skipInitial === 0) return 0;
  return last > 0 ? doubled(last, skipMax) : Math.max(skipInitial, Math.min(bytesPerS, skipMax));
}

/**
 * Far edge of the non-tried piece that begins right at `position`, or `position` when there is none. Pass 1
 * skips `size` bytes of it, the others all of it.
 */
function skipFrom(rescue: Rescue, how: Pass, skip: { position: number; size: number }): number {
  const { map, settings } = rescue;
  if (skip.size === 0) return skip.position;
  const index = map.indexAt(how.direction.byteAt(skip.position));
  if (index < 0 || !map.isInDomain(index) || map.statusAt(index) !== '?') return skip.position;
  const { piece } = how.direction.find(map, {
    from: skip.position,
    status: '?',
    size: how.pass === 1 ? skip.size : OPEN_END,
    align: settings.sectorSize,
    isTouching: false,
  });
  return piece === undefined ? skip.position : how.direction.far(piece);
}
