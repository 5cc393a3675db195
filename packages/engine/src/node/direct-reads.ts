/**
 * Direct reads in a process of their own. The kernel lets nothing end a direct read but the device's answer, not
 * even SIGKILL, and a process with a thread in one cannot end. The one that holds it is nobody's concern: it has
 * neither the terminal nor a lock, and ends when its standard input does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** An order: position (Float64), bytes (Int32). An answer: bytes or the number of an error below 0, then the bytes. */
export const ORDER_SIZE = 12;
export const ANSWER_SIZE = 4;
/** The descriptor to read from, in the process. */
export const DEVICE_FD = 3;

export class DirectReads {
  #reader: { readonly fd: number; readonly process: ChildProcess } | undefined;

  /** As `readSync`, or the number of the error below 0; undefined when no such process can be had. */
  read(fd: number, into: Uint8Array, pos: number): Promise<number | undefined> {
    const child = this.#processFor(fd);
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) return Promise.resolve(undefined);
    // Or the thread would end while nothing but the process is left to hear of.
    child.ref();
    return new Promise((resolve) => {
      let head = Buffer.alloc(0);
      let answer: number | undefined;
      let copied = 0;
      const end = (result: number | undefined): void => {
        stdout.off('data', onData);
        child.off('error', onEnd).off('close', onEnd);
        child.unref();
        if (result === undefined) this.close();
        resolve(result);
      };
      const onEnd = (): void => end(undefined);
      const onData = (data: Buffer): void => {
        let bytes = data;
        if (answer === undefined) {
          head = Buffer.concat([head, bytes]);
          if (head.length < ANSWER_SIZE) return;
          answer = head.readInt32LE(0);
          bytes = head.subarray(ANSWER_SIZE);
        }
        into.set(bytes, copied);
        copied += bytes.length;
        if (copied >= Math.max(0, answer)) end(answer);
      };
      stdout.on('data', onData);
      child.on('error', onEnd).on('close', onEnd);
      const order = Buffer.alloc(ORDER_SIZE);
      order.writeDoubleLE(pos, 0);
      order.writeInt32LE(into.length, 8);
      stdin.write(order);
    });
  }

  /** The descriptor is about to be closed. */
  forget(fd: number): void {
    if (this.#reader?.fd === fd) this.close();
  }

  /** Ends the process as soon as it is not in a read. */
  close(): void {
    this.#reader?.process.stdin?.destroy();
    this.#reader?.process.stdout?.destroy();
    this.#reader = undefined;
  }

  #processFor(fd: number): ChildProcess {
    if (this.#reader?.fd === fd) return this.#reader.process;
    this.close();
    const { NODE_OPTIONS: _, ...env } = process.env;
    const program = fileURLToPath(new URL('./direct-entry.js', import.meta.url));
    const child = spawn(process.execPath, [program], {
      stdio: ['pipe', 'pipe', 'ignore', fd],
      // Ctrl-C at the terminal is not for it.
      detached: true,
      env,
    });
    child.on('error', () => {});
    child.stdin?.on('error', () => {});
    child.stdout?.on('error', () => {});
    child.unref();
    this.#reader = { fd, process: child };
    return child;
  }
}
