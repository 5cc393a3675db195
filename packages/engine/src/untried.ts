/** Taking back what a map says: what could not be written after all, or failed for another reason than the disk's. */
import { Domain, type Range, type RescueMap } from '@chunkrescue/mapfile';
import type { Rescue } from './strategy/rescue.ts';

/** The map and the position of a rescue for which these ranges are non-tried; a copy, unless there are none. */
export function untried(
  rescue: Rescue,
  ranges: readonly Range[],
): { readonly map: RescueMap; readonly position: number } {
  const { map, position } = rescue;
  if (ranges.length === 0) return { map, position };
  const copy = map.clone();
  copy.fill(Domain.of(ranges), '?');
  return { map: copy, position: positionFor(rescue, ranges) };
}

/** Makes these ranges non-tried in a rescue itself. */
export function makeUntried(rescue: Rescue, ranges: readonly Range[]): void {
  rescue.map.fill(Domain.of(ranges), '?');
  rescue.position = positionFor(rescue, ranges);
}

/** The next run begins with what is missing. */
function positionFor({ position, request }: Rescue, ranges: readonly Range[]): number {
  return request?.direction === 'forwards'
    ? Math.min(position, ...ranges.map(({ pos }) => pos))
    : Math.max(position, ...ranges.map(({ pos, size }) => pos + size));
}
