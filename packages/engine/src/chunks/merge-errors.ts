/** The sentences of a merge. */
import type { Domain } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { FileSource } from '../node/file-source.ts';
import type { MergeJob } from './merge-job.ts';

export function chunkAsImage(job: MergeJob, chunk: number): RescueError {
  return new RescueError(
    'target-exists',
    `The last name is the image to write, and ${job.image} is chunk ${chunk} itself (${job.map} says so).`,
    {
      path: job.image,
      hint: 'Give the image a name of its own: rescue merge chunk*.raw final.raw',
    },
  );
}

export function lostImage(job: MergeJob, claimed: Domain, size: number | undefined): RescueError {
  const what = size === undefined ? 'is not there' : `has only ${size} bytes`;
  return new RescueError(
    'target-missing',
    `${job.map} says that ${claimed.size} bytes were merged up to position ${claimed.end}, but ${job.image} ${what}.`,
    { path: job.image, hint: 'Put the image back, or remove the map and merge all chunks again.' },
  );
}

export function unknownImage(job: MergeJob): RescueError {
  return new RescueError(
    'target-exists',
    `${job.image} exists, but there is no map ${job.map} that knows what is in it.`,
    { path: job.image, hint: 'Choose another name, or give its map with --map.' },
  );
}

export function cutShort(source: FileSource, rescued: Domain): RescueError {
  return new RescueError(
    'chunk-mismatch',
    `${source.name} is cut short: it has ${source.size} bytes, its map claims data up to ${rescued.end}.`,
    { hint: 'Copy it again. Nothing of it was written.' },
  );
}

export function unreadable(name: string, pos: number, errno: string | undefined): RescueError {
  return new RescueError(
    'source-read',
    `${name} cannot be read at position ${pos} (${errno ?? 'it ends there'}).`,
    { path: name, pos, hint: 'Copy it again. Nothing of it is claimed in the map.' },
  );
}
