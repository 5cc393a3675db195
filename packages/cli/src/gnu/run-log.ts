/** A log of a run: heading, lines, the time of its end. The three logs of ddrescue are made of it. */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { VERSION } from '@chunkrescue/engine';
import { clockText } from './times.ts';

export interface RunLogOptions {
  readonly path: string;
  /** Reads, Rates or Events. */
  readonly kind: string;
  readonly commandLine: string;
  readonly startTime: Date;
  /** The last line of the heading. */
  readonly columns: string;
  /** Told once when it cannot be written any more; the run goes on without it. */
  readonly onTrouble?: (error: unknown) => void;
  /** Behind what the file holds already, instead of in its place. */
  readonly appends?: boolean;
}

/** Text that is kept before it is written: a log of reads has millions of short lines. */
const BUFFERED = 64 * 1024;

/** Collects lines and writes them in few pieces. */
export class RunLog {
  readonly #fd: number;
  readonly #onTrouble: ((error: unknown) => void) | undefined;
  #isLost = false;
  #text: string;

  /** @throws a system error when the file cannot be opened */
  constructor(options: RunLogOptions) {
    const { path, kind, commandLine, startTime, columns, appends = false } = options;
    this.#onTrouble = options.onTrouble;
    this.#fd = openSync(path, appends ? 'a' : 'w');
    const isContinued = appends && fstatSync(this.#fd).size > 0;
    this.#text =
      `${isContinued ? '\n' : ''}` +
      `# ${kind} Logfile. Created by rescue version ${VERSION} (chunkrescue)\n` +
      `# Command line: ${commandLine}\n` +
      `# Start time:   ${clockText(startTime)}\n` +
      `${columns}\n`;
    this.flush();
  }

  line(text: string): void {
    this.#text += `${text}\n`;
    if (this.#text.length >= BUFFERED) this.flush();
  }

  /** A log is no reason to lose what is read: trouble is told, and the rest of it dropped. */
  flush(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    if (this.#isLost) return;
    try {
      for (let n = 0; n < bytes.length; ) n += writeSync(this.#fd, bytes, n);
    } catch (error) {
      this.#isLost = true;
      this.#onTrouble?.(error);
    }
  }

  /** Writes the rest and closes the file, even when that fails. */
  end(time: Date): void {
    this.line(`# End time:     ${clockText(time)}`);
    this.flush();
    closeSync(this.#fd);
  }
}
