/** Standard input and output as a blocking program uses them: straight from and to the descriptors. */
import { readSync, writeSync } from 'node:fs';
import type { LineWanted } from './io.ts';

const PIECE = 65536;
const PAUSE_MS = 5;

/** Writes all of it now. @throws a system error (`EPIPE` when nobody reads any more) */
export function writeAll(fd: number, data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let done = 0; done < bytes.length; ) {
    const from = done;
    done += whenReady(() => writeSync(fd, bytes, from, bytes.length - from));
  }
}

export interface InputOptions {
  /** Told before and after every call that may wait for somebody to type. */
  readonly onWait?: (isWaiting: boolean) => void;
  /** Reads some bytes as long as the run is not to stop; none at the end, and when it is. */
  readonly readUntilStop?: () => Uint8Array;
}

/** Reads standard input line by line, or all that is left of it. */
export class InputReader {
  #rest: Buffer = Buffer.alloc(0);
  #isAtEnd = false;
  readonly #options: InputOptions;

  constructor(options: InputOptions = {}) {
    this.#options = options;
  }

  /** The next line with its line feed, which a last one may lack; undefined at the end. */
  readLine({ untilStop = false }: LineWanted = {}): string | undefined {
    const { readUntilStop } = this.#options;
    const read = untilStop ? readUntilStop : undefined;
    for (;;) {
      const feed = this.#rest.indexOf(10);
      if (feed >= 0) return this.#take(feed + 1).toString('latin1');
      if (!this.#fill(read)) break;
    }
    return this.#rest.length === 0 ? undefined : this.#take(this.#rest.length).toString('latin1');
  }

  /** The rest, or its first `sizeMax` bytes. */
  readAll(sizeMax: number): Uint8Array {
    const pieces = [this.#take(this.#rest.length)];
    let size = pieces[0]?.length ?? 0;
    while (size < sizeMax && this.#fill()) {
      const piece = this.#take(this.#rest.length);
      pieces.push(piece);
      size += piece.length;
    }
    return Buffer.concat(pieces).subarray(0, sizeMax);
  }

  #take(size: number): Buffer {
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }

  /** False at the end; a closed standard input is one. */
  #fill(read: () => Uint8Array = () => this.#read()): boolean {
    if (this.#isAtEnd) return false;
    const piece = read();
    this.#isAtEnd = piece.length === 0;
    this.#rest = Buffer.concat([this.#rest, piece]);
    return piece.length > 0;
  }

  #read(): Uint8Array {
    const { onWait } = this.#options;
    const piece = Buffer.alloc(PIECE);
    onWait?.(true);
    let n = 0;
    try {
      n = whenReady(() => readSync(0, piece, 0, PIECE, null));
    } catch {
      // A terminal that hung up, or a directory: there is nothing to read.
    } finally {
      onWait?.(false);
    }
    return piece.subarray(0, n);
  }
}

/** Others may have made the descriptor one that does not wait. */
function whenReady(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
