/** `rescue map`: what people need with mapfiles, one action a file. */
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import type { ExitStatus } from '../../exit.ts';
import type { OutputArguments } from '../../options/shared.ts';
import { clip, clipOptions } from './clip.ts';
import { combineOptions, diff, intersect, union } from './combine.ts';
import { convert, convertOptions } from './convert.ts';
import { lint, lintOptions } from './lint.ts';
import { shift, shiftOptions } from './shift.ts';
import { show, showOptions } from './show.ts';

/** Runs an action as the program runs its commands. */
export type Run = <Arguments extends OutputArguments>(
  action: (args: Arguments, context: Context) => Promise<ExitStatus>,
  args: Arguments,
) => Promise<void>;

export function mapActions(argv: Argv, run: Run): Argv {
  return argv
    .command({
      command: 'show <files..>',
      describe: 'How much has which status, and where the rest lies',
      builder: showOptions,
      handler: (args) => run(show, args as never),
    })
    .command({
      command: 'lint <files..>',
      describe: 'Find what goes wrong in maps made by hand',
      builder: lintOptions,
      handler: (args) => run(lint, args as never),
    })
    .command({
      command: 'union <files..>',
      describe: 'What any of the maps knows; the status furthest in progress wins',
      builder: combineOptions,
      handler: (args) => run(union, args as never),
    })
    .command({
      command: 'intersect <files..>',
      describe: 'Finished where all maps are finished, else non-tried',
      builder: combineOptions,
      handler: (args) => run(intersect, args as never),
    })
    .command({
      command: 'diff <files..>',
      describe: 'Finished where the first map is and the second is not, else non-tried',
      builder: combineOptions,
      handler: (args) => run(diff, args as never),
    })
    .command({
      command: 'clip <file>',
      describe: 'The part of a map',
      builder: clipOptions,
      handler: (args) => run(clip, args as never),
    })
    .command({
      command: 'shift <file>',
      describe: 'Move all positions of a map',
      builder: shiftOptions,
      handler: (args) => run(shift, args as never),
    })
    .command({
      command: 'convert <file>',
      describe: 'A map as an older ddrescue takes it',
      builder: convertOptions,
      handler: (args) => run(convert, args as never),
    })
    .demandCommand(1, 'Say what to do: show, lint, union, intersect, diff, clip, shift or convert.')
    .recommendCommands()
    .strict();
}
