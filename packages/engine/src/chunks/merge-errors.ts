/** The sentences of a merge about its image. */
import type { Domain } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { Manifest } from './manifest.ts';
import type { MergeJob } from './merge-job.ts';

export function notAnImage(job: MergeJob, { kind, chunk }: Manifest): RescueError {
  const what = chunk === undefined ? `a ${kind}` : `chunk ${chunk}`;
  return new RescueError(
    'target-exists',
    `The last name is the image to write, and ${job.map} is the map of ${what}, so ${job.image} would be ${what} itself.`,
    {
      path: job.image,
      hint: 'Give the image a name of its own: rescue merge chunk*.raw final.raw',
    },
  );
}

interface Lost {
  readonly claimed: Domain;
  /** Of what is there under the image's name. */
  readonly size: number | undefined;
  /** The map is the common map that chunks are read by: by no means to be removed. */
  readonly isOfReading: boolean;
}

export function lostImage(job: MergeJob, { claimed, size, isOfReading }: Lost): RescueError {
  if (isOfReading) {
    return new RescueError(
      'target-exists',
      `${job.map} is the map by which the disk is read, not that of an image ${job.image}.`,
      {
        path: job.map,
        hint: 'Keep that map. Give the image another name, or another map with --map.',
      },
    );
  }
  const what = size === undefined ? 'is not there' : `has only ${size} bytes`;
  return new RescueError(
    'target-missing',
    `${job.map} says that ${claimed.size} bytes were merged up to position ${claimed.end}, but ${job.image} ${what}.`,
    { path: job.image, hint: 'Put the image back, or remove the map and merge all chunks again.' },
  );
}

export function otherImage(job: MergeJob, pos: number): RescueError {
  return new RescueError(
    'target-missing',
    `${job.image} does not hold what ${job.map} says was merged: at position ${pos} there are other bytes. It was emptied, damaged or replaced.`,
    {
      path: job.image,
      pos,
      hint: 'Put the right image back, or remove the map and merge all chunks again into a new image.',
    },
  );
}

export function secondImage(job: MergeJob, receipt: string): RescueError {
  return new RescueError(
    'target-exists',
    `${receipt} says that chunks of this rescue went into an image already, and ${job.image} has nothing of that.`,
    {
      path: job.image,
      hint: 'Look at the name of the image again. If the other image is lost, or this is to be a second one, say --new-image; chunks that were deleted must be read again then.',
    },
  );
}

export function unknownImage(job: MergeJob): RescueError {
  return new RescueError(
    'target-exists',
    `${job.image} exists, but there is no map ${job.map} that knows what is in it.`,
    {
      path: job.image,
      hint: 'Choose another name, or give its map with --map. To write over what is in it say --force.',
    },
  );
}

export function unreadable(name: string, pos: number, errno: string | undefined): RescueError {
  return new RescueError(
    'source-read',
    `${name} cannot be read at position ${pos} (${errno ?? 'it ends there'}).`,
    { path: name, pos, hint: 'Copy it again. Nothing of it is claimed in the map.' },
  );
}
