/** The worker's main program: runs one job after the other, blocking, and says what happens. */
import { parentPort, workerData } from 'node:worker_threads';
import { mergeChunks } from '../chunks/merge.ts';
import type { MergeEvent, MergeJob, MergeResult } from '../chunks/merge-job.ts';
import { PIECE_SIZE } from '../chunks/piece-digests.ts';
import { RescueError } from '../errors.ts';
import { allowFsExt } from '../node/fs-ext.ts';
import { type FileLock, lockFile } from '../node/lock.ts';
import { statOf } from '../node/paths.ts';
import { asWorldTrouble } from '../node/system-trouble.ts';
import { BesideThread, closeBesideThread } from './beside-thread.ts';
import {
  ANSWERS,
  type Job,
  type MapTrouble,
  type TroubleAnswer,
  type WorkerInput,
  type WorkerMessage,
} from './job.ts';
import { closeReaderThread, isReadStuck } from './reader-thread.ts';
import { rescueFilesBlocking } from './rescue-files-blocking.ts';
import { verifyFiles } from './verify-files.ts';

const { stop, answer, mayUseFsExt } = workerData as WorkerInput;
const locks: FileLock[] = [];
const signal = {
  get aborted(): boolean {
    return Atomics.load(stop, 0) !== 0;
  },
};

if (mayUseFsExt) allowFsExt();
parentPort?.on('message', (order: Job | 'close') => {
  if (order === 'close') {
    for (const lock of locks) lock.close();
    closeBesideThread();
    // Asked before: closing forgets it.
    const isStuck = isReadStuck();
    closeReaderThread();
    tell({ type: 'closed', isStuck });
    parentPort?.close();
    return;
  }
  try {
    tell({ type: 'result', result: run(order) });
  } catch (thrown) {
    const error = asWorldTrouble(thrown);
    // Anything else is our bug: let it end the worker, the host hears of it with its stack.
    if (!(error instanceof RescueError)) throw error;
    const { code, message, path, pos, hint } = error;
    tell({ type: 'failure', code, message, path, pos, hint });
  }
});

function run(order: Job): Extract<WorkerMessage, { type: 'result' }>['result'] {
  const onEvent = (event: Extract<WorkerMessage, { type: 'event' }>['event']): void =>
    tell({ type: 'event', event });
  switch (order.kind) {
    case 'rescue':
      return locking(order.job.target, () =>
        rescueFilesBlocking(order.job, { signal, onEvent, ...(order.asks && { onTrouble }) }),
      );
    case 'merge':
      return locking(order.job.image, () => merge(order.job, onEvent));
    case 'verify':
      return verifyFiles(order.job, { signal, onEvent });
    case 'lock':
      locks.push(lockFile(order.map));
      return undefined;
  }
}

/** Asks the host, and waits. A signal answers as well. */
function onTrouble(trouble: MapTrouble): TroubleAnswer {
  Atomics.store(answer, 0, 0);
  tell({ type: 'trouble', trouble });
  while (Atomics.load(answer, 0) === 0 && !signal.aborted) Atomics.wait(answer, 0, 0);
  return ANSWERS[Atomics.load(answer, 0) - 1] ?? 'elsewhere';
}

/**
 * Keeps other runs off the output while one goes on, whatever map they have. A place that takes no lock is left to
 * what opens the output: there may be nothing to write, and the descriptor is locked besides.
 */
function locking<T>(output: string, work: () => T): T {
  const lock = statOf(output)?.isFile() === false ? undefined : lockUnlessImpossible(output);
  try {
    return work();
  } finally {
    lock?.close();
  }
}

function lockUnlessImpossible(path: string): FileLock | undefined {
  try {
    return lockFile(path);
  } catch (error) {
    if (error instanceof RescueError && error.code !== 'locked') return undefined;
    throw error;
  }
}

/** A chunk of 100 MiB is read once: it stays in memory until all of it was looked at. Twice, where there is none. */
function memoryForMerge(): BesideThread | undefined {
  try {
    return new BesideThread(PIECE_SIZE, 112);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function merge(job: MergeJob, onEvent: (event: MergeEvent) => void): MergeResult {
  const memory = memoryForMerge();
  try {
    return mergeChunks(job, { signal, onEvent, ...(memory && { memory }) });
  } finally {
    memory?.close();
  }
}

function tell(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}
