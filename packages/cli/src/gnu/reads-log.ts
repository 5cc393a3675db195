/** `--log-reads`: each read, each second, each pass. */
import { constants } from 'node:os';
import { RunLog, type RunLogOptions } from './run-log.ts';
import { loggedTime } from './times.ts';

/** Where and for what a log is kept. */
export type LogOptions = Pick<RunLogOptions, 'path' | 'commandLine' | 'startTime' | 'onTrouble'>;

/** A read and what became of it. Bytes. */
export interface LoggedRead {
  readonly pos: number;
  readonly size: number;
  readonly copied: number;
  /** Bytes that failed; at the end of the input fewer than were not copied. */
  readonly failed: number;
  /** Name of the error, when there was one: EIO goes without saying. */
  readonly errno?: string | undefined;
}

/** Columns: position, size, copied, failed and the number of an error that is not EIO. */
export class ReadsLog {
  readonly #log: RunLog;
  #hasReads = false;

  constructor(options: LogOptions) {
    const columns = '#  Ipos       Size  Copied_size  Error_size  Errno';
    this.#log = new RunLog({ ...options, kind: 'Reads', columns });
  }

  /** At the first read of a pass. */
  phase(message: string, runTimeS: number): void {
    if (this.#hasReads) this.#log.line('');
    this.#hasReads = false;
    this.#log.line(`# ${loggedTime(runTimeS)}  ${message}`);
  }

  read({ pos, size, copied, failed, errno }: LoggedRead): void {
    this.#hasReads = true;
    const number = errno === undefined || errno === 'EIO' ? '' : `\t${errnoNumber(errno)}`;
    this.#log.line(`${position(pos)}\t${size}\t${copied}\t${failed}${number}`);
  }

  /** Before a read of a new second, unless that read begins a pass. */
  second(runTimeS: number): void {
    this.#log.line(`# ${loggedTime(runTimeS)}`);
    this.#log.flush();
  }

  end(time: Date): void {
    this.#log.end(time);
  }
}

/** `0x00010000`, with more digits where they are needed. */
export function position(pos: number): string {
  return `0x${pos.toString(16).toUpperCase().padStart(8, '0')}`;
}

function errnoNumber(name: string): number | string {
  const numbers = constants.errno as Readonly<Record<string, number>>;
  return numbers[name] ?? name.replace(/^errno /, '');
}
