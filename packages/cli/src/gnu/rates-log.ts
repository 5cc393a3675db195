/** `--log-rates`: a line a second, for gnuplot. */
import { type LogOptions, position } from './reads-log.ts';
import { RunLog } from './run-log.ts';

/** Bytes, and bytes per second. */
export interface LoggedRates {
  readonly runTimeS: number;
  readonly ipos: number;
  readonly currentRate: number;
  readonly averageRate: number;
  readonly badAreas: number;
  readonly bad: number;
}

export class RatesLog {
  readonly #log: RunLog;
  #lastS = -1;

  constructor(options: LogOptions) {
    const columns = '#Time  Ipos  Current_rate  Average_rate  Bad_areas  Bad_size';
    this.#log = new RunLog({ ...options, kind: 'Rates', columns });
  }

  /** At each refresh of the screen; a second that has its line already gets no other. */
  refresh(rates: LoggedRates): void {
    const { runTimeS, ipos, currentRate, averageRate, badAreas, bad } = rates;
    if (runTimeS <= this.#lastS) return;
    this.#lastS = runTimeS;
    const column = (value: number, width: number): string => String(value).padStart(width);
    this.#log.line(
      `${column(runTimeS, 2)}  ${position(ipos)}  ${column(currentRate, 8)}  ` +
        `${column(averageRate, 8)}  ${column(badAreas, 7)}  ${column(bad, 8)}`,
    );
    this.#log.flush();
  }

  end(time: Date): void {
    this.#log.end(time);
  }
}
