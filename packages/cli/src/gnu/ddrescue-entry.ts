/** The thread that is `rescue ddrescue`: blocking from beginning to end. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  allowFsExt,
  closeBesideThread,
  closeReaderThread,
  stoppableClock,
} from '@chunkrescue/engine';
import { printableWords } from '../screen/units.ts';
import { ddrescue } from './ddrescue.ts';
import type { HostInput } from './ddrescue-host.ts';
import { BROKEN, STOP, TYPED, WAITING } from './host-control.ts';
import { InputReader, writeAll } from './standard-streams.ts';

const { words, control, typed } = workerData as HostInput;
const input = new InputReader({
  onWait: (isWaiting) => Atomics.store(control, WAITING, isWaiting ? 1 : 0),
  readUntilStop,
});

/** How long a stop may go without being heard of. */
const LOOK_MS = 20;

allowFsExt();
const status = ddrescue(words, {
  out(data) {
    if (Atomics.load(control, BROKEN) !== 0) return;
    try {
      writeAll(1, data);
    } catch {
      // Whoever read the screen is gone: no reason to lose what was read. The host ends the program.
      Atomics.store(control, BROKEN, 1);
      Atomics.store(control, STOP, 1);
    }
  },
  err(text) {
    try {
      writeAll(2, printableWords(text));
    } catch {
      // There is nowhere to tell it.
    }
  },
  readLine: (how) => input.readLine(how),
  readAll: (sizeMax) => input.readAll(sizeMax),
  stop: {
    get aborted() {
      return Atomics.load(control, STOP) !== 0;
    },
  },
  clock: stoppableClock(control, STOP),
  programName: 'ddrescue',
  invokedAs: 'rescue ddrescue',
  commandLine: ['rescue', 'ddrescue', ...words].join(' '),
});
closeBesideThread();
closeReaderThread();
parentPort?.postMessage(status);

/** What somebody typed, read by the host so that nothing is waited for that a signal cannot end. */
function readUntilStop(): Uint8Array {
  Atomics.store(control, TYPED, 0);
  parentPort?.postMessage('read');
  while (Atomics.load(control, STOP) === 0) {
    const filled = Atomics.load(control, TYPED);
    if (filled > 0) return typed.slice(0, filled - 1);
    Atomics.wait(control, TYPED, 0, LOOK_MS);
  }
  return new Uint8Array(0);
}
