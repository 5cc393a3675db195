/**
 * The main thread of `rescue ddrescue`, which runs in a thread of its own and blocks there; this one stays free for
 * signals, and loads nothing else, since the other cannot start before.
 */
import { Worker } from 'node:worker_threads';
import { EXIT } from '../exit.ts';
import { dieBy, trapSignals } from '../signals.ts';
import { BROKEN, STOP, WAITING } from './host-control.ts';
import { writeAll } from './standard-streams.ts';

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
    Atomics.notify(control, STOP);
  });
  const die = (signal: NodeJS.Signals): void => {
    trap.release();
    dieBy(signal);
  };
  const input: HostInput = { words, control };
  const worker = new Worker(new URL('./ddrescue-entry.js', import.meta.url), {
    workerData: input,
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
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
