/** Retrying: reads the bad sectors again, pass after pass, each in the other direction. */
import { backwards, type Direction, forwards } from './direction.ts';
import type { Steps } from './request.ts';
import { ask, type Rescue, resumePosition } from './rescue.ts';

export function* retrying(rescue: Rescue): Steps {
  const { map, settings } = rescue;
  const { sectorSize: sector } = settings;
  // Any read of this run has overwritten the state, so '-' means that nothing was read before retrying.
  const resumes = rescue.state === '-';
  const isEven = resumes && rescue.pass % 2 === 0 && !settings.isUnidirectional;
  let direction: Direction = settings.isReversed ? backwards : forwards;
  if (isEven) direction = direction.opposite;
  let position = resumes ? resumePosition(rescue, direction, '-') : direction.begin;
  const first = isEven ? 2 : 1;
  for (let pass = first; pass < first + settings.retryPasses; pass++) {
    let hasRead = false;
    while (true) {
      const found = direction.find(map, {
        from: position,
        status: '-',
        size: sector,
        align: sector,
        isTouching: false,
      });
      if (found.piece === undefined) break;
      const piece = settings.manner.sector(found.piece, direction, sector);
      position = direction.far(piece);
      hasRead = true;
      yield ask('retrying', piece, { direction, pass });
    }
    if (!hasRead) return;
    if (!settings.isUnidirectional) direction = direction.opposite;
    position = direction.begin;
  }
}
