/**
 * Trimming: finds the edges of the non-trimmed blocks, sector by sector, from each side that borders on
 * rescued bytes, until a read fails. What is left between becomes non-scraped.
 *
 *   left neighbour   right neighbour   reads             the rest becomes
 *   + or border      any               leading edge      looked at again
 *   any              + or border       trailing edge     looked at again
 *   - or /           - or /            none              /
 *   ? or *           ? or *, - or /    none              stays * until that neighbour has been read
 */
import { backwards, type Direction, forwards, type Piece } from './direction.ts';
import type { Steps } from './request.ts';
import { ask, type Rescue } from './rescue.ts';

/** Trims the domain, or what meets `bounds`. Sweeping trims too; its reads count as sweeping. */
export function* trimming(
  rescue: Rescue,
  phase: 'trimming' | 'sweeping' = 'trimming',
  bounds?: Piece,
): Steps {
  const { map, settings } = rescue;
  const direction = settings.isReversed ? backwards : forwards;
  const walk = settings.manner.walk(map, direction, '*', bounds);
  for (let index = walk.next(); index >= 0; index = walk.next()) {
    const hasRead = yield* trimBlock(rescue, index, phase);
    if (!hasRead) walk.pass();
  }
}

/** Returns whether anything was read. */
function* trimBlock(rescue: Rescue, index: number, phase: 'trimming' | 'sweeping'): Steps<boolean> {
  const { map, settings } = rescue;
  const isFirst = index === 0;
  const isLast = index === map.count - 1;
  const leads = isFirst || map.statusAt(index - 1) === '+';
  const trails = isLast || map.statusAt(index + 1) === '+';
  const isEnclosed =
    !isFirst &&
    !isLast &&
    !settings.manner.isPending(map, index - 1) &&
    !settings.manner.isPending(map, index + 1);
  let { pos, end }: Piece = { pos: map.posAt(index), end: map.endAt(index) };
  if (leads) pos = yield* trimEdge(rescue, { pos, end }, { phase, direction: forwards });
  if (trails && pos < end) {
    end = yield* trimEdge(rescue, { pos, end }, { phase, direction: backwards });
  }
  if (pos < end && isEnclosed) map.set(pos, end, '/');
  return leads || trails;
}

/** Reads sectors from the near edge until one fails; returns where it stopped. */
function* trimEdge(
  rescue: Rescue,
  block: Piece,
  how: { phase: 'trimming' | 'sweeping'; direction: Direction },
): Steps<number> {
  const { manner, sectorSize } = rescue.settings;
  const { direction } = how;
  let rest = block;
  while (rest.pos < rest.end) {
    const piece = manner.sector(rest, direction, sectorSize);
    const reply = yield ask(how.phase, piece, { direction, pass: 1 });
    rest = direction.behind(rest, piece);
    if (reply.failed > 0) break;
  }
  return direction.near(rest);
}
