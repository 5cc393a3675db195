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

/** The file is there, and cannot hold what is claimed of it. */
export function missingBytes(names: TargetNames, claimed: Domain, what: string): RescueError {
  return missing(names, claimed, { what, carried: '' });
}

/** The file of what is claimed is not here. */
export function missingFile(names: TargetNames, claimed: Domain): RescueError {
  const carried =
    names.ownMap === undefined
      ? ''
      : ' If it is in safe hands on the other PC, say --carried: then only what is new is written.';
  return missing(names, claimed, { what: 'is not there', carried });
}

function missing(
  { target, map }: TargetNames,
  claimed: Domain,
  { what, carried }: { readonly what: string; readonly carried: string },
): RescueError {
  return new RescueError(
    'target-missing',
    `${map} says that ${claimed.size} bytes were read up to position ${claimed.end}, but ${target} ${what}.`,
    {
      path: target,
      hint: `Put it back (with its map) to go on, or read that part again with --reread.${carried}`,
    },
  );
}

/** Told to be in safe hands, and yet in this very file: it would be left out of what is carried. */
export function notCarried({ target, ownMap }: TargetNames, pos: number): RescueError {
  return new RescueError(
    'target-missing',
    `--carried says that the rest of this chunk is in safe hands, but ${target} holds data from position ${pos} of the source on that its own map ${ownMap} does not know. It would never arrive.`,
    {
      path: target,
      hint: 'If ddrescue wrote it into this very file, say --trust-target instead. If a copy of the whole chunk really is in safe hands, move this file and its map out of the way first.',
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
