import type { Logger } from 'pino';
import type { Reporter } from './screen/reporter.ts';
import type { SignalTrap } from './signals.ts';

/** What every command is given. */
export interface Context {
  readonly report: Reporter;
  readonly log: Logger | undefined;
  readonly trap: SignalTrap;
  /** As the user typed it, for the heading of mapfiles. */
  readonly commandLine: string;
}
