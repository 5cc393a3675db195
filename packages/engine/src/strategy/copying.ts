/**
 * Copying: up to four passes over the non-tried blocks, in clusters, each in the other direction.
 *
 *   pass 1   reads everything; after an error it skips, twice as far after each further one
 *   pass 2-4 only what borders on rescued bytes; after an error the rest of the block is left
 */
import { OPEN_END } from '@chunkrescue/mapfile';
import { backwards, type Direction, forwards } from './direction.ts';
import type { Steps } from './request.ts';
import { ask, type Rescue, resumePosition } from './rescue.ts';

/** @param resumesAt pass of an interrupted rescue to go on with, or undefined for a new start */
export function* copying(rescue: Rescue, resumesAt: number | undefined): Steps {
  const { settings } = rescue;
  const first = resumesAt ?? 1;
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
    const reply = yield ask('copying', piece, how);
    if (reply.failed === 0) {
      if (reply.copied > 0) skip = settings.skipInitial;
    } else if (settings.skipInitial > 0) {
      position = skipFrom(rescue, how, { position, size: pass === 1 ? skip : OPEN_END });
      skip = skip <= Math.floor(settings.skipMax / 2) ? 2 * skip : settings.skipMax;
    }
  }
}

/** Far edge of the non-tried piece that begins right at `position`, or `position` when there is none. */
function skipFrom(rescue: Rescue, how: Pass, skip: { position: number; size: number }): number {
  const { map, settings } = rescue;
  const index = map.indexAt(how.direction.byteAt(skip.position));
  if (index < 0 || !map.isInDomain(index) || map.statusAt(index) !== '?') return skip.position;
  const { piece } = how.direction.find(map, {
    from: skip.position,
    status: '?',
    size: skip.size,
    align: settings.sectorSize,
    isTouching: false,
  });
  return piece === undefined ? skip.position : how.direction.far(piece);
}
