/**
 * The main thread of `rescue ddrescue`, which runs in a thread of its own and blocks there; this one stays free for
 * signals, and loads nothing else, since the other cannot start before.
 */
import { read } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { countOwnPipes } from '@chunkrescue/engine';
import { EXIT } from '../exit.ts';
import { dieBy, trapSignals } from '../signals.ts';
import { BROKEN, CONTROL_WORDS, STOP, TYPED, TYPED_MAX, WAITING } from './host-control.ts';
import { writeAll } from './standard-streams.ts';

/** What the thread gets. */
export interface HostInput {
  readonly words: readonly string[];
  /** The shared words of `host-control.ts`. */
  readonly control: Int32Array;
  /** What was typed, where the thread asked the host to read. */
  readonly typed: Uint8Array;
}

/** Runs `rescue ddrescue`, and ends the process as ddrescue would: by its status or by the signal that came. */
export async function hostDdrescue(words: readonly string[]): Promise<void> {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  const typed = new Uint8Array(new SharedArrayBuffer(TYPED_MAX));
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
  const input: HostInput = { words, control, typed };
  countOwnPipes();
  const worker = new Worker(new URL('./ddrescue-entry.js', import.meta.url), {
    workerData: input,
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  worker.on('message', (message) => {
    if (message === 'read') readFor(input);
  });
  process.exitCode = await statusOf(worker);
  trap.release();
  const signal = trap.caught() ?? (Atomics.load(control, BROKEN) !== 0 ? 'SIGPIPE' : undefined);
  if (signal !== undefined) dieBy(signal);
}

function statusOf(worker: Worker): Promise<number> {
  return new Promise((resolve) => {
    worker.on('message', (message: unknown) => {
      if (typeof message === 'number') resolve(message);
    });
    worker.on('error', (error: Error) => {
      writeAll(2, `ddrescue: internal error, please report it:\n${error.stack ?? error.message}\n`);
      resolve(EXIT.bug);
    });
    worker.on('exit', () => resolve(EXIT.bug));
  });
}

const PAUSE_MS = 5;

/** Reads standard input for the thread, which minds the stop meanwhile. Trouble is taken for the end. */
function readFor(input: HostInput): void {
  const { control, typed } = input;
  const bytes = Buffer.alloc(TYPED_MAX);
  read(0, bytes, 0, TYPED_MAX, null, (error, size) => {
    // Others may have made the descriptor one that does not wait.
    if (error?.code === 'EAGAIN') {
      setTimeout(() => readFor(input), PAUSE_MS);
      return;
    }
    const filled = error ? 0 : size;
    typed.set(bytes.subarray(0, filled));
    Atomics.store(control, TYPED, filled + 1);
    Atomics.notify(control, TYPED);
  });
}
