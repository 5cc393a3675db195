/** The options of `rescue read`. */
import type { Argv } from 'yargs';
import {
  type EngineArguments,
  type OutputArguments,
  withEngineOptions,
  withOutputOptions,
} from '../options/shared.ts';
import { type SourceArguments, withSourceOptions } from './source-guard.ts';

export interface ReadArguments extends EngineArguments, OutputArguments, SourceArguments {
  source: string;
  chunk: string | undefined;
  'chunk-size': string | undefined;
  all: boolean;
  next: boolean;
  fit: boolean;
  'retry-bad': boolean;
  'domain-map': string | undefined;
  out: string;
  map: string | undefined;
  layout: 'auto' | 'sparse' | 'compact';
  compress: 'gzip' | 'zstd' | undefined;
  stage: string | undefined;
  free: boolean;
  carried: boolean;
  reread: boolean;
  'other-out': boolean;
  'no-check': boolean;
  'trust-target': boolean;
}

/** Which chunks to read: one of these. */
const WHICH = {
  chunk: {
    type: 'string',
    requiresArg: true,
    describe: 'Numbers of the chunks to read, from 0: 3 or 0-9,12',
  },
  all: { type: 'boolean', default: false, describe: 'Every chunk that is not finished' },
  next: { type: 'boolean', default: false, describe: 'The first chunk that is not finished' },
  fit: {
    type: 'boolean',
    default: false,
    describe: 'The next chunks, as many as fit into the free space of --out',
  },
  'retry-bad': {
    type: 'boolean',
    default: false,
    describe: 'Chunks with bad sectors, once more; writes only those that gained something',
  },
  'domain-map': {
    alias: 'm',
    type: 'string',
    requiresArg: true,
    describe: 'Instead of chunks: read what is finished (+) in this map',
  },
} as const;

/** Where to. */
const WHERE = {
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
  'chunk-size': {
    type: 'string',
    requiresArg: true,
    describe: 'Bytes of a chunk [default: 100MiB, or as begun]',
  },
  layout: {
    choices: ['auto', 'sparse', 'compact'],
    requiresArg: true,
    default: 'auto',
    describe:
      'sparse: at the true offset behind a hole; compact: from the first byte on (FAT, exFAT)',
  },
  compress: {
    choices: ['gzip', 'zstd'],
    requiresArg: true,
    describe: 'Compress each finished chunk, for a slow stick (zstd: Node 22.15 or newer)',
  },
  stage: {
    type: 'string',
    requiresArg: true,
    describe: 'With --compress: where a chunk grows before [default: the folder of the map]',
  },
  free: {
    type: 'boolean',
    default: false,
    describe: 'First delete the chunks in --out that the other PC has, as its receipt says',
  },
} as const;

/** What needs to be said twice. */
const INSISTING = {
  carried: {
    type: 'boolean',
    default: false,
    describe: 'Earlier files of the chunk are in safe hands: write only what is new',
  },
  reread: {
    type: 'boolean',
    default: false,
    describe: 'Read again what the map says was read already',
  },
  'other-out': {
    type: 'boolean',
    default: false,
    describe: 'Write to --out although the stick is not mounted there that was before',
  },
  'no-check': {
    type: 'boolean',
    default: false,
    describe: 'Do not read a finished chunk again from the stick',
  },
  'trust-target': {
    type: 'boolean',
    default: false,
    describe: 'ddrescue itself went on with this chunk file: the common map is right about it',
  },
} as const;

export function readOptions(argv: Argv): Argv<ReadArguments> {
  const own = argv
    .positional('source', {
      type: 'string',
      demandOption: true,
      describe: 'Failing device, or a file',
    })
    .options({ ...WHICH, ...WHERE, ...INSISTING });
  return withOutputOptions(withEngineOptions(withSourceOptions(own)))
    .example('$0 read /dev/sdb1 --chunk 3', 'one chunk of 100 MiB: chunk03.raw and chunk03.map')
    .example('$0 read /dev/sdb1 --fit --free --out /media/stick', 'fill the stick, trip by trip')
    .example('$0 read /dev/sdb1 --all --out /media/disk', 'every chunk')
    .example('$0 read /dev/sdb1 --retry-bad -r 3', 'later: try bad sectors three times more')
    .strict() as unknown as Argv<ReadArguments>;
}
