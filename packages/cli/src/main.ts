/** The command: reads the command line, runs one sub-command, ends with its status. */
import { asWorldTrouble, RescueError, VERSION } from '@chunkrescue/engine';
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { copy, copyOptions } from './commands/copy.ts';
import { mapActions } from './commands/map/actions.ts';
import { merge, mergeOptions } from './commands/merge.ts';
import { planOptions } from './commands/plan/options.ts';
import { plan } from './commands/plan/plan.ts';
import { read } from './commands/read.ts';
import { readOptions } from './commands/read-options.ts';
import { status, statusOptions } from './commands/status/status.ts';
import { verify, verifyOptions } from './commands/verify.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitStatus, statusOf, UsageError, worse } from './exit.ts';
import { openLog } from './logger.ts';
import type { OutputArguments } from './options/shared.ts';
import { withSuggestion } from './options/suggestion.ts';
import { Reporter } from './screen/reporter.ts';
import { dieBy, trapSignals } from './signals.ts';

type Command<Arguments> = (args: Arguments, context: Context) => Promise<ExitStatus>;

const words = hideBin(process.argv);

/** The only arguments that may be several. */
const LISTS = new Set(['_', 'files', 'places']);

/** Runs a command and sets the status; a signal that came meanwhile ends the program at last. */
async function run<Arguments extends OutputArguments>(
  command: Command<Arguments>,
  args: Arguments,
): Promise<void> {
  const twice = Object.entries(args).find(
    ([name, value]) => Array.isArray(value) && !LISTS.has(name),
  );
  if (twice !== undefined) throw new UsageError(`--${twice[0]} is given twice.`);
  const log =
    args.log === undefined
      ? undefined
      : openLog(args.log, (reason) =>
          report.warning(
            `--log: ${args.log} cannot be written any more (${reason}); going on without it.`,
          ),
        );
  const report = new Reporter({
    verbosity: args.quiet ? 0 : 1 + args.verbose,
    isJson: args.json,
    log,
  });
  const trap = trapSignals(() =>
    report.note(
      'Stopping; the map is being saved. Once more, and it ends without waiting for that.',
    ),
  );
  const output = watchOutput(() => trap.stop());
  const commandLine = ['rescue', ...words].join(' ');
  log?.info({ commandLine }, 'start');
  let status: ExitStatus;
  try {
    status = await command(args, { report, log, trap, commandLine });
  } catch (thrown) {
    const error = asWorldTrouble(thrown);
    status = statusOf(error);
    tell(report, error);
  }
  report.end();
  // The trouble of the last write is told after it.
  await new Promise((resolve) => setImmediate(resolve));
  if (output.failure() !== undefined) {
    report.error({ code: 'output', message: `stdout cannot be written (${output.failure()}).` });
    status = worse(status, EXIT.environment);
  }
  log?.info({ status, signal: trap.caught() }, 'end');
  process.exitCode = status;
  trap.release();
  const signal = trap.caught();
  if (signal !== undefined) dieBy(signal);
}

/** Whoever read the results may be gone, or the disk they go to full: no reason to lose what was read. */
function watchOutput(onFailure: () => void): { failure(): string | undefined } {
  let failure: string | undefined;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error.code ?? error.message;
    onFailure();
  });
  return { failure: () => failure };
}

function tell(report: Reporter, error: unknown): void {
  if (error instanceof RescueError) {
    report.error({ code: error.code, message: error.message, hint: error.hint });
  } else if (error instanceof UsageError) {
    report.error({ code: 'usage', message: error.message, hint: 'See rescue --help.' });
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report.error({
      code: 'bug',
      message: `This is a fault of rescue, please report it:\n${text}`,
      hint: 'What was read until the last save is kept; the same command goes on.',
    });
  }
}

/** Reached only behind an option of ours: else `start.ts` took the command. */
function dropIn(): never {
  throw new UsageError('ddrescue and ddrescuelog must be the first word behind rescue.');
}

const program = yargs(words)
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
    builder: (argv: Argv) => readOptions(argv),
    handler: (args) => run(read, args as never),
  })
  .command({
    command: 'merge <files..>',
    describe: 'Put chunks into one image',
    builder: (argv: Argv) => mergeOptions(argv),
    handler: (args) => run(merge, args as never),
  })
  .command({
    command: 'verify <files..>',
    describe: 'Read again what was rescued, and compare',
    builder: (argv: Argv) => verifyOptions(argv),
    handler: (args) => run(verify, args as never),
  })
  .command({
    command: 'plan <source>',
    describe: 'Show the chunks that a source would be cut into',
    builder: (argv: Argv) => planOptions(argv),
    handler: (args) => run(plan, args as never),
  })
  .command({
    command: 'status [places..]',
    describe: 'How far a rescue is, and what to do next',
    builder: (argv: Argv) => statusOptions(argv),
    handler: (args) => run(status, args as never),
  })
  .command({
    command: 'copy <source> <target> [map]',
    describe: 'Rescue a whole source into one image',
    builder: (argv: Argv) => copyOptions(argv),
    handler: (args) => run(copy, args as never),
  })
  .command({
    command: 'map',
    describe: 'Show, check and combine mapfiles',
    builder: (argv: Argv) => mapActions(argv, run),
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
    'Exit status: 0 all rescued, 1 usage or environment, 2 damaged map or chunk, 3 a fault of this program,\n' +
      '4 ended with bytes unread or chunks missing, 5 stopped by a limit, 6 source lost, 7 refused for safety.',
  )
  .demandCommand(
    1,
    'Say what to do: read, merge, verify, plan, status, copy, map, ddrescue or ddrescuelog.',
  )
  .recommendCommands()
  .strict()
  .version(VERSION)
  .help()
  .wrap(Math.min(100, process.stdout.columns ?? 80))
  .exitProcess(false)
  .fail((message, error, usage) => {
    // recommendCommands speaks of commands only; options deserve as much. What yargs hands over here is its
    // table of descriptions, whatever its types say.
    const { getDescriptions } = usage as unknown as { getDescriptions(): object };
    throw error ?? new UsageError(withSuggestion(message, Object.keys(getDescriptions())));
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof UsageError ? EXIT.environment : EXIT.bug;
  tell(new Reporter({ verbosity: 1, isJson: words.includes('--json'), log: undefined }), error);
}
