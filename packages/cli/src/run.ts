/** Runs a command of ours: what it tells, its log, its signals, and the status in which it ends. */
import { asWorldTrouble, RescueError } from '@chunkrescue/engine';
import type { Context } from './context.ts';
import { EXIT, type ExitStatus, statusOf, UsageError, worse } from './exit.ts';
import type { OutputArguments } from './options/shared.ts';
import { Reporter } from './screen/reporter.ts';
import { dieBy, trapSignals } from './signals.ts';

export type Command<Arguments> = (args: Arguments, context: Context) => Promise<ExitStatus>;

/** The only arguments that may be several. */
const LISTS = new Set(['_', 'files', 'places']);

/**
 * Runs a command and sets the status; a signal that came meanwhile ends the program at last.
 * @param words the command line, for the log and the heading of mapfiles
 */
export async function run<Arguments extends OutputArguments>(
  command: Command<Arguments>,
  args: Arguments,
  words: readonly string[],
): Promise<void> {
  const twice = Object.entries(args).find(
    ([name, value]) => Array.isArray(value) && !LISTS.has(name),
  );
  if (twice !== undefined) throw new UsageError(`--${twice[0]} is given twice.`);
  const log = await logOf(args, (text) => report.warning(text));
  const report = new Reporter({
    verbosity: args.quiet ? 0 : 1 + args.verbose,
    isJson: args.json,
    log,
  });
  const trap = trapSignals((signal) => {
    // Nobody is there to read it.
    if (signal === 'SIGPIPE') return;
    report.note(
      savesMap(args)
        ? 'Stopping; the map is being saved. Once more a second later, and it ends without waiting for that.'
        : 'Stopping.',
    );
  });
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
  const failure = output.failure();
  const isUnread = failure === 'EPIPE';
  if (failure !== undefined && !isUnread) {
    report.error({ code: 'output', message: `stdout cannot be written (${failure}).` });
    status = worse(status, EXIT.environment);
  }
  const signal = trap.caught() ?? (isUnread ? 'SIGPIPE' : undefined);
  log?.info({ status, signal }, 'end');
  process.exitCode = status;
  trap.release();
  if (signal !== undefined) dieBy(signal);
}

/** Whether the command has a map to save when it is stopped; what others read is not changed. */
function savesMap(args: object): boolean {
  const [name] = '_' in args && Array.isArray(args._) ? args._ : [];
  return ['read', 'merge', 'copy'].includes(String(name));
}

/** The log that was asked for; pino is loaded for nothing else. */
async function logOf(
  { log: path }: OutputArguments,
  warn: (text: string) => void,
): Promise<Context['log']> {
  if (path === undefined) return undefined;
  const { openLog } = await import('./logger.ts');
  return openLog(path, (reason) =>
    warn(`--log: ${path} cannot be written any more (${reason}); going on without it.`),
  );
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

/** Tells what ended a command, or kept it from beginning. */
export function tell(report: Reporter, error: unknown): void {
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
