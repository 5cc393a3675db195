/** `rescue ddrescuelog`: GNU ddrescuelog's command line, its words and its exit statuses. */
import { VERSION } from '@chunkrescue/engine';
import { UsageError } from '../exit.ts';
import { type Arguments, type Given, helpLines, readValues, splitArguments } from './arguments.ts';
import { GnuError, type GnuIo } from './io.ts';
import { RUN } from './log-operations.ts';
import { LOG_OPTIONS, type LogOperation, operationOf } from './log-options.ts';

const VERBOSITY_MAX = 4;

/**
 * Runs one command line to its end. `words` are the arguments without the program's name.
 * Returns the exit status: 0, 1 environment (or the answer "no"), 2 corrupt input, 3 a fault of this program.
 */
export function ddrescuelog(words: readonly string[], io: GnuIo): number {
  const voice = new Voice(io);
  try {
    return run(split(words), io, voice);
  } catch (error) {
    if (error instanceof GnuError) {
      voice.say(error.message, 0);
      if (error.showsHelp) voice.pointToHelp();
      return error.status;
    }
    if (error instanceof UsageError) {
      voice.say(error.message, 0);
      return 1;
    }
    throw error;
  }
}

/** Options that are none are told of whatever `-q` says, for nothing has been read yet. */
function split(words: readonly string[]): Arguments {
  try {
    return splitArguments(LOG_OPTIONS, words);
  } catch (error) {
    if (error instanceof UsageError) throw new GnuError(error.message, { showsHelp: true });
    throw error;
  }
}

function run({ given, operands }: Arguments, io: GnuIo, voice: Voice): number {
  const known = withoutOverruled(given).map((each) =>
    each.name === 'sector-size' ? { ...each, name: 'block-size' } : each,
  );
  const at = known.findIndex(({ name }) => name === 'help' || name === 'version');
  let operation: LogOperation | undefined;
  const values = readValues(LOG_OPTIONS, at < 0 ? known : known.slice(0, at), {
    sectorOption: 'block-size',
    onEach(name) {
      voice.hear(name);
      const next = operationOf(name);
      if (next !== undefined && operation !== undefined && next !== operation) {
        throw new GnuError('Only one operation can be specified.', { showsHelp: true });
      }
      operation = next ?? operation;
    },
  });
  if (at >= 0) {
    io.out(known[at]?.name === 'help' ? helpText(io.programName) : versionText());
    return 0;
  }
  if (operation === undefined) {
    throw new GnuError('You must specify the operation to be performed.', { showsHelp: true });
  }
  checkCount(operation, operands.length);
  const say = (message: string, least: number): void => voice.say(message, least);
  const { verbosity } = voice;
  return RUN[operation]({ io, values, paths: operands, say, verbosity });
}

/** Of `-p` and `-P` the last one counts. */
function withoutOverruled(given: readonly Given[]): readonly Given[] {
  const isComparison = ({ name }: Given): boolean => operationOf(name) === 'compare';
  const last = given.findLast(isComparison);
  return given.filter((each) => !isComparison(each) || each.name === last?.name);
}

function checkCount(operation: LogOperation, count: number): void {
  const isMany = operation === 'show-status';
  if (count === 0) {
    const which = isMany ? 'At least one' : 'A';
    throw new GnuError(`${which} mapfile must be specified.`, { showsHelp: true });
  }
  if (count > 1 && !isMany) throw new GnuError('Too many files.', { showsHelp: true });
}

/** Messages on standard error, as many as `-q` and `-v` ask for. */
class Voice {
  verbosity = 0;
  readonly #io: GnuIo;

  constructor(io: GnuIo) {
    this.#io = io;
  }

  /** Takes note of an option. */
  hear(option: string): void {
    if (option === 'quiet') this.verbosity = -1;
    if (option === 'verbose' && this.verbosity < VERBOSITY_MAX) this.verbosity++;
  }

  say(message: string, least: number): void {
    if (this.verbosity >= least) this.#io.err(`ddrescuelog: ${message}\n`);
  }

  pointToHelp(): void {
    if (this.verbosity < 0) return;
    this.#io.err(
      `Try '${this.#io.invokedAs ?? this.#io.programName} --help' for more information.\n`,
    );
  }
}

function versionText(): string {
  return `ddrescuelog (rescue ${VERSION}), compatible with GNU ddrescuelog 1.30\n`;
}

function helpText(program: string): string {
  return [
    'ddrescuelog shows, compares, combines, converts and changes the mapfiles of',
    'ddrescue and rescue, and tells whether a rescue is done. Most operations can',
    'be restricted to a part of the mapfile, the rescue domain.',
    '',
    "A hyphen '-' as mapfile is standard input, or standard output for a mapfile",
    'that is created.',
    '',
    `Usage: ${program} [options] mapfile`,
    '',
    'Options:',
    ...helpLines(LOG_OPTIONS),
    '',
    'Numbers are decimal, hexadecimal (0x) or octal (0), may have underscores',
    'between groups of digits, and may end in a multiplier (k, Ki, M, Mi, ...) and',
    "in 's' for sectors: 1_234_567kB, 4Kis, 0x1234_5678.",
    "The argument of '-H' is",
    '<cylinders:heads:sectors1[-sectors2[,tracks_per_zone]]:order:bad_head>,',
    "with 'F' as order for one number of sectors, 'FF' for two.",
    '',
    'Exit status: 0 for a normal exit, 1 for environmental problems (and for',
    '"not done", "not the same"), 2 for a corrupt or invalid input file, 3 for a',
    'fault of this program.',
    '',
  ].join('\n');
}
