import { Worker } from 'node:worker_threads';
import type { MergeEvent, MergeJob, MergeResult } from '../chunks/merge.ts';
import { RescueError } from '../errors.ts';
import type { RescueEvent } from '../events.ts';
import type { FileRescueJob, FileRescueResult, Job, WorkerInput, WorkerMessage } from './job.ts';

/** How to follow and stop a job in a worker. */
export interface Following<Event> {
  /** Stops between two reads, with the map saved; the result says `aborted`. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

/**
 * Rescues a file or device into a file, in a worker: the caller's event loop stays free while a read of the
 * failing disk blocks.
 * @throws RescueError when the world is in the way; what was read before is saved
 */
export function rescueFiles(
  job: FileRescueJob,
  how: Following<RescueEvent> = {},
): Promise<FileRescueResult> {
  return runJob({ kind: 'rescue', job }, how as Following<unknown>) as Promise<FileRescueResult>;
}

/** Puts chunks into an image, in a worker. @throws RescueError when the image or its map cannot be written */
export function mergeFiles(job: MergeJob, how: Following<MergeEvent> = {}): Promise<MergeResult> {
  return runJob({ kind: 'merge', job }, how as Following<unknown>) as Promise<MergeResult>;
}

function runJob(job: Job, how: Following<unknown>): Promise<FileRescueResult | MergeResult> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const onAbort = (): void => {
    Atomics.store(stop, 0, 1);
  };
  if (how.signal?.aborted) onAbort();
  how.signal?.addEventListener('abort', onAbort, { once: true });
  const input: WorkerInput = { job, stop };
  return new Promise<FileRescueResult | MergeResult>((resolve, reject) => {
    const worker = new Worker(new URL('./entry.js', import.meta.url), { workerData: input });
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'event') how.onEvent?.(message.event);
      else if (message.type === 'result') resolve(message.result);
      else reject(asError(message));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`The worker ended without a result (${code}).`)));
  }).finally(() => how.signal?.removeEventListener('abort', onAbort));
}

function asError(failure: Extract<WorkerMessage, { type: 'failure' }>): RescueError {
  const { code, message, path, pos, hint } = failure;
  return new RescueError(code, message, {
    ...(path === undefined ? {} : { path }),
    ...(pos === undefined ? {} : { pos }),
    ...(hint === undefined ? {} : { hint }),
  });
}
