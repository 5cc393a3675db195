/** `rescue map union`, `intersect`, `diff`: one map from several, of any extents. */
import { differenceOf, intersectionOf, type RescueMap, unionOf } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { type ExitStatus, UsageError } from '../../exit.ts';
import { readNamedMap } from './input.ts';
import { freshMapfile, giveMap, type ResultArguments, withResultOptions } from './result.ts';

export interface CombineArguments extends ResultArguments {
  files: string[];
}

export function combineOptions(argv: Argv): Argv<CombineArguments> {
  const own = argv.positional('files', {
    type: 'string',
    array: true,
    demandOption: true,
    describe: 'Mapfiles',
  });
  return withResultOptions(own).strict() as unknown as Argv<CombineArguments>;
}

/** What any of the maps knows. */
export async function union(args: CombineArguments, context: Context): Promise<ExitStatus> {
  return combine({ action: 'union', operation: unionOf, filesMax: Infinity }, args, context);
}

/** Finished where all maps are finished. */
export async function intersect(args: CombineArguments, context: Context): Promise<ExitStatus> {
  const operation = intersectionOf;
  return combine({ action: 'intersect', operation, filesMax: Infinity }, args, context);
}

/** Finished where the first map is finished and the second is not. */
export async function diff(args: CombineArguments, context: Context): Promise<ExitStatus> {
  return combine({ action: 'diff', operation: differenceOf, filesMax: 2 }, args, context);
}

interface Combination {
  readonly action: string;
  readonly operation: (a: RescueMap, b: RescueMap) => RescueMap;
  readonly filesMax: number;
}

function combine(how: Combination, args: CombineArguments, context: Context): ExitStatus {
  const { action, operation, filesMax } = how;
  const { files } = args;
  if (files.length < 2 || files.length > filesMax) {
    const wanted = filesMax === 2 ? 'two maps' : 'two maps or more';
    throw new UsageError(`Give ${wanted}: rescue map ${action} a.map b.map`);
  }
  const map = files.map((path) => readNamedMap(path).mapfile.map).reduce(operation);
  return giveMap({ action, inputs: files, mapfile: freshMapfile(map) }, args, context);
}
