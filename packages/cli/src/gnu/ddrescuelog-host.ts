/** The main thread of `rescue ddrescuelog`, which is over in no time and runs here. */
import { blockingClock } from '@chunkrescue/engine';
import { printableWords } from '../screen/units.ts';
import { dieBy } from '../signals.ts';
import { ddrescuelog } from './ddrescuelog.ts';
import { InputReader, writeAll } from './standard-streams.ts';

/** Runs `rescue ddrescuelog`. */
export function hostDdrescuelog(words: readonly string[]): void {
  const input = new InputReader();
  try {
    process.exitCode = ddrescuelog(words, {
      out: (data) => writeAll(1, data),
      err: (text) => writeAll(2, printableWords(text)),
      readLine: () => input.readLine(),
      readAll: (sizeMax) => input.readAll(sizeMax),
      stop: { aborted: false },
      clock: blockingClock,
      programName: 'ddrescuelog',
      invokedAs: 'rescue ddrescuelog',
      commandLine: ['rescue', 'ddrescuelog', ...words].join(' '),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    dieBy('SIGPIPE');
  }
}
