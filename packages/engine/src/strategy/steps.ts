/**
 * A rescue: the phases in order, the map marked after each reply, the limits checked where ddrescue checks
 * them. To stop it early, stop resuming it: the map and the status line are all that has to survive.
 */
import { copying } from './copying.ts';
import type { Reply, Request, Steps } from './request.ts';
import type { Rescue } from './rescue.ts';
import { retrying } from './retrying.ts';
import { scraping } from './scraping.ts';
import { sweeping } from './sweeping.ts';
import { trimming } from './trimming.ts';

/** Why a strategy asks for nothing more. */
export type StepsEnd = 'finished' | 'bad-areas' | 'read-errors' | 'source-short';

/** All five phases of ddrescue 1.30. A reply must be given to every request. */
export function* rescueSteps(rescue: Rescue): Steps<StepsEnd> {
  const { settings, map } = rescue;
  const badAreasMax = Math.min(
    settings.badAreasMax,
    map.areasInDomain('-') + settings.newBadAreasMax,
  );
  for (const steps of phases(rescue)) {
    if (map.areasInDomain('-') > badAreasMax) return 'bad-areas';
    let step = steps.next();
    while (!step.done) {
      const request: Request = step.value;
      rescue.begin(request);
      if (map.areasInDomain('-') > badAreasMax) return 'bad-areas';
      const reply: Reply = yield request;
      rescue.settle(request, reply);
      const met = request.pos + reply.copied + reply.failed;
      if (met < request.pos + request.size) {
        const isShort = settings.isSizeKnown && !settings.toleratesShort;
        if (isShort || !rescue.endAt(met)) return 'source-short';
      }
      if (rescue.readErrors > settings.readErrorsMax) return 'read-errors';
      step = steps.next(reply);
    }
  }
  if (map.areasInDomain('-') > badAreasMax) return 'bad-areas';
  rescue.finish();
  return 'finished';
}

/** The phases that have work, each decided when its turn comes. */
function* phases(rescue: Rescue): Generator<Steps, void, undefined> {
  const { map, settings, state, pass } = rescue;
  const wasSweeping = state === '%';
  const isAllPasses = settings.copyingPasses.length === 4;
  const resumesAt = state === '?' && pass <= 4 && isAllPasses ? pass : undefined;
  if (!wasSweeping && map.sizeInDomain('?') > 0) yield copying(rescue, resumesAt);
  if (!wasSweeping && settings.trims && map.sizeInDomain('*') > 0) yield trimming(rescue);
  if (settings.sweeps && map.sizeInDomain('?') > 0) yield sweeping(rescue);
  if (settings.manner.leavesNothing && settings.trims && map.sizeInDomain('*') > 0) {
    yield trimming(rescue);
  }
  if (settings.scrapes && map.sizeInDomain('/') > 0) yield scraping(rescue);
  if (settings.retryPasses > 0 && map.sizeInDomain('-') > 0) yield retrying(rescue);
}
