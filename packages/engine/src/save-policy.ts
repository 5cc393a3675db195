const FIRST_MS = 5_000;
const BASE_MS = 30_000;
const BLOCKS_PER_S = 38;
const MAX_MS = 300_000;

/**
 * Milliseconds after which the map is saved again. The first save of a run comes early, so that an early
 * end of the machine costs five seconds of reading; afterwards larger maps are saved less often, as in
 * ddrescue, since each save makes the target durable first.
 */
export function saveIntervalMs(savesDone: number, blockCount: number): number {
  if (savesDone <= 1) return FIRST_MS;
  return Math.min(MAX_MS, BASE_MS + Math.floor(blockCount / BLOCKS_PER_S) * 1000);
}
