import { Worker } from 'node:worker_threads';
import type { MergeEvent, MergeJob, MergeResult } from '../chunks/merge-job.ts';
import type { VerifyEvent, VerifyJob, VerifyResult } from '../chunks/verify-job.ts';
import { RescueError } from '../errors.ts';
import { countOwnPipes } from '../node/own-pipes.ts';
import {
  ANSWERS,
  type FileRescueEvent,
  type FileRescueJob,
  type FileRescueResult,
  type Job,
  type MapTrouble,
  type TroubleAnswer,
  type WorkerInput,
  type WorkerMessage,
} from './job.ts';

/** How to follow and stop a job in a worker. */
export interface Following<Event> {
  /** Stops between two reads, or in one that does not come back, with the map saved; the result says `aborted`. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

/** The same for a rescue. */
export interface FollowingRescue extends Following<FileRescueEvent> {
  /**
   * What to do about a map that cannot be saved; nothing is read until it is known. A signal answers `elsewhere`.
   * Default: `elsewhere` where the job names folders, else the rescue ends with the error.
   */
  readonly onTrouble?: (trouble: MapTrouble) => Promise<TroubleAnswer>;
}

type Answer = FileRescueResult | MergeResult | VerifyResult | undefined;

/** Only one thread of a process may load fs-ext (see node/fs-ext.ts); the worker that has it, if any. */
let holderOfFsExt: Worker | undefined;

/**
 * A thread for blocking work: the caller's event loop stays free while a read of a failing disk hangs. Takes
 * one job at a time.
 */
export class RescueWorker {
  readonly #worker: Worker;
  readonly #ended: Promise<unknown>;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #troubleAnswer = new Int32Array(new SharedArrayBuffer(4));
  #isBusy = false;

  constructor() {
    countOwnPipes();
    const input: WorkerInput = {
      stop: this.#stop,
      answer: this.#troubleAnswer,
      mayUseFsExt: holderOfFsExt === undefined,
    };
    this.#worker = new Worker(new URL('./job-entry.js', import.meta.url), { workerData: input });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    // Whoever waits for a job hears of it; without a listener it would end the process.
    this.#worker.on('error', () => {});
    if (!input.mayUseFsExt) return;
    holderOfFsExt = this.#worker;
    this.#worker.once('exit', () => {
      holderOfFsExt = undefined;
    });
  }

  /**
   * Keeps other runs off a map until {@link close}.
   * @throws RescueError `locked` naming the process that has it
   */
  async lock(map: string): Promise<void> {
    await this.#run({ kind: 'lock', map }, {});
  }

  /**
   * Rescues a file or device into a file.
   * @throws RescueError when the world is in the way; what was read before is saved
   */
  rescue(job: FileRescueJob, how: FollowingRescue = {}): Promise<FileRescueResult> {
    return this.#run(
      { kind: 'rescue', job, asks: how.onTrouble !== undefined },
      how as Following<unknown>,
    ) as Promise<FileRescueResult>;
  }

  /** Puts chunks into an image. @throws RescueError when the image or its map cannot be written */
  merge(job: MergeJob, how: Following<MergeEvent> = {}): Promise<MergeResult> {
    return this.#run({ kind: 'merge', job }, how as Following<unknown>) as Promise<MergeResult>;
  }

  /** Reads what was rescued again. @throws RescueError when the source is not the one it came from */
  verify(job: VerifyJob, how: Following<VerifyEvent> = {}): Promise<VerifyResult> {
    return this.#run({ kind: 'verify', job }, how as Following<unknown>) as Promise<VerifyResult>;
  }

  /**
   * Gives up its locks and ends the thread. A read that was given up because it did not come back is not waited
   * for; until it does, the process ends by a signal only.
   */
  async close(): Promise<void> {
    const isStuck = new Promise<void>((resolve) => {
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'closed' && message.isStuck) resolve();
      });
    });
    this.#worker.postMessage('close');
    await Promise.race([this.#ended, isStuck]);
    this.#worker.unref();
  }

  async #run(
    job: Job,
    how: Following<unknown> & Pick<FollowingRescue, 'onTrouble'>,
  ): Promise<Answer> {
    if (this.#isBusy) throw new TypeError('This worker has a job already.');
    this.#isBusy = true;
    const onAbort = (): void => {
      Atomics.store(this.#stop, 0, 1);
      this.#answerTrouble('elsewhere');
    };
    Atomics.store(this.#stop, 0, how.signal?.aborted ? 1 : 0);
    how.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#answer(job, how);
    } finally {
      how.signal?.removeEventListener('abort', onAbort);
      this.#isBusy = false;
    }
  }

  /** The first answer counts. */
  #answerTrouble(answer: TroubleAnswer): void {
    Atomics.compareExchange(this.#troubleAnswer, 0, 0, ANSWERS.indexOf(answer) + 1);
    Atomics.notify(this.#troubleAnswer, 0);
  }

  #answer(job: Job, how: Following<unknown> & Pick<FollowingRescue, 'onTrouble'>): Promise<Answer> {
    const worker = this.#worker;
    return new Promise<Answer>((resolve, reject) => {
      const onMessage = (message: WorkerMessage): void => {
        if (message.type === 'event') {
          how.onEvent?.(message.event);
          return;
        }
        if (message.type === 'closed') return;
        if (message.type === 'trouble') {
          how.onTrouble?.(message.trouble).then(
            (answer) => this.#answerTrouble(answer),
            () => this.#answerTrouble('elsewhere'),
          );
          return;
        }
        leave();
        if (message.type === 'result') resolve(message.result);
        else reject(asError(message));
      };
      const onExit = (): void => onError(new Error('The worker ended without a result.'));
      const onError = (error: Error): void => {
        leave();
        reject(error);
      };
      const leave = (): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      };
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(job);
    });
  }
}

/** One rescue in a worker of its own; see {@link RescueWorker.rescue}. */
export async function rescueFiles(
  job: FileRescueJob,
  how: FollowingRescue = {},
): Promise<FileRescueResult> {
  return inWorker(async (worker) => {
    await worker.lock(job.map);
    return worker.rescue(job, how);
  });
}

/** One merge in a worker of its own; see {@link RescueWorker.merge}. */
export async function mergeFiles(
  job: MergeJob,
  how: Following<MergeEvent> = {},
): Promise<MergeResult> {
  return inWorker(async (worker) => {
    await worker.lock(job.map);
    return worker.merge(job, how);
  });
}

async function inWorker<T>(work: (worker: RescueWorker) => Promise<T>): Promise<T> {
  const worker = new RescueWorker();
  try {
    return await work(worker);
  } finally {
    await worker.close();
  }
}

function asError(failure: Extract<WorkerMessage, { type: 'failure' }>): RescueError {
  const { code, message, path, pos, hint } = failure;
  return new RescueError(code, message, {
    ...(path === undefined ? {} : { path }),
    ...(pos === undefined ? {} : { pos }),
    ...(hint === undefined ? {} : { hint }),
  });
}
