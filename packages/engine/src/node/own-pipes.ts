/**
 * Pipes to processes of our own. Writing to one that was killed fails, and the system sends SIGPIPE to this process
 * for that: not what somebody means who sends it, or who closes the terminal. So all threads count in shared memory,
 * and whoever hears that signal can ask where it came from.
 */

/** By name, since several files of a bundle have this module. */
const NAME = '@chunkrescue/engine: own pipes';

/** Words of the shared memory: writes that go on just now, and writes that failed since the other end is gone. */
const WRITING = 0;
const BROKEN = 1;

/** Not imported: a program without threads has no use for them, and they are long to load. */
const threads = (): typeof import('node:worker_threads') =>
  process.getBuiltinModule('node:worker_threads');

/** Those of this thread, once it was told of them: they are asked for with each order. */
let known: Int32Array | undefined;

function sharedWords(): Int32Array | undefined {
  known ??= threads().getEnvironmentData(NAME) as Int32Array | undefined;
  return known;
}

/** Lets the threads that are started from now on count. For the main thread; may be called twice. */
export function countOwnPipes(): void {
  if (sharedWords() !== undefined) return;
  threads().setEnvironmentData(NAME, new Int32Array(new SharedArrayBuffer(2 * 4)));
}

/** Writes to a process of our own. @throws what `write` throws: EPIPE when that process is gone */
export function toOwnPipe(write: () => void): void {
  const words = sharedWords();
  if (words === undefined) {
    write();
    return;
  }
  Atomics.add(words, WRITING, 1);
  try {
    write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') Atomics.add(words, BROKEN, 1);
    throw error;
  } finally {
    Atomics.sub(words, WRITING, 1);
  }
}

/** Tells of each SIGPIPE whether it came of a pipe of our own. */
export class BrokenPipes {
  #known = 0;

  /**
   * To be asked once for each signal that was heard: undefined as long as it cannot be told, since the signal comes
   * before the write fails; then it is to be asked again a moment later.
   */
  isCause(): boolean | undefined {
    const words = sharedWords();
    if (words === undefined) return false;
    // In this order: a write that has ended has counted what became of it.
    const isWriting = Atomics.load(words, WRITING) > 0;
    if (Atomics.load(words, BROKEN) !== this.#known) {
      this.#known++;
      return true;
    }
    return isWriting ? undefined : false;
  }
}
