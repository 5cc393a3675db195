/** `--log-events`: passes, the end and its cause, two lines each. Goes on behind earlier runs. */
import { groupedDigits } from '../screen/gnu-numbers.ts';
import { type LogOptions, position } from './reads-log.ts';
import { RunLog } from './run-log.ts';
import { percent, rateColumn } from './screen.ts';
import { loggedTime } from './times.ts';

/** How far the run is. Bytes, and bytes per second. */
export interface LoggedState {
  readonly runTimeS: number;
  readonly averageRate: number;
  readonly rescued: number;
  readonly domainSize: number;
  readonly readErrors: number;
}

export class EventsLog {
  readonly #log: RunLog;
  readonly #isBinary: boolean;

  constructor(options: LogOptions & { readonly isBinary: boolean }) {
    this.#isBinary = options.isBinary;
    const columns = '#          Time     Rescued  Event';
    this.#log = new RunLog({ ...options, kind: 'Events', columns, appends: true });
  }

  /** At the first read of a pass. */
  event(message: string, state: LoggedState): void {
    const rate = `${rateColumn(state.averageRate, this.#isBinary)}B/s`;
    this.#log.line(`${loggedTime(state.runTimeS).padStart(15)} ${rate}  ${message}`);
    const rescued = groupedDigits(state.rescued).padStart(27);
    const percentage = `${percent(state.rescued, state.domainSize)}%`.padStart(7);
    const errors = groupedDigits(state.readErrors).padStart(9);
    this.#log.line(`${rescued}  ${percentage}${errors} read errors`);
    this.#log.flush();
  }

  /** Why the run was given up; not for errors that go to standard error. */
  cause(message: string): void {
    this.#log.line(`${' '.repeat(22)}${message}`);
  }

  /** The last event: the position and the phase that the mapfile's status line has. */
  endOfRun({ pos, phase }: { pos: number; phase: string }, state: LoggedState): void {
    this.event(`End of run (${position(pos)}  ${phase})`, state);
  }

  end(time: Date): void {
    this.#log.end(time);
  }
}
