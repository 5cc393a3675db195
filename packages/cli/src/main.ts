/**
 * The command line of our own commands. What only one of them needs is loaded when it is asked for: help, status
 * and maps must not wait for the engine.
 */
import { VERSION } from '@chunkrescue/engine';
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EXIT, UsageError } from './exit.ts';
import { withDirectWord } from './options/direct.ts';
import type { OutputArguments } from './options/shared.ts';
import { withMissing, withSuggestion } from './options/suggestion.ts';
import { type Command, run, tell } from './run.ts';
import { Reporter } from './screen/reporter.ts';

/** A command, as its module has it. */
interface Loaded<Arguments> {
  readonly options: (argv: Argv) => Argv<Arguments>;
  readonly action: Command<Arguments>;
}

const words = hideBin(process.argv);

/** What the command line asks for, once it is understood. */
let asked: (() => Promise<void>) | undefined;

function ask<Arguments extends OutputArguments>(action: Command<Arguments>, args: Arguments): void {
  asked = () => run(action, args, words);
}

/** For yargs: loads a command when its name was read. */
function lazily<Arguments extends OutputArguments>(load: () => Promise<Loaded<Arguments>>) {
  let loaded: Loaded<Arguments>;
  return {
    builder: async (argv: Argv) => {
      loaded = await load();
      return loaded.options(argv);
    },
    handler: (args: unknown) => ask(loaded.action, args as Arguments),
  };
}

/** Reached only behind an option of ours: else `start.ts` took the command. */
function dropIn(): never {
  throw new UsageError('ddrescue and ddrescuelog must be the first word behind rescue.');
}

const program = yargs()
  .scriptName('rescue')
  .usage(
    [
      'Rescues a failing disk in chunks that fit on a small stick.',
      '',
      '  On the PC with the failing disk:  $0 read /dev/sdb1 --all --out /media/stick',
      '  On the PC with room:              $0 merge /media/stick/chunk*.raw final.raw',
      '',
      'Interrupted? Give the same command again; it goes on where it stopped.',
    ].join('\n'),
  )
  .command({
    command: 'read <source>',
    describe: 'Read chunks of a failing source',
    ...lazily(async () => {
      const { readOptions } = await import('./commands/read-options.ts');
      const { read } = await import('./commands/read.ts');
      return { options: readOptions, action: read };
    }),
  })
  .command({
    command: 'merge <files..>',
    describe: 'Put chunks into one image',
    ...lazily(async () => {
      const { merge, mergeOptions } = await import('./commands/merge.ts');
      return { options: mergeOptions, action: merge };
    }),
  })
  .command({
    command: 'verify <files..>',
    describe: 'Read again what was rescued, and compare',
    ...lazily(async () => {
      const { verify, verifyOptions } = await import('./commands/verify.ts');
      return { options: verifyOptions, action: verify };
    }),
  })
  .command({
    command: 'plan <source>',
    describe: 'Show the chunks that a source would be cut into',
    ...lazily(async () => {
      const { planOptions } = await import('./commands/plan/options.ts');
      const { plan } = await import('./commands/plan/plan.ts');
      return { options: planOptions, action: plan };
    }),
  })
  .command({
    command: 'status [places..]',
    describe: 'How far a rescue is, and what to do next',
    ...lazily(async () => {
      const { status, statusOptions } = await import('./commands/status/status.ts');
      return { options: statusOptions, action: status };
    }),
  })
  .command({
    command: 'copy <source> <target> [map]',
    describe: 'Rescue a whole source into one image',
    ...lazily(async () => {
      const { copy, copyOptions } = await import('./commands/copy.ts');
      return { options: copyOptions, action: copy };
    }),
  })
  .command({
    command: 'map',
    describe: 'Show, check and combine mapfiles',
    builder: async (argv: Argv) => {
      const { mapActions } = await import('./commands/map/actions.ts');
      return mapActions(argv, ask);
    },
    handler: () => {},
  })
  .command({
    command: 'ddrescue [words..]',
    describe: 'Do what GNU ddrescue 1.30 does with the same command line',
    handler: dropIn,
  })
  .command({
    command: 'ddrescuelog [words..]',
    describe: 'Do what GNU ddrescuelog 1.30 does with the same command line',
    handler: dropIn,
  })
  .parserConfiguration({
    'boolean-negation': false,
    'parse-numbers': false,
    'parse-positional-numbers': false,
  })
  .epilogue(
    'Exit status: 0 all that was asked for is rescued, 1 usage or environment, 2 damaged map or chunk, ' +
      '3 a fault of this program, 4 ended with bytes unread or chunks missing, 5 stopped by a limit, ' +
      '6 source lost, 7 refused for safety.',
  )
  .demandCommand(
    1,
    'Say what to do: read, merge, verify, plan, status, copy, map, ddrescue or ddrescuelog.',
  )
  .recommendCommands()
  .strict()
  // Our words are English, whatever the system speaks; and `withSuggestion` reads what yargs says.
  .detectLocale(false)
  .version(VERSION)
  .help()
  .wrap(Math.min(100, process.stdout.columns ?? 80))
  .exitProcess(false)
  .fail((message, error, usage) => {
    // recommendCommands speaks of commands only; options deserve as much. What yargs hands over here is its
    // table of descriptions, whatever its types say.
    const { getDescriptions } = usage as unknown as { getDescriptions(): object };
    throw (
      error ??
      new UsageError(withSuggestion(withMissing(message, words), Object.keys(getDescriptions())))
    );
  });

export async function main(): Promise<void> {
  try {
    await program.parseAsync(withDirectWord(words));
    await asked?.();
  } catch (error) {
    process.exitCode = error instanceof UsageError ? EXIT.environment : EXIT.bug;
    tell(new Reporter({ verbosity: 1, isJson: words.includes('--json'), log: undefined }), error);
  }
}
