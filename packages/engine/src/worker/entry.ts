/** The worker's main program: runs one job, blocking, and says what happens. */
import { parentPort, workerData } from 'node:worker_threads';
import { mergeChunks } from '../chunks/merge.ts';
import { RescueError } from '../errors.ts';
import type { WorkerInput, WorkerMessage } from './job.ts';
import { rescueFilesBlocking } from './rescue-files-blocking.ts';

const { job, stop } = workerData as WorkerInput;
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);
const signal = {
  get aborted(): boolean {
    return Atomics.load(stop, 0) !== 0;
  },
};

try {
  const how = { signal, onEvent: (event: unknown) => tell({ type: 'event', event } as WorkerMessage) };
  const result =
    job.kind === 'rescue' ? rescueFilesBlocking(job.job, how) : mergeChunks(job.job, how);
  tell({ type: 'result', result });
} catch (error) {
  // Anything else is our bug: let it end the worker, the host hears of it with its stack.
  if (!(error instanceof RescueError)) throw error;
  const { code, message, path, pos, hint } = error;
  tell({ type: 'failure', code, message, path, pos, hint });
}
