import type { Domain } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { openFileSource } from '../node/file-source.ts';
import type { ReadOutcome, Source } from '../ports.ts';
import { sameBytes } from '../wrap/same-bytes.ts';
import type { FileRescueJob } from './job.ts';

const SECTOR = 512;
const PLACES = 8;

/**
 * A map that does not say which disk it is of (ddrescue's) would take any disk of that size for its own. The image
 * knows: a few sectors that it has are read again from the source.
 * @throws RescueError `map-mismatch` when most of them differ
 */
export function refuseOtherContent(source: Source, job: FileRescueJob, claimed: Domain): void {
  const image = openFileSource(job.target, { direct: false });
  let [same, different] = [0, 0];
  try {
    const there = source.allocate?.(SECTOR) ?? new Uint8Array(SECTOR);
    const here = new Uint8Array(SECTOR);
    for (const pos of placesIn(claimed)) {
      if (image.read(pos, here).copied < SECTOR || here.every((byte) => byte === here[0])) continue;
      if ((source.read(pos, there) as ReadOutcome).copied < SECTOR) continue;
      if (sameBytes(here, there)) same++;
      else different++;
    }
  } finally {
    image.close();
  }
  if (different <= same) return;
  throw new RescueError(
    'map-mismatch',
    `${job.map} does not say which disk it is of, and ${job.target} holds other bytes than ${source.name}: ${different} of ${same + different} sectors that were compared differ.`,
    {
      path: job.map,
      hint: 'Is it of another disk? Then give another image and map for this one. If it is the right one all the same, say --adopt.',
    },
  );
}

/** Sectors of what is claimed, far apart. */
function placesIn(claimed: Domain): number[] {
  const ranges = [...claimed.ranges()].filter(({ size }) => size >= 2 * SECTOR);
  const step = Math.max(1, Math.floor(ranges.length / PLACES));
  const chosen = ranges.filter((_, i) => i % step === 0).slice(0, PLACES);
  const each = Math.ceil(PLACES / Math.max(1, chosen.length));
  return chosen.flatMap(({ pos, size }) =>
    Array.from({ length: each }, (_, i) => {
      const at = pos + Math.floor((size * i) / each);
      return Math.ceil(at / SECTOR) * SECTOR;
    }).filter((at) => at + SECTOR <= pos + size),
  );
}
