/**
 * `rescue ddrescue`: GNU ddrescue 1.30's command line, its reads, maps, messages and statuses. One blocking
 * program for one thread; what it touches outside files comes in with `GnuIo`.
 */
import { RescueError, VERSION } from '@chunkrescue/engine';
import { UsageError } from '../exit.ts';
import { printable } from '../screen/units.ts';
import { helpLines, readValues, splitArguments } from './arguments.ts';
import { commandModeRun } from './command-run.ts';
import { checkFiles, checkNames, type FileNames, usage } from './ddrescue-checks.ts';
import { DDRESCUE_EPILOGUE, DDRESCUE_INTRO } from './ddrescue-help.ts';
import { DDRESCUE_OPTIONS, type DdrescueValues } from './ddrescue-options.ts';
import { GnuError, type GnuIo, type TalkingIo } from './io.ts';
import { fillRun, generateRun } from './other-modes.ts';
import { rescueMode } from './rescue-mode.ts';

/** Runs a command line of ddrescue's; returns the exit status. A run that a signal stopped returns 1. */
export function ddrescue(words: readonly string[], io: GnuIo): number {
  // Each -v adds to what -q took away, in the order given; errors in front of a -q are told.
  const talk = { verbosity: 0 };
  try {
    const parsed = parse(words, talk);
    if (typeof parsed === 'string') {
      io.out(parsed);
      return 0;
    }
    return run(parsed, { ...io, verbosity: talk.verbosity });
  } catch (error) {
    const known = error instanceof RescueError ? new GnuError(printable(error.message)) : error;
    if (!(known instanceof GnuError)) throw error;
    if (talk.verbosity >= 0) tell(io, known, words);
    return known.status;
  }
}

interface Parsed {
  readonly values: DdrescueValues;
  readonly operands: readonly string[];
}

type Mode = (values: DdrescueValues, names: FileNames, io: TalkingIo) => number;

const OPERATIONS: readonly string[] = ['fill-mode', 'generate-mode', 'command-mode'];

/** Options and names, or the text that `--help` or `--version` asks for. */
function parse(words: readonly string[], talk: { verbosity: number }): Parsed | string {
  let split: ReturnType<typeof splitArguments>;
  try {
    split = splitArguments(DDRESCUE_OPTIONS, words);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new GnuError(error.message, { showsHelp: true });
  }
  let operation: string | undefined;
  try {
    const values = readValues(DDRESCUE_OPTIONS, split.given, {
      sectorOption: 'sector-size',
      onEach(name) {
        if (name === 'quiet') talk.verbosity = -1;
        if (name === 'verbose') talk.verbosity = Math.min(4, talk.verbosity + 1);
        if (OPERATIONS.includes(name)) {
          if (operation !== undefined && operation !== name) {
            throw usage('Only one operation can be specified.');
          }
          operation = name;
        }
        if (name === 'help') throw new Answer(helpText());
        if (name === 'version') throw new Answer(versionText());
      },
    });
    return { values, operands: split.operands };
  } catch (error) {
    if (error instanceof Answer) return error.text;
    if (!(error instanceof UsageError)) throw error;
    throw new GnuError(error.message);
  }
}

function run({ values, operands }: Parsed, io: TalkingIo): number {
  const names = checkNames(operands);
  checkFiles(values, names);
  return modeOf(values)(values, names, io);
}

function modeOf(values: DdrescueValues): Mode {
  if (values['fill-mode'] !== undefined) return fillRun;
  if (values['generate-mode']) return generateRun;
  return values['command-mode'] ? commandModeRun : rescueMode;
}

/** Ends the reading of options with a text for standard output. */
class Answer {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function versionText(): string {
  return `GNU ddrescue 1.30 (rescue ${VERSION}, a reimplementation of it)\n`;
}

function helpText(): string {
  return [...DDRESCUE_INTRO, ...helpLines(DDRESCUE_OPTIONS), ...DDRESCUE_EPILOGUE, ''].join('\n');
}

/** A name with a line end in it would make a line that looks like ours. */
function tell(io: GnuIo, error: GnuError, words: readonly string[]): void {
  const names = words.filter((word) => word.includes('\n'));
  const message = names.reduce(
    (text, name) => text.replaceAll(name, printable(name)),
    error.message,
  );
  io.err(`${io.programName}: ${message}\n`);
  if (error.showsHelp)
    io.err(`Try '${io.invokedAs ?? io.programName} --help' for more information.\n`);
}
