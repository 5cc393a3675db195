/** The sentences about a file that should hold what a map claims. */
import type { Domain } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { shellQuoted } from '../node/shell-word.ts';

/** The files a sentence is about. */
export interface TargetNames {
  readonly target: string;
  /** The map to resume from. */
  readonly map: string;
  /** The map that travels with the target. */
  readonly ownMap?: string | undefined;
}

export function unknownTarget({ target }: TargetNames, what: string): RescueError {
  return new RescueError(
    'target-exists',
    `${target} exists, but ${what} that knows what is in it.`,
    {
      path: target,
      hint: 'If you want to go on with an earlier rescue, give its map. Otherwise choose another name.',
    },
  );
}

/** A map that was emptied, as by a power cut, knew of what is there; without it all of that would be read anew. */
export function emptyMap({ target, map }: TargetNames): RescueError {
  const [there, bak] = [shellQuoted(map), shellQuoted(`${map}.bak`)];
  return new RescueError(
    'target-exists',
    `The map ${map} says nothing, as after a power cut, but ${target} holds data.`,
    {
      path: map,
      hint: `If ${map}.bak is a map with blocks, copy it back: cp ${bak} ${there}. Otherwise remove the empty map and give the command once more: it says then what can be done with the data.`,
    },
  );
}

export function missingBytes(
  { target, map, ownMap }: TargetNames,
  claimed: Domain,
  what: string,
): RescueError {
  const carried =
    ownMap === undefined
      ? ''
      : ' If it is in safe hands on the other PC, say --carried: then only what is new is written.';
  return new RescueError(
    'target-missing',
    `${map} says that ${claimed.size} bytes were read up to position ${claimed.end}, but ${target} ${what}.`,
    {
      path: target,
      hint: `Put it back (with its map) to go on, or read that part again with --reread.${carried}`,
    },
  );
}

export function notProven({ target, map, ownMap }: TargetNames, unproven: Domain): RescueError {
  return new RescueError(
    'target-missing',
    `${map} says that ${unproven.size} bytes from position ${unproven.start} on were read, but ${target} is a file whose own map ${ownMap} does not have them.`,
    {
      path: target,
      hint: 'Put the right file and its map there, or read that part again with --reread. If ddrescue wrote them into this very file, say --trust-target.',
    },
  );
}

export function otherContent({ target, map, ownMap }: TargetNames, pos: number): RescueError {
  return new RescueError(
    'target-missing',
    `${target} does not hold what ${ownMap ?? map} says of it: at position ${pos} of the source there are other bytes. It was emptied, damaged or replaced.`,
    {
      path: target,
      pos,
      hint: 'Put the right file back, or read that part again with --reread. Nothing was written.',
    },
  );
}

export function otherChunk({ target }: TargetNames, why: string): RescueError {
  return new RescueError('target-exists', `${target} is a chunk ${why}.`, {
    path: target,
    hint: 'Choose another --out, or give the map of that rescue with --map.',
  });
}
