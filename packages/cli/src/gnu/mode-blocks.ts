/** The blocks that fill mode and generate mode draw. */
import { groupedDigits } from '../screen/gnu-numbers.ts';
import { BlockScreen } from './block-screen.ts';
import { rateColumn, sizeColumn } from './screen.ts';
import { shownTime } from './times.ts';

/** What both modes show. Bytes, and bytes per second. */
interface ModeStatus {
  readonly position: number;
  readonly currentRate: number;
  readonly averageRate: number;
  readonly runTimeS: number;
}

export interface FillStatus extends ModeStatus {
  readonly filled: number;
  readonly filledAreas: number;
  readonly remaining: number;
  readonly remainingAreas: number;
}

export interface GenerateStatus extends ModeStatus {
  readonly rescued: number;
  readonly generated: number;
}

/** The three lines of fill mode. */
export function fillBlock(status: FillStatus, isBinary: boolean): string[] {
  const size = (value: number): string => `${sizeColumn(value, isBinary)}B`;
  const rate = (value: number): string => `${rateColumn(value, isBinary)}B/s`;
  const count = (value: number): string => groupedDigits(value).padStart(7);
  return [
    `filled size: ${size(status.filled)},  filled areas: ${count(status.filledAreas)},` +
      `  current rate: ${rate(status.currentRate)}`,
    `remain size: ${size(status.remaining)},  remain areas: ${count(status.remainingAreas)},` +
      `  average rate: ${rate(status.averageRate)}`,
    `current pos: ${size(status.position)},  run time:  ${shownTime(status.runTimeS).padStart(11)}`,
  ];
}

/** The two lines of generate mode. */
export function generateBlock(status: GenerateStatus, isBinary: boolean): string[] {
  const size = (value: number): string => `${sizeColumn(value, isBinary)}B`;
  const rate = (value: number): string => `${rateColumn(value, isBinary)}B/s`;
  return [
    `rescued: ${size(status.rescued)},  generated: ${size(status.generated)},` +
      `  current rate: ${rate(status.currentRate)}`,
    `   opos: ${size(status.position)},  run time: ${shownTime(status.runTimeS).padStart(11)},` +
      `  average rate: ${rate(status.averageRate)}`,
  ];
}

/** Draws the blocks of a mode. */
export class ModeScreen<Status> {
  readonly #write: (text: string) => void;
  readonly #lines: (status: Status) => string[];
  readonly #message: string;
  readonly #block: BlockScreen;

  /** `message` is what a run in progress says: `Filling blocks...`, `Generating mapfile...`. */
  constructor(
    write: (text: string) => void,
    how: { lineCount: number; lines: (status: Status) => string[]; message: string },
  ) {
    this.#write = write;
    this.#lines = how.lines;
    this.#message = how.message;
    this.#block = new BlockScreen(write, how.lineCount);
  }

  begin(): void {
    this.#block.begin();
  }

  refresh(status: Status): void {
    this.#block.draw(this.#lines(status), this.#message);
  }

  finish(status: Status): void {
    this.#block.draw(this.#lines(status), 'Finished');
    this.#write('\n');
  }

  /** `cause` is undefined when an error is told elsewhere. */
  stop(status: Status, cause: 'Interrupted by user' | undefined): void {
    this.#block.draw(this.#lines(status), undefined);
    this.#write(`\n${cause === undefined ? '' : `${cause}\n`}`);
  }
}
