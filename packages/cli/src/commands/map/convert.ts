/** `rescue map convert`: a map as an older ddrescue takes it. */
import type { Mapfile } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import type { ExitStatus } from '../../exit.ts';
import { readNamedMap } from './input.ts';
import { giveMap, type ResultArguments, withResultOptions } from './result.ts';

export interface ConvertArguments extends ResultArguments {
  file: string;
  for: '1.29';
}

export function convertOptions(argv: Argv): Argv<ConvertArguments> {
  const own = argv
    .positional('file', { type: 'string', demandOption: true, describe: 'Mapfile' })
    .options({
      for: {
        choices: ['1.29'],
        requiresArg: true,
        demandOption: true,
        describe: 'The version of ddrescue that is to read it; 1.29 stands for all from 1.20 on',
      },
    });
  return withResultOptions(own)
    .example(
      '$0 map convert sdb1.map --for 1.29 --output old.map',
      'for the ddrescue of a rescue CD',
    )
    .strict() as unknown as Argv<ConvertArguments>;
}

export async function convert(args: ConvertArguments, context: Context): Promise<ExitStatus> {
  const { mapfile } = readNamedMap(args.file);
  const isNew = mapfile.state === '%';
  context.report.note(
    isNew
      ? `${args.file} is in the state of sweeping (%), which came with 1.30; 1.29 goes on with copying, pass 5.`
      : `${args.file} is in no state that 1.29 does not know; nothing had to change.`,
  );
  return giveMap(
    { action: 'convert', inputs: [args.file], mapfile: isNew ? asCopying(mapfile) : mapfile },
    args,
    context,
  );
}

/** What sweeping does was the last pass of copying before. */
function asCopying(mapfile: Mapfile): Mapfile {
  return { ...mapfile, state: '?', pass: 5 };
}
