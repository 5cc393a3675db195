/** Reading a chunk again when it is finished: a stick that keeps something else than it was given lies. */
import { type ChunkPair, openChunk } from '../chunks/open-chunk.ts';
import type { ChunkCheck } from './job.ts';

/** @throws RescueError `map-corrupt` or `chunk-mismatch` when the files are not as they were written */
export function checkChunk(pair: ChunkPair): ChunkCheck {
  const chunk = openChunk(pair, { cache: 'avoided' });
  try {
    return { isPastCache: chunk.isPastCache, different: [...chunk.differences()] };
  } finally {
    chunk.close();
  }
}
