/**
 * Sweeping: reads what copying left non-tried, whole blocks in clusters counted from the block's start,
 * without skipping; the failed clusters of each block are trimmed before the next block.
 */
import { addClipped } from '@chunkrescue/mapfile';
import { backwards, forwards, type Piece } from './direction.ts';
import type { Steps } from './request.ts';
import { ask, type Rescue } from './rescue.ts';
import { trimming } from './trimming.ts';

export function* sweeping(rescue: Rescue): Steps {
  const { map, settings } = rescue;
  const direction = settings.isReversed ? backwards : forwards;
  const walk = settings.manner.walk(map, direction, '?');
  for (let index = walk.next(); index >= 0; index = walk.next()) {
    const block: Piece = { pos: map.posAt(index), end: map.endAt(index) };
    const count = Math.ceil((block.end - block.pos) / settings.clusterSize);
    for (let i = 0; i < count; i++) {
      const pos = block.pos + direction.indexAfter(i, count) * settings.clusterSize;
      const piece = { pos, end: Math.min(addClipped(pos, settings.clusterSize), block.end) };
      yield ask('sweeping', piece, { direction, pass: 1 });
    }
    if (map.sizeInDomain('*') > 0) yield* trimming(rescue, 'sweeping', around(rescue, block));
  }
}

/** A block together with its neighbours: a failed cluster may have waited beside it, or have joined it. */
function around(rescue: Rescue, block: Piece): Piece {
  const { map } = rescue;
  const first = Math.max(0, map.indexAt(block.pos) - 1);
  const last = Math.min(map.count - 1, map.indexAt(block.end - 1) + 1);
  return { pos: map.posAt(first), end: map.endAt(last) };
}
