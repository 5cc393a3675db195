/** Reading a chunk again when it is finished: a stick that keeps something else than it was given lies. */
import { openChunk } from '../chunks/open-chunk.ts';
import type { ChunkCheck, FileRescueJob } from './job.ts';

/** @throws RescueError `map-corrupt` or `chunk-mismatch` when the files are not as they were written */
export function checkChunk(job: FileRescueJob): ChunkCheck | undefined {
  if (job.chunk === undefined) return undefined;
  const chunk = openChunk({ raw: job.target, map: job.chunk.map }, { cache: 'avoided' });
  try {
    return { isPastCache: chunk.isPastCache, different: [...chunk.differences()] };
  } finally {
    chunk.close();
  }
}
