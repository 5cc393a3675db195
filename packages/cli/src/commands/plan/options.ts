/** The options of `rescue plan`. */
import type { Argv } from 'yargs';
import { type OutputArguments, withOutputOptions } from '../../options/shared.ts';
import type { ReadArguments } from '../read-options.ts';
import type { ChunkChoice } from '../read-parts.ts';

export interface PlanArguments extends OutputArguments {
  source: string;
  'chunk-size': string | undefined;
  map: string | undefined;
  out: string | undefined;
  maps: string | undefined;
  all: boolean;
}

export function planOptions(argv: Argv): Argv<PlanArguments> {
  const own = argv
    .positional('source', {
      type: 'string',
      demandOption: true,
      describe: 'Failing device, or a file; only its size is asked for',
    })
    .options({
      'chunk-size': {
        type: 'string',
        requiresArg: true,
        describe: 'Bytes of a chunk [default: 100MiB, or as begun]',
      },
      map: {
        type: 'string',
        requiresArg: true,
        describe: 'The common map, to tell what is read [default: common.map in --out, if any]',
      },
      out: {
        type: 'string',
        requiresArg: true,
        describe: 'The stick: tell what fits there and how often it must travel',
      },
      maps: {
        type: 'string',
        requiresArg: true,
        describe: 'Write domain maps chunkNN.plan.map into this directory, for ddrescue -m',
      },
      all: {
        type: 'boolean',
        default: false,
        describe: 'A line for each chunk, also where many are alike',
      },
    });
  return withOutputOptions(own)
    .example('$0 plan /dev/sdb1 --out /media/stick', 'how many chunks, how many trips')
    .example('$0 plan /dev/sdb1 --maps plans', 'then: ddrescue -m plans/chunk01.plan.map …')
    .strict() as unknown as Argv<PlanArguments>;
}

/** The `rescue read --fit` that is planned. */
export function plannedRead(args: PlanArguments): PlannedRead {
  const { out = '.', 'chunk-size': chunkSize } = args;
  const sector = { 'sector-size': undefined, 'no-sweep': false, 'no-scrape': false };
  return { out, layout: 'auto', 'chunk-size': chunkSize, ...sector };
}

/** The options of `rescue read` that a plan depends on. */
export type PlannedRead = ChunkChoice &
  Pick<ReadArguments, 'layout' | 'chunk-size' | 'sector-size'>;
