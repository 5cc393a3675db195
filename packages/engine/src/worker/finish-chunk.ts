import type { Mapfile } from '@chunkrescue/mapfile';
import { packChunk, removeChunk } from '../chunks/pack-chunk.ts';
import type { MapStore } from '../ports.ts';
import { checkChunk } from './check-chunk.ts';
import type { ChunkCheck, FileRescueJob, FileRescueResult } from './job.ts';
import { takeBack } from './take-back.ts';

/** What looking at a finished chunk came to. */
export interface Finished extends Pick<FileRescueResult, 'check' | 'packedSize'> {
  /** The common map without what the chunk has not. */
  readonly taken?: Mapfile;
}

export const NOT_FINISHED: Finished = { check: undefined };

/** A finished chunk is compressed where that is wanted, and looked at once more. */
export function finishChunk(job: FileRescueJob, common: MapStore): Finished {
  const { chunk } = job;
  if (chunk === undefined) return NOT_FINISHED;
  const pair = { raw: job.target, map: chunk.map };
  const { packed, isChecked = true } = chunk;
  const claiming = { common, own: chunk.map };
  if (packed === undefined) {
    if (!isChecked) return NOT_FINISHED;
    const check = checkChunk(pair);
    return { check, ...(isGood(check) ? {} : { taken: takeBack(claiming, check.different) }) };
  }
  const packedSize = packChunk(pair, packed.pair, packed.packing);
  // Only one copy may be left when it is known to be good.
  const check = checkChunk(packed.pair);
  if (isGood(check)) {
    removeChunk(pair);
    return { packedSize, check };
  }
  removeChunk(packed.pair);
  const aside = checkChunk(pair);
  return { check, ...(isGood(aside) ? {} : { taken: takeBack(claiming, aside.different) }) };
}

function isGood({ different }: ChunkCheck): boolean {
  return different.length === 0;
}
