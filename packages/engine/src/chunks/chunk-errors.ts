/** The sentences about a chunk that cannot be taken. */
import type { Range } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import type { MapKind } from './manifest.ts';

const AGAIN =
  'Copy both files of the chunk again from where they were read; nothing of it was written.';

interface Pair {
  readonly raw: string;
  readonly map: string;
}

export function noMap({ raw, map }: Pair): RescueError {
  return new RescueError('chunk-unfinished', `${raw} has no map ${map}.`, {
    path: raw,
    hint: 'A chunk is two files, .raw and .map: copy both. If there is no map on the stick either, reading never got that far: give the same read command again there.',
  });
}

export function chunkDamaged(map: string, what: string): RescueError {
  return new RescueError('chunk-mismatch', `${map} is damaged: ${what}.`, {
    path: map,
    hint: AGAIN,
  });
}

export function notAChunk({ map }: Pair, kind: Exclude<MapKind, 'chunk'> | 'whole'): RescueError {
  const what = {
    plan: 'a plan',
    image: "an image's map",
    receipt: 'a receipt',
    whole: 'the map of the whole rescue',
  }[kind];
  return new RescueError('chunk-mismatch', `${map} is ${what}, not the map of a chunk.`, {
    path: map,
    hint: 'Give the chunk whose map was written by rescue read.',
  });
}

export function cutShort(
  raw: string,
  { size, wanted }: { size: number; wanted: number },
): RescueError {
  return new RescueError(
    'chunk-mismatch',
    `${raw} is cut short: it has ${size} of ${wanted} bytes.`,
    {
      path: raw,
      hint: 'Copy it again; the PC where it was read still has it, or can read it again. Nothing of it was written.',
    },
  );
}

/** An image that was written in one piece does not have all that its map says. */
export function shortCopy(what: {
  readonly image: string;
  readonly map: string;
  readonly size: number;
  readonly end: number;
}): RescueError {
  const { image, map, size, end } = what;
  return new RescueError(
    'chunk-mismatch',
    `${image} is cut short: it has ${size} bytes, and ${map} says that data up to position ${end} are in it.`,
    {
      path: image,
      hint: 'Put the whole image back; or read the disk again with rescue copy and --reread.',
    },
  );
}

export function pieceDiffers(raw: string, { pos, size }: Range, isOther: string): RescueError {
  return new RescueError(
    'chunk-mismatch',
    `${raw} is not what was read: its digest differs between positions ${pos} and ${pos + size} of the source${isOther}.`,
    { path: raw, pos, hint: AGAIN },
  );
}

export function unfinished(
  raw: string,
  { done, size }: { done: number; size: number },
): RescueError {
  return new RescueError(
    'chunk-unfinished',
    `${raw} is unfinished: reading was stopped with ${done} of ${size} bytes rescued.`,
    {
      path: raw,
      hint: 'Give the same read command again where it was read. If that is not possible any more, take what is in it with --unfinished.',
    },
  );
}

export function foreign(raw: string, what: string): RescueError {
  return new RescueError('chunk-foreign', `${raw} ${what}.`, {
    path: raw,
    hint: 'Nothing of it was written. If both are copies of one disk, say --same-disk.',
  });
}

export function otherSize(raw: string, what: string): RescueError {
  return new RescueError('chunk-foreign', `${raw} ${what}.`, {
    path: raw,
    hint: 'It is of another disk, or of a part of it. Nothing of it was written; merge it into an image of its own.',
  });
}

export function beginsWithZeros(raw: string, pos: number): RescueError {
  return new RescueError(
    'chunk-mismatch',
    `${raw} has nothing but zeros where its map says that data from position ${pos} on were rescued; its map was not written by rescue, and may be that of the whole disk.`,
    {
      path: raw,
      pos,
      hint: 'Give each chunk a map of its own part; nothing was written. If the disk has zeros there, say --trust-holes.',
    },
  );
}

export function mostlyHoles(
  raw: string,
  { claimed, there }: { claimed: number; there: number },
): RescueError {
  return new RescueError(
    'chunk-mismatch',
    `${raw} is no chunk of its map: the map says that ${claimed} bytes were rescued, and the file holds ${there}; the rest are holes, where nothing was ever written.`,
    {
      path: raw,
      hint: 'A map of the whole disk beside one chunk looks like that; nothing was written. If the holes are zeros of the disk (ddrescue -S), say --trust-holes.',
    },
  );
}

export function conflict(raw: string, image: string, pos: number): RescueError {
  return new RescueError(
    'chunk-conflict',
    `${raw} and ${image} both have byte ${pos} of the source, and they differ: one of the two was read wrongly or damaged.`,
    {
      path: raw,
      pos,
      hint: 'Nothing of the chunk was written. rescue verify tells whether the image is as it was merged; to take the chunk’s bytes say --replace.',
    },
  );
}
