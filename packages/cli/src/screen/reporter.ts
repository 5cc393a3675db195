/**
 * What a person or a script sees. Results go to stdout; progress and advice to stderr. A live line only on a
 * terminal; elsewhere a plain line from time to time.
 */
import type { FileRescueEvent, Progress } from '@chunkrescue/engine';
import type { Logger } from 'pino';
import { asCalled } from './own-command.ts';
import { bytes, count, duration, jsonLine, percent, printable, printableLines } from './units.ts';

/** How much is shown: -q 0, default 1, -v 2. */
export interface ReporterOptions {
  readonly verbosity: number;
  readonly isJson: boolean;
  readonly log: Logger | undefined;
}

const PLAIN_LINE_MS = 10_000;

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #isLive: boolean;
  #liveWidth = 0;
  #plainMs = 0;
  #phase = '';
  #isFallbackTold = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#isLive =
      process.stderr.isTTY === true &&
      process.stdout.isTTY === true &&
      process.env['TERM'] !== 'dumb' &&
      process.env['CI'] === undefined;
  }

  get isJson(): boolean {
    return this.#options.isJson;
  }

  /** A result: one line of text, or one JSON record. */
  result(record: { readonly type: string; readonly [key: string]: unknown }, text: string): void {
    this.#clear();
    this.#options.log?.info(record, 'result');
    if (this.#options.isJson) process.stdout.write(`${jsonLine({ schema: 1, ...record })}\n`);
    else if (this.#options.verbosity > 0) {
      process.stdout.write(`${printableLines(withoutLines(text, record))}\n`);
    }
  }

  /** Text that a command was asked to make, for a file or another program: as it is, even with -q. */
  product(text: string): void {
    this.#clear();
    process.stdout.write(process.stdout.isTTY ? printableLines(text) : text);
  }

  /** Advice or a warning. */
  note(text: string): void {
    this.#clear();
    this.#options.log?.warn(text);
    if (this.#options.verbosity > 0) process.stderr.write(`${printable(text)}\n`);
  }

  /** What must be seen even with -q. */
  warning(text: string): void {
    this.#clear();
    this.#options.log?.warn(text);
    process.stderr.write(`${printable(text)}\n`);
  }

  /** Only with -v. */
  detail(text: string): void {
    this.#options.log?.debug(text);
    if (this.#options.verbosity > 1) {
      this.#clear();
      process.stderr.write(`${printable(text)}\n`);
    }
  }

  /** Trouble; shown even with -q. */
  error(trouble: { code: string; message: string; hint?: string | undefined }): void {
    const { code, message } = trouble;
    const hint = trouble.hint === undefined ? undefined : asCalled(trouble.hint);
    const record = { code, message: asCalled(message), ...(hint !== undefined && { hint }) };
    this.#clear();
    this.#options.log?.error(record, record.message);
    if (this.#options.isJson) {
      process.stdout.write(`${jsonLine({ schema: 1, type: 'error', ...record })}\n`);
    }
    // What is our own fault has a stack; everything else is a sentence, and a name in it may hold a line end.
    const shown = record.code === 'bug' ? printableLines : printable;
    process.stderr.write(`rescue: ${shown(record.message)}\n`);
    if (hint !== undefined) process.stderr.write(`        ${shown(hint)}\n`);
  }

  /** An event of a running rescue. */
  event(label: string, event: FileRescueEvent): void {
    if (event.type === 'phase') {
      const { phase, pass, direction } = event;
      const number = phase === 'copying' || phase === 'retrying' ? ` pass ${pass}` : '';
      this.#phase = `${phase}${number} ${direction}`;
      this.detail(`${label}: ${this.#phase}`);
    }
    if (event.type !== 'progress') this.#options.log?.info(event, label);
    if (event.type === 'progress' || event.type === 'phase') this.#progress(label, event.progress);
    if (event.type === 'lost') {
      this.warning(`${event.message} Waiting for it to come back; Ctrl-C is safe.`);
    }
    if (event.type === 'back') this.warning(`${label}: the source is back; going on.`);
    if (event.type === 'waiting') this.#waiting(label, event);
    if (event.type === 'fallback') this.#fallback(event.source);
    if (event.type === 'ended') this.#clear();
  }

  /** A piece of work of known size that is not a rescue. */
  work(label: string, done: number, total: number): void {
    this.#line(`${label}: ${percent(done, total)} of ${bytes(total)}`);
  }

  /** Leaves the terminal in order. */
  end(): void {
    this.#clear();
  }

  /** Once a command, which may read many chunks of one source. */
  #fallback(source: string): void {
    if (this.#isFallbackTold) return;
    this.#isFallbackTold = true;
    const message = `${source} cannot be read directly; going on through the system's cache, which can lose up to 128 KiB around each bad sector.`;
    this.warning(message);
    if (!this.#options.isJson) return;
    process.stdout.write(`${jsonLine({ schema: 1, type: 'fallback', source, message })}\n`);
  }

  #progress(label: string, progress: Progress): void {
    const parts = [
      `${label}: ${percent(progress.rescued, progress.domainSize)}, ${bytes(progress.rescued)} rescued`,
      `${bytes(Math.round(progress.currentRateBytesPerS))}/s`,
      `bad ${bytes(progress.bad)} in ${count(progress.badAreas, 'area')}`,
      count(progress.readErrors, 'read error'),
      this.#phase,
    ];
    if (progress.sinceSuccessMs >= 5000)
      parts.push(`no data for ${duration(progress.sinceSuccessMs)}`);
    this.#line(parts.join(', '));
  }

  #waiting(
    label: string,
    { waitedMs, progress }: Extract<FileRescueEvent, { type: 'waiting' }>,
  ): void {
    this.#line(
      `${label}: no answer of the disk for ${duration(waitedMs)}, at position ${progress.readPos}; Ctrl-C is safe`,
    );
  }

  #line(text: string): void {
    if (this.#options.verbosity === 0 || this.#options.isJson) return;
    if (this.#isLive) {
      const shown = printable(text).slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1));
      process.stderr.write(`\r${shown.padEnd(this.#liveWidth)}`);
      this.#liveWidth = shown.length;
      return;
    }
    const now = performance.now();
    if (this.#plainMs !== 0 && now - this.#plainMs < PLAIN_LINE_MS) return;
    if (this.#plainMs !== 0) process.stderr.write(`${printable(text)}\n`);
    this.#plainMs = now;
  }

  #clear(): void {
    if (this.#liveWidth === 0) return;
    process.stderr.write(`\r${' '.repeat(this.#liveWidth)}\r`);
    this.#liveWidth = 0;
  }
}

/** The text, with names that hold line ends on one line: what they say would look as if we said it. */
function withoutLines(text: string, record: unknown): string {
  let shown = text;
  for (const word of wordsIn(record)) {
    for (const part of [word, ...word.split('/')]) {
      if (part.includes('\n')) shown = shown.replaceAll(part, printable(part));
    }
  }
  return shown;
}

function wordsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('\n') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsIn) : [];
}
