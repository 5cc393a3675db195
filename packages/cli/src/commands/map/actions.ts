/** `rescue map`: what people need with mapfiles, one action a file. */
import type { Argv } from 'yargs';
import type { OutputArguments } from '../../options/shared.ts';
import type { Command } from '../../run.ts';
import { clip, clipOptions } from './clip.ts';
import { combineOptions, diff, intersect, union } from './combine.ts';
import { convert, convertOptions } from './convert.ts';
import { lint, lintOptions } from './lint.ts';
import { shift, shiftOptions } from './shift.ts';
import { show, showOptions } from './show.ts';

/** Has an action run when the command line is understood, as the program does with its commands. */
export type Ask = <Arguments extends OutputArguments>(
  action: Command<Arguments>,
  args: Arguments,
) => void;

export function mapActions(argv: Argv, ask: Ask): Argv {
  return argv
    .command({
      command: 'show <files..>',
      describe: 'How much has which status, and where the rest lies',
      builder: showOptions,
      handler: (args) => ask(show, args as never),
    })
    .command({
      command: 'lint <files..>',
      describe: 'Find what goes wrong in maps made by hand',
      builder: lintOptions,
      handler: (args) => ask(lint, args as never),
    })
    .command({
      command: 'union <files..>',
      describe: 'What any of the maps knows; the status furthest in progress wins',
      builder: combineOptions,
      handler: (args) => ask(union, args as never),
    })
    .command({
      command: 'intersect <files..>',
      describe: 'Finished where all maps are finished, else non-tried',
      builder: combineOptions,
      handler: (args) => ask(intersect, args as never),
    })
    .command({
      command: 'diff <files..>',
      describe: 'Finished where the first map is and the second is not, else non-tried',
      builder: combineOptions,
      handler: (args) => ask(diff, args as never),
    })
    .command({
      command: 'clip <file>',
      describe: 'The part of a map',
      builder: clipOptions,
      handler: (args) => ask(clip, args as never),
    })
    .command({
      command: 'shift <file>',
      describe: 'Move all positions of a map',
      builder: shiftOptions,
      handler: (args) => ask(shift, args as never),
    })
    .command({
      command: 'convert <file>',
      describe: 'A map as an older ddrescue takes it',
      builder: convertOptions,
      handler: (args) => ask(convert, args as never),
    })
    .demandCommand(1, 'Say what to do: show, lint, union, intersect, diff, clip, shift or convert.')
    .recommendCommands()
    .strict();
}
