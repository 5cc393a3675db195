/**
 * Direct reads in a process of their own. The kernel lets nothing end a direct read but the device's answer, not
 * even SIGKILL, and a process with a thread in one cannot end. The one that holds it is nobody's concern: it has
 * neither the terminal nor a lock, and ends when its standard input does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fstatSync, readSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isSystemError } from './errno.ts';
import { toOwnPipe } from './own-pipes.ts';

/** An order: position (Float64), bytes (Int32). An answer: bytes or the number of an error below 0, then the bytes. */
export const ORDER_SIZE = 12;
export const ANSWER_SIZE = 4;
/**
 * Instead of bytes, in orders that are none to read. `TAKE`: read from the descriptor of this process whose number is
 * the position, if what it leads to is what follows; the answer is 0, or the error. `LEAVE`: close what is read from;
 * there is no answer.
 */
export const TAKE = -1;
export const LEAVE = -2;
/** After a `TAKE`: device, number and device's number of the file, as fstat tells them. */
export const PROOF_SIZE = 24;
/** The descriptor to read from, in the process. */
export const DEVICE_FD = 3;

interface Reader {
  /** Of the device, here; undefined while it has none. */
  fd: number | undefined;
  readonly process: ChildProcess;
  /** What it reads its orders from, and writes its answers to; both wait. */
  readonly orders: number;
  readonly answers: number;
}

export class DirectReads {
  #reader: Reader | undefined;
  readonly #order = Buffer.alloc(ORDER_SIZE);
  readonly #head = Buffer.alloc(ANSWER_SIZE);

  /** As `readSync`, or the number of the error below 0; undefined when no such process can be had, or it died. */
  read(fd: number, into: Uint8Array, pos: number): number | undefined {
    return this.#unlessGone(() => {
      const reader = this.#readerFor(fd);
      if (reader === undefined) return undefined;
      this.#give(reader, pos, into.length);
      const answer = this.#answerOf(reader);
      if (answer === undefined || answer <= 0) return answer;
      return readAll(reader.answers, into.subarray(0, answer)) ? answer : undefined;
    });
  }

  /** The descriptor is about to be closed. The process is kept for the next one. */
  forget(fd: number): void {
    const reader = this.#reader;
    if (reader?.fd !== fd) return;
    reader.fd = undefined;
    this.#unlessGone(() => {
      this.#give(reader, 0, LEAVE);
      return 0;
    });
  }

  /** Ends the process as soon as it is not in a read. */
  close(): void {
    this.#reader?.process.stdin?.destroy();
    this.#reader?.process.stdout?.destroy();
    this.#reader = undefined;
  }

  /** What was answered; undefined where nothing was, for which the process is given up. */
  #unlessGone(work: () => number | undefined): number | undefined {
    try {
      const answer = work();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
    this.close();
    return undefined;
  }

  #give({ orders }: Reader, pos: number, size: number): void {
    this.#order.writeDoubleLE(pos, 0);
    this.#order.writeInt32LE(size, 8);
    toOwnPipe(() => writeSync(orders, this.#order));
  }

  #answerOf({ answers }: Reader): number | undefined {
    return readAll(answers, this.#head) ? this.#head.readInt32LE(0) : undefined;
  }

  #readerFor(fd: number): Reader | undefined {
    const reader = this.#reader;
    if (reader?.fd === fd) return reader;
    if (reader !== undefined && this.#takes(reader, fd)) return reader;
    this.close();
    return this.#started(fd);
  }

  /** Whether the process can open what a descriptor of this one leads to. A new process has it of itself, but is long to start. */
  #takes(reader: Reader, fd: number): boolean {
    const answer = this.#unlessGone(() => {
      this.#give(reader, fd, TAKE);
      toOwnPipe(() => writeSync(reader.orders, proofOf(fd)));
      return this.#answerOf(reader);
    });
    if (answer !== 0) return false;
    reader.fd = fd;
    return true;
  }

  #started(fd: number): Reader | undefined {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const program = fileURLToPath(new URL('./direct-entry.js', import.meta.url));
    const child = spawn(process.execPath, [program, String(process.pid)], {
      stdio: ['pipe', 'pipe', 'ignore', fd],
      // Ctrl-C at the terminal is not for it.
      detached: true,
      env,
    });
    for (const of of [child, child.stdin, child.stdout]) of?.on('error', () => {});
    child.unref();
    const [orders, answers] = [waitingFd(child.stdin), waitingFd(child.stdout)];
    if (orders === undefined || answers === undefined) {
      if (child.pid !== undefined) child.kill('SIGKILL');
      return undefined;
    }
    this.#reader = { fd, process: child, orders, answers };
    return this.#reader;
  }
}

/** What tells a file from all others. A process may see other processes under the numbers that this one knows. */
export function proofOf(fd: number): Buffer {
  const { dev, ino, rdev } = fstatSync(fd, { bigint: true });
  const proof = Buffer.alloc(PROOF_SIZE);
  for (const [i, part] of [dev, ino, rdev].entries()) proof.writeBigUInt64LE(part, i * 8);
  return proof;
}

/**
 * The descriptor behind a stream, made to wait. Node has no other way to a pipe that a thread can wait at, and its own
 * way through the event loop takes as long as a read of a good sector. Undefined where Node has it no more.
 */
function waitingFd(stream: object | null): number | undefined {
  const { _handle: handle } = (stream ?? {}) as {
    _handle?: { readonly fd?: number; setBlocking?(isBlocking: boolean): number };
  };
  if (typeof handle?.fd !== 'number' || handle.fd < 0) return undefined;
  return handle.setBlocking?.(true) === 0 ? handle.fd : undefined;
}

/** Fills `into` from a pipe. Returns false when the other end is not there any more. */
export function readAll(fd: number, into: Uint8Array): boolean {
  for (let done = 0; done < into.length; ) {
    const n = readSync(fd, into, done, into.length - done, null);
    if (n === 0) return false;
    done += n;
  }
  return true;
}
