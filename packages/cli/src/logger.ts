import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isLink } from '@chunkrescue/engine';
import { type Logger, pino } from 'pino';
import { UsageError } from './exit.ts';

/**
 * A log of events, one JSON record a line, appended; what is written survives the end of the program.
 * @param onTrouble told once when the log cannot be written any more; the work goes on without it
 * @throws UsageError when the file cannot be opened or is no log: a slip must not write into a disk or image
 */
export function openLog(path: string, onTrouble: (reason: string) => void): Logger {
  let destination: ReturnType<typeof pino.destination>;
  try {
    refuseOtherFile(path);
    destination = pino.destination({ dest: path, sync: true });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--log: ${path} cannot be written (${reasonOf(error)}).`);
  }
  let isTold = false;
  destination.on('error', (error: unknown) => {
    if (isTold) return;
    isTold = true;
    onTrouble(reasonOf(error));
  });
  return pino({ base: { pid: process.pid } }, destination);
}

function refuseOtherFile(path: string): void {
  if (isLink(path)) throw new UsageError(`--log: ${path} is a link; name the file itself.`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isFile()) throw new UsageError(`--log: ${path} is not a regular file.`);
  if (stat.size === 0) return;
  const fd = openSync(path, 'r');
  try {
    const first = new Uint8Array(1);
    readSync(fd, first, 0, 1, 0);
    if (String.fromCharCode(first[0] as number) === '{') return;
  } finally {
    closeSync(fd);
  }
  throw new UsageError(`--log: ${path} exists and is not a log; choose another name.`);
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
