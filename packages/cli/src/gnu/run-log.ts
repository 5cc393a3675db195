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
  /** Behind what the file holds already, instead of in its place. */
  readonly appends?: boolean;
}

/** Text that is kept before it is written: a log of reads has millions of short lines. */
const BUFFERED = 64 * 1024;

/** Collects lines and writes them in few pieces. */
export class RunLog {
  readonly #fd: number;
  #text: string;

  /** @throws a system error when the file cannot be opened or written */
  constructor(options: RunLogOptions) {
    const { path, kind, commandLine, startTime, columns, appends = false } = options;
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

  /** @throws a system error when the disk is full */
  flush(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    for (let n = 0; n < bytes.length; ) n += writeSync(this.#fd, bytes, n);
  }

  /** Writes the rest and closes the file, even when that fails. */
  end(time: Date): void {
    this.line(`# End time:     ${clockText(time)}`);
    try {
      this.flush();
    } finally {
      closeSync(this.#fd);
    }
  }
}
