/** `rescue map clip`: the part of a map. */
import { addClipped, clipMapfile, OPEN_END } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { type ExitStatus, UsageError } from '../../exit.ts';
import { parseSize } from '../../options/size.ts';
import { mapFacts } from './facts.ts';
import { readNamedMap } from './input.ts';
import { giveMap, type ResultArguments, withResultOptions } from './result.ts';
import { extent } from './text.ts';

export interface ClipArguments extends ResultArguments {
  file: string;
  pos: string | undefined;
  size: string | undefined;
}

export function clipOptions(argv: Argv): Argv<ClipArguments> {
  const own = argv
    .positional('file', { type: 'string', demandOption: true, describe: 'Mapfile' })
    .options({
      pos: { type: 'string', requiresArg: true, describe: 'First byte of the part [default: 0]' },
      size: {
        type: 'string',
        requiresArg: true,
        describe: 'Bytes of the part [default: up to the end of the map]',
      },
    });
  return withResultOptions(own)
    .example('$0 map clip sda.map --pos 1MiB --size 100MiB', 'what is known of these 100 MiB')
    .strict() as unknown as Argv<ClipArguments>;
}

export async function clip(args: ClipArguments, context: Context): Promise<ExitStatus> {
  if (args.pos === undefined && args.size === undefined) {
    throw new UsageError('Say which part: --pos N, --size N or both.');
  }
  const pos = parseSize(args.pos ?? '0', { option: '--pos' });
  const size =
    args.size === undefined ? OPEN_END : parseSize(args.size, { option: '--size', min: 1 });
  const { mapfile } = readNamedMap(args.file);
  const part = clipMapfile(mapfile, pos, addClipped(pos, size));
  if (part.map.count === 0) {
    const covered = extent(mapFacts(mapfile));
    throw new UsageError(`${args.file} has nothing of that part; it covers ${covered}.`);
  }
  return giveMap({ action: 'clip', inputs: [args.file], mapfile: part }, args, context);
}
