/** The options of `rescue read`. */
import type { Argv } from 'yargs';
import {
  type EngineArguments,
  type OutputArguments,
  withEngineOptions,
  withOutputOptions,
} from '../options/shared.ts';

export interface ReadArguments extends EngineArguments, OutputArguments {
  source: string;
  chunk: string | undefined;
  'chunk-size': string | undefined;
  all: boolean;
  next: boolean;
  'domain-map': string | undefined;
  out: string;
  map: string | undefined;
  reread: boolean;
  'trust-target': boolean;
}

export function readOptions(argv: Argv): Argv<ReadArguments> {
  const own = argv
    .positional('source', {
      type: 'string',
      demandOption: true,
      describe: 'Failing device, or a file',
    })
    .options({
      chunk: {
        type: 'string',
        requiresArg: true,
        describe: 'Numbers of the chunks to read, from 0: 3 or 0-9,12',
      },
      all: { type: 'boolean', default: false, describe: 'Read every chunk that is not finished' },
      next: {
        type: 'boolean',
        default: false,
        describe: 'Read the first chunk that is not finished',
      },
      'domain-map': {
        alias: 'm',
        type: 'string',
        requiresArg: true,
        describe: 'Instead of chunks: read what is finished (+) in this map',
      },
      'chunk-size': {
        type: 'string',
        requiresArg: true,
        describe: 'Bytes of a chunk [default: 100MiB, or as begun]',
      },
      out: {
        type: 'string',
        requiresArg: true,
        default: '.',
        describe: 'Directory for the chunks, for example the stick',
      },
      map: {
        type: 'string',
        requiresArg: true,
        describe: 'The common map of the whole source [default: common.map in --out]',
      },
      reread: {
        type: 'boolean',
        default: false,
        describe: 'Read again what the map says was read already',
      },
      'trust-target': {
        type: 'boolean',
        default: false,
        describe: 'ddrescue itself went on with this chunk file: the common map is right about it',
      },
    });
  return withOutputOptions(withEngineOptions(own))
    .example('$0 read /dev/sdb1 --chunk 3', 'one chunk of 100 MiB: chunk03.raw and chunk03.map')
    .example('$0 read /dev/sdb1 --all --out /media/stick', 'every chunk, onto the stick')
    .example('$0 read /dev/sdb1 --chunk 3 -r 3', 'later: try its bad sectors three times more')
    .strict() as unknown as Argv<ReadArguments>;
}
