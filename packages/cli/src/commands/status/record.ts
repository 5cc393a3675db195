/** What `rescue status --json` says: exact numbers, every chunk. */
import type { ChunkStatus, FoundChunk, JobStatus } from '@chunkrescue/engine';
import type { Step } from './next.ts';

export function jobRecord(job: JobStatus, next: readonly Step[]): object {
  const { manifest, sourceSize, commons, images, receipt, chunks, parts, totals } = job;
  return {
    job: job.job,
    source: { ...manifest.identity, size: sourceSize },
    chunkSize: manifest.chunkSize ?? null,
    commonMaps: commons.map(({ path }) => path),
    images: images.map(({ image, path }) => ({ image, map: path })),
    receipt: receipt === undefined ? null : { path: receipt.path, chunks: receipt.merged.size },
    totals,
    chunks: chunks.map(chunkRecord),
    parts: parts.map(fileRecord),
    next,
  };
}

function chunkRecord({ files, chunk, ...rest }: ChunkStatus): object {
  return { chunk: chunk ?? null, ...rest, files: files.map(fileRecord) };
}

function fileRecord({ pair, number, state, facts, trouble }: FoundChunk): object {
  const range = facts?.manifest.range;
  return { ...pair, chunk: number ?? null, state, ...range, trouble: trouble?.message ?? null };
}
