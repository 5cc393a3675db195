/**
 * The main thread of the drop-in commands. ddrescue runs in a thread of its own and blocks there; this one stays
 * free for signals. ddrescuelog is over in no time and runs here.
 */
import { Worker } from 'node:worker_threads';
import { blockingClock } from '@chunkrescue/engine';
import { EXIT } from '../exit.ts';
import { dieBy, trapSignals } from '../signals.ts';
import { ddrescuelog } from './ddrescuelog.ts';
import { BROKEN, STOP, WAITING } from './host-control.ts';
import { InputReader, writeAll } from './standard-streams.ts';

/** What the thread gets. */
export interface HostInput {
  readonly words: readonly string[];
  /** Shared words: stop, waits for standard input, standard output is broken. */
  readonly control: Int32Array;
}

/** Runs `rescue ddrescue`, and ends the process as ddrescue would: by its status or by the signal that came. */
export async function hostDdrescue(words: readonly string[]): Promise<void> {
  const control = new Int32Array(new SharedArrayBuffer(12));
  const trap = trapSignals((signal) => {
    // A thread that waits for somebody to type hears of nothing else.
    if (Atomics.load(control, WAITING) !== 0) die(signal);
    Atomics.store(control, STOP, 1);
  });
  const die = (signal: NodeJS.Signals): void => {
    trap.release();
    dieBy(signal);
  };
  const input: HostInput = { words, control };
  const worker = new Worker(new URL('./entry.js', import.meta.url), { workerData: input });
  process.exitCode = await statusOf(worker);
  trap.release();
  const signal = trap.caught() ?? (Atomics.load(control, BROKEN) !== 0 ? 'SIGPIPE' : undefined);
  if (signal !== undefined) dieBy(signal);
}

function statusOf(worker: Worker): Promise<number> {
  return new Promise((resolve) => {
    worker.on('message', (status: number) => resolve(status));
    worker.on('error', (error: Error) => {
      writeAll(2, `ddrescue: internal error, please report it:\n${error.stack ?? error.message}\n`);
      resolve(EXIT.bug);
    });
    worker.on('exit', () => resolve(EXIT.bug));
  });
}

/** Runs `rescue ddrescuelog`. */
export function hostDdrescuelog(words: readonly string[]): void {
  const input = new InputReader();
  try {
    process.exitCode = ddrescuelog(words, {
      out: (data) => writeAll(1, data),
      err: (text) => writeAll(2, text),
      readLine: () => input.readLine(),
      readAll: () => input.readAll(),
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
