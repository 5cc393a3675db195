/**
 * The screen of a rescue as GNU ddrescue draws it. It is told what to show and when; what a refresh means
 * (before a read, when the rates are new; at the end of a pass) is known by whoever runs the rescue.
 */
import { OPEN_END } from '@chunkrescue/mapfile';
import { groupedDigits, scaled } from '../screen/gnu-numbers.ts';
import { BlockScreen } from './block-screen.ts';
import { type PreviewData, previewHeight, previewLines } from './preview.ts';
import { shownRemaining, shownTime } from './times.ts';

/** Sizes and positions are bytes, rates bytes per second. */
export interface ScreenStatus {
  readonly ipos: number;
  readonly opos: number;
  readonly domainSize: number;
  readonly rescued: number;
  readonly nonTried: number;
  readonly nonTrimmed: number;
  readonly nonScraped: number;
  readonly bad: number;
  readonly badAreas: number;
  readonly readErrors: number;
  readonly slowReads: number;
  readonly currentRate: number;
  readonly averageRate: number;
  /** Bytes of failed reads in a second. */
  readonly errorRate: number;
  readonly runTimeS: number;
  /** Undefined is shown as `n/a`. */
  readonly remainingS: number | undefined;
  /** Undefined (`n/a`) until a read brought something. */
  readonly sinceSuccessS: number | undefined;
}

export interface GnuScreenOptions {
  write(text: string): void;
  /** `-B`. */
  readonly isBinary: boolean;
  /** `-a`. */
  readonly showsSlowReads: boolean;
  /** `-P`; 0 without it. */
  readonly previewLines: number;
}

const STATUS_LINES = 6;
/** The largest number of a column before a prefix makes it shorter. */
export const SIZE_LIMIT = 999_999;
export const RATE_LIMIT = 99_999;
/** What GNU's end of an input of unknown size, 2^63−1, is more than ours. */
const BEYOND_OPEN_END = 2 ** 63 - 1 - OPEN_END;

/** Shows a rescue. */
export class GnuScreen {
  readonly #options: GnuScreenOptions;
  readonly #block: BlockScreen;
  #preview: PreviewData | undefined;

  constructor(options: GnuScreenOptions) {
    this.#options = options;
    const lineCount = STATUS_LINES + previewHeight(options.previewLines);
    this.#block = new BlockScreen((text) => options.write(text), lineCount);
  }

  /** Makes room, behind the headings. */
  begin(): void {
    this.#block.begin();
  }

  /** The next refresh leaves the block of the last pass on the screen. */
  beginPass(): void {
    this.#block.keep();
  }

  /** What the preview shows from now on: the data of the last read, undefined when it failed. */
  preview(data: PreviewData | undefined): void {
    this.#preview = data;
  }

  /** Draws the block anew. Without a message, which is when the run is about to be given up, none is shown. */
  refresh(status: ScreenStatus, message: string | undefined): void {
    const lines = [
      ...previewLines(this.#options.previewLines, this.#preview),
      ...statusLines(status, this.#options),
    ];
    this.#block.draw(lines, message);
  }

  /** The last block of a run that finished. */
  finish(status: ScreenStatus): void {
    this.refresh(status, '\nFinished');
    this.#options.write('\n');
  }

  /** The last block of a run that was given up, and why; an error that goes elsewhere is not among them. */
  stop(status: ScreenStatus, causes: readonly string[]): void {
    this.refresh(status, undefined);
    this.#options.write(`\n${causes.map((cause) => `  ${cause}\n`).join('')}`);
  }
}

/** The six lines of a status. */
function statusLines(
  status: ScreenStatus,
  { isBinary, showsSlowReads }: Pick<GnuScreenOptions, 'isBinary' | 'showsSlowReads'>,
): string[] {
  const size = (value: number): string => `${sizeColumn(value, isBinary)}B`;
  const rate = (value: number): string => `${rateColumn(value, isBinary)}B/s`;
  const count = (value: number): string => groupedDigits(value).padStart(10);
  const time = (text: string): string => text.padStart(11);
  const slow = showsSlowReads ? `slow reads: ${groupedDigits(status.slowReads).padStart(9)},` : '';
  const percentage = `${percent(status.rescued, status.domainSize)}%`.padStart(8);
  const nonTried = size(gnuSize(status.nonTried, status.domainSize));
  return [
    `     ipos: ${size(status.ipos)}, non-trimmed: ${size(status.nonTrimmed)},` +
      `   current rate: ${rate(status.currentRate)}`,
    `     opos: ${size(status.opos)}, non-scraped: ${size(status.nonScraped)},` +
      `   average rate: ${rate(status.averageRate)}`,
    `non-tried: ${nonTried},  bad-sector: ${size(status.bad)},` +
      `     error rate: ${rate(status.errorRate)}`,
    `  rescued: ${size(status.rescued)},   bad areas: ${count(status.badAreas)},` +
      `       run time: ${time(shownTime(status.runTimeS))}`,
    `pct rescued: ${percentage}, read errors: ${count(status.readErrors)},` +
      ` remaining time: ${time(shownRemaining(status.remainingS))}`,
    `${slow.padEnd(31)}time since last successful read: ${time(shownTime(status.sinceSuccessS))}`,
  ];
}

/** A size in 9 columns, without its `B`. */
export function sizeColumn(value: number, isBinary: boolean): string {
  return scaled(value, SIZE_LIMIT, isBinary).padStart(9);
}

/** A rate in 8 columns, without its `B/s`. */
export function rateColumn(value: number, isBinary: boolean): string {
  return scaled(value, RATE_LIMIT, isBinary).padStart(8);
}

/** Two digits behind the point, the rest cut: 100.00 is never shown before the end. */
export function percent(part: number, whole: number): string {
  const hundredths = whole > 0 ? (BigInt(part) * 10_000n) / BigInt(whole) : 0n;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')}`;
}

/** What is left of an input without an end, counted to GNU's end. */
function gnuSize(value: number, domainSize: number): number {
  return domainSize > OPEN_END / 2 && value > 0 ? value + BEYOND_OPEN_END : value;
}
