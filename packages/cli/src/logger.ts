import { type Logger, pino } from 'pino';

/** A log of events, one JSON record a line, appended; what is written survives the end of the program. */
export function openLog(path: string): Logger {
  return pino({ base: { pid: process.pid } }, pino.destination({ dest: path, sync: true }));
}
