/** How a rescue ended: the words for the screen, the sentence for standard error, the status. */
import { constants } from 'node:os';
import type { RescueEnd, RescueError, RescueResult } from '@chunkrescue/engine';
import { scaled } from '../screen/gnu-numbers.ts';
import { codeOf, reasonInC } from './c-errors.ts';
import type { FileNames } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { GnuError } from './io.ts';
import { RATE_LIMIT } from './screen.ts';

/** The last lines of the screen and of the events log; none for what goes to standard error. */
export function endMessages({ end, limits }: RescueResult, isBinary: boolean): string[] {
  if (end === 'aborted') return ['Interrupted by user'];
  return limits.flatMap(({ end: limit, bytesPerS = 0 }) => {
    const message = LIMIT_MESSAGES[limit];
    if (message === undefined) return [];
    if (limit !== 'error-rate') return [message];
    return [`${message} (${scaled(bytesPerS, RATE_LIMIT, isBinary)}B/s)`];
  });
}

const LIMIT_MESSAGES: Readonly<Partial<Record<RescueEnd, string>>> = {
  'bad-areas': 'Too many bad areas in input file',
  'error-rate': 'Too high error rate reading input file',
  'read-errors': 'Too many read errors',
  timeout: 'Timeout expired',
  'slow-reads': 'Too many slow reads',
};

/** The status of a run that ended. @throws GnuError where a sentence must be told */
export function rescueEnd(
  { end, progress }: RescueResult,
  { values, names }: { values: DdrescueValues; names: FileNames },
): number {
  if (end === 'finished') return 0;
  if (end !== 'source-short') return 1;
  if (values['accept-short-infile']) {
    throw new GnuError(`${names.infile}: EOF found below the size calculated from mapfile.`);
  }
  throw new GnuError(
    `${names.infile}: Input file ended at or behind position ${progress.position}, before its size.\n` +
      '          The rest counts as not tried. If it really is shorter now, say\n' +
      "          '--accept-short-infile'.",
  );
}

/** Trouble that ended a run, in ddrescue's words. */
export function rescueFailure(error: RescueError, names: FileNames): GnuError {
  const { infile, outfile } = names;
  const number = errnoText(error);
  switch (error.code) {
    case 'target-write':
      return new GnuError(`${outfile}: Write error: ${reasonInC(error)}${number}`);
    case 'target-sync':
      return new GnuError(
        `${outfile}: Error fsyncing output file: ${reasonInC(error)}${number}\n` +
          '          What was written since the last save of the mapfile is not claimed.',
      );
    case 'source-lost':
    case 'source-read':
      return sourceFailure(error, infile);
    case 'source-changed':
      // The manual says status 2, the program ends with 1.
      return new GnuError(
        error.errno === undefined
          ? `${infile}: Input file returns inconsistent data.`
          : `${infile}: Input file no longer returns data: ${reasonInC(error)}${number}`,
      );
    default:
      return new GnuError(error.message, { status: error.code === 'map-corrupt' ? 2 : 1 });
  }
}

function sourceFailure(error: RescueError, infile: string): GnuError {
  // Found by asking, not by the error of one read.
  if (error.code === 'source-lost' && error.errno === 'EIO') {
    return new GnuError(`${error.message}\n          ${error.hint}`);
  }
  if (error.errno === undefined) {
    return new GnuError(`${infile}: Read error found before the first good read.`);
  }
  if (error.errno === 'ENOENT') {
    return new GnuError(
      `${infile}: Input file disappeared: ${reasonInC(error)}${errnoText(error)}`,
    );
  }
  if (error.errno === 'EINVAL') {
    return new GnuError(`${infile}: Unaligned read error. Is sector size correct?`);
  }
  return new GnuError(
    `${infile}: Fatal error reading the input file: ${reasonInC(error)}${errnoText(error)}`,
  );
}

function errnoText(error: RescueError): string {
  const name = error.errno ?? codeOf(error) ?? '';
  const number = (constants.errno as Readonly<Record<string, number>>)[name];
  return number === undefined ? '' : ` (errno=${number})`;
}
