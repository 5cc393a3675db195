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
  const domain = Domain.of(ranges);
  const copy = map.clone();
  copy.fill(domain, '?');
  return { map: copy, position: positionFor(rescue, domain) };
}

/** Makes these ranges non-tried in a rescue itself. */
export function makeUntried(rescue: Rescue, ranges: readonly Range[]): void {
  if (ranges.length === 0) return;
  const domain = Domain.of(ranges);
  rescue.map.fill(domain, '?');
  rescue.position = positionFor(rescue, domain);
}

/** The next run begins with what is missing. */
function positionFor({ position, request }: Rescue, { start, end }: Domain): number {
  return request?.direction === 'forwards' ? Math.min(position, start) : Math.max(position, end);
}
