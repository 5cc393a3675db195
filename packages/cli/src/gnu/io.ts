/**
 * The world as the drop-in commands see it. Everything answers at once, so that one thread does all and
 * nothing crosses threads for each read; a test or the fuzzer brings a world of its own.
 */
import type { Clock } from '@chunkrescue/engine';

export interface GnuIo {
  /** Writes to standard output now. @throws a system error when it cannot be written */
  out(data: string | Uint8Array): void;
  /** Writes to standard error now; trouble there has nowhere to go. */
  err(text: string): void;
  /**
   * The next line of standard input with its line feed, which a last one may lack; undefined at the end. A signal
   * that comes meanwhile ends the program; with `untilStop` it is as the end of the input.
   */
  readLine(how?: LineWanted): string | undefined;
  /** The rest of standard input, but no more than so many bytes of it. */
  readAll(sizeMax: number): Uint8Array;
  /** Whether a signal came that ends the run. */
  readonly stop: { readonly aborted: boolean };
  readonly clock: Clock;
  /** What messages and headings call the program: `ddrescue`. */
  readonly programName: string;
  /** How to call it, where that is more than its name: `rescue ddrescue`. */
  readonly invokedAs?: string;
  /** The whole command line, for the heading of a mapfile. */
  readonly commandLine: string;
}

export interface LineWanted {
  /** There is something to do before the program ends. Default false. */
  readonly untilStop?: boolean;
}

/** The same, once the options have said how much is to be told. */
export interface TalkingIo extends GnuIo {
  /** -1 (`-q`) tells nothing, 0 is the default, 4 (`-vvvv`) the most. */
  readonly verbosity: number;
}

/** Trouble that ends a drop-in command: GNU's sentence and status. */
export class GnuError extends Error {
  override readonly name = 'GnuError';
  /** 1 environment or usage, 2 corrupt input, 3 internal. */
  readonly status: 1 | 2 | 3;
  /** Whether the line that points to `--help` follows. */
  readonly showsHelp: boolean;

  constructor(message: string, how: { status?: 1 | 2 | 3; showsHelp?: boolean } = {}) {
    super(message);
    this.status = how.status ?? 1;
    this.showsHelp = how.showsHelp ?? false;
  }
}
