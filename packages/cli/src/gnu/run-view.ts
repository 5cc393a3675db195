/** What a rescue shows and logs: from the session's events to GNU's screen and the three logs. */
import {
  existingSize,
  type Progress,
  phaseMessage,
  type ReadRecord,
  type RescueEvent,
  type RescueResult,
} from '@chunkrescue/engine';
import { RUN_STATE_NAMES } from '@chunkrescue/mapfile';
import { reasonInC } from './c-errors.ts';
import { deviceLabel } from './device-label.ts';
import { EventsLog, type LoggedState } from './events-log.ts';
import { GnuError } from './io.ts';
import { offsetOf } from './openings.ts';
import { RatesLog } from './rates-log.ts';
import { type LogOptions, ReadsLog } from './reads-log.ts';
import { endMessages } from './rescue-ends.ts';
import type { RunParts } from './rescue-mode.ts';
import { type HeadingParts, headingLines } from './run-heading.ts';
import { GnuScreen, type ScreenStatus } from './screen.ts';
import { titleLine } from './screen-heading.ts';

/** Bytes of a preview's line. */
const PREVIEW_LINE = 16;

export class RunView {
  readonly #parts: RunParts;
  readonly #screen: GnuScreen | undefined;
  readonly #previewSize: number;
  #reads: ReadsLog | undefined;
  #rates: RatesLog | undefined;
  #events: EventsLog | undefined;
  #progress: Progress | undefined;
  #message: string | undefined;
  /** As they were before the output was opened. */
  #sizes: HeadingParts['sizes'] = { source: undefined, outfile: undefined };
  #isPaused = false;

  constructor(parts: RunParts) {
    const { values, io } = parts;
    this.#parts = parts;
    const previewLines = values['data-preview'] ?? 0;
    this.#previewSize = previewLines * PREVIEW_LINE;
    if (io.verbosity < 0) return;
    this.#screen = new GnuScreen({
      write: (text) => io.out(text),
      isBinary: values['binary-prefixes'] ?? false,
      showsSlowReads: values['min-read-rate'] !== undefined,
      previewLines,
    });
  }

  /** The first line, before the output is opened. */
  title(): void {
    const { names, io, opened } = this.#parts;
    if (io.verbosity < 0) return;
    io.out(`${titleLine()}\n`);
    // Looking may mean opening a failing disk once more: only for those who are shown it.
    const outfile = io.verbosity < 2 ? undefined : existingSize(names.outfile);
    this.#sizes = { source: opened.size, outfile };
  }

  /** Everything else above the block, and room for the block. */
  heading(): void {
    const { values, names, io, rescue, mapfile } = this.#parts;
    if (io.verbosity < 0) return;
    const label = (name: string): string => (io.verbosity < 2 ? '' : deviceLabel(name));
    const labels = { infile: label(names.infile), outfile: label(names.outfile) };
    const parts = { values, names, io, rescue, mapfile, sizes: this.#sizes, labels };
    io.out(headingLines(parts).join('\n'));
    this.#screen?.begin();
  }

  /** Opens the logs. @throws GnuError */
  open(): void {
    const { values, io } = this.#parts;
    const startTime = io.clock.wallTime();
    const isBinary = values['binary-prefixes'] ?? false;
    const opened = <Log>(
      what: 'events' | 'rates' | 'reads',
      make: (options: LogOptions) => Log,
    ): Log | undefined => {
      const path = values[`log-${what}`];
      if (path === undefined) return undefined;
      try {
        return make({
          path,
          commandLine: io.commandLine,
          startTime,
          onTrouble: (error) =>
            io.err(
              `\n${io.programName}: warning: ${path}: Error writing the log: ${reasonInC(error)}\n`,
            ),
        });
      } catch (error) {
        throw new GnuError(`${path}: Can't open file for logging ${what}: ${reasonInC(error)}`);
      }
    };
    this.#events = opened('events', (options) => new EventsLog({ ...options, isBinary }));
    this.#rates = opened('rates', (options) => new RatesLog(options));
    this.#reads = opened('reads', (options) => new ReadsLog(options));
  }

  /** What is to be told of each read, if anything. */
  get onRead(): ((record: ReadRecord) => void) | undefined {
    if (this.#reads === undefined && this.#previewSize === 0) return undefined;
    return ({ pos, size, copied, errno, bytes }) => {
      const failed = errno === undefined ? 0 : size - copied;
      this.#reads?.read({ pos, size, copied, failed, errno });
      if (this.#previewSize === 0) return;
      const shown = bytes.slice(0, Math.min(copied, this.#previewSize));
      this.#screen?.preview(copied === 0 ? undefined : { pos, bytes: shown });
    };
  }

  take(event: RescueEvent): void {
    // A save changes nothing that is shown, and the last one knows no domain any more.
    if (['saved', 'lost', 'back'].includes(event.type)) return;
    if (event.type === 'waiting') {
      this.#countOn(Math.floor(event.waitedMs / 1000));
      return;
    }
    this.#progress = event.progress;
    switch (event.type) {
      case 'phase': {
        const isFirst = this.#message === undefined;
        this.#message = phaseMessage(event.phase, event.pass, event.direction);
        this.#reads?.phase(this.#message, event.progress.ratedS);
        this.#events?.event(this.#message, this.#state());
        // The block that says "Paused" is that of the pass that begins.
        if (!isFirst && !this.#isPaused) this.#screen?.beginPass();
        if (!this.#isPaused) this.#refresh(this.#message);
        this.#isPaused = false;
        return;
      }
      case 'second':
        this.#reads?.second(event.progress.ratedS);
        this.#refresh(event.isLast ? undefined : this.#message);
        return;
      case 'pass-ended':
        this.#refresh(this.#message);
        return;
      case 'pausing':
        this.#screen?.beginPass();
        this.#refresh('Paused');
        this.#isPaused = true;
        return;
    }
  }

  /** The run was given up because of an error that is told elsewhere. */
  failed(): void {
    if (this.#progress !== undefined) this.#stop(this.#status(this.#progress), []);
    this.#endLogs(undefined);
  }

  /** The last block, the reason, and the ends of the logs. */
  finish(result: RescueResult): void {
    this.#progress = result.progress;
    const causes = endMessages(result, this.#parts.values['binary-prefixes'] ?? false);
    const status = this.#status(result.progress);
    if (result.end === 'finished') {
      this.#screen?.finish(status);
      this.#rates?.refresh(status);
    } else {
      this.#stop(status, causes);
    }
    this.#endLogs(causes.at(-1));
  }

  #stop(status: ScreenStatus, causes: readonly string[]): void {
    this.#screen?.stop(status, causes);
    this.#rates?.refresh(status);
  }

  #refresh(message: string | undefined): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    const status = this.#status(progress);
    this.#screen?.refresh(status, message);
    this.#rates?.refresh(status);
  }

  /** In the middle of a read only the times change; whoever looks sees for how long, and the logs hear nothing. */
  #countOn(waitedS: number): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    const { ratedS, sinceSuccessMs } = progress;
    const times = { ratedS: ratedS + waitedS, sinceSuccessMs: sinceSuccessMs + waitedS * 1000 };
    this.#screen?.refresh(this.#status({ ...progress, ...times }), this.#message);
  }

  #endLogs(cause: string | undefined): void {
    const { rescue, io } = this.#parts;
    const now = io.clock.wallTime();
    if (cause !== undefined) this.#events?.cause(cause);
    if (this.#progress !== undefined) {
      const { position, state } = rescue;
      this.#events?.endOfRun({ pos: position, phase: RUN_STATE_NAMES[state] }, this.#state());
    }
    this.#events?.end(now);
    this.#rates?.end(now);
    this.#reads?.end(now);
  }

  #state(): LoggedState {
    const { rescued = 0, domainSize = 0, readErrors = 0 } = this.#progress ?? {};
    const averageRate = this.#progress?.averageRateBytesPerS ?? 0;
    return { runTimeS: this.#progress?.ratedS ?? 0, averageRate, rescued, domainSize, readErrors };
  }

  #status(progress: Progress): ScreenStatus {
    return {
      ...progress,
      ipos: progress.readPos,
      opos: progress.readPos + offsetOf(this.#parts.values),
      currentRate: progress.currentRateBytesPerS,
      averageRate: progress.averageRateBytesPerS,
      errorRate: progress.errorRateBytesPerS,
      runTimeS: progress.ratedS,
      sinceSuccessS: progress.rescued > 0 ? progress.sinceSuccessMs / 1000 : undefined,
    };
  }
}
