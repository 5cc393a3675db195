/** `rescue map shift`: a map whose positions are all moved, as from a partition's to its disk's. */
import { type RescueMap, shiftLimits, shiftMapfile } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { type ExitStatus, UsageError } from '../../exit.ts';
import { parseSize } from '../../options/size.ts';
import { readNamedMap } from './input.ts';
import { giveMap, type ResultArguments, withResultOptions } from './result.ts';

export interface ShiftArguments extends ResultArguments {
  file: string;
  by: string;
}

export function shiftOptions(argv: Argv): Argv<ShiftArguments> {
  const own = argv
    .positional('file', { type: 'string', demandOption: true, describe: 'Mapfile' })
    .options({
      by: {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'Bytes to add to each position; --by=-1MiB moves down',
      },
    });
  return withResultOptions(own)
    .example('$0 map shift sda1.map --by 1MiB', "from a partition's map to its disk's")
    .strict() as unknown as Argv<ShiftArguments>;
}

export async function shift(args: ShiftArguments, context: Context): Promise<ExitStatus> {
  const by = parseSize(args.by, { option: '--by', min: -Number.MAX_SAFE_INTEGER });
  const { mapfile } = readNamedMap(args.file);
  refuseOutside(by, mapfile.map);
  const moved = shiftMapfile(mapfile, by);
  return giveMap({ action: 'shift', inputs: [args.file], mapfile: moved }, args, context);
}

function refuseOutside(by: number, map: RescueMap): void {
  const { min, max } = shiftLimits(map);
  if (by < min) {
    throw new UsageError(
      `--by: ${by} would move the map below 0; it begins at ${map.start}, so ${min} is the least.`,
    );
  }
  if (by > max) {
    throw new UsageError(
      `--by: ${by} would move the map beyond 2^53-1, where exact numbers end; ${max} is the most.`,
    );
  }
}
