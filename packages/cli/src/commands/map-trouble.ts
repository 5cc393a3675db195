/** A map that cannot be saved: what the user is asked, and what is told. */
import {
  type FileRescueEvent,
  type MapTrouble,
  RescueError,
  shellQuoted,
  type TroubleAnswer,
} from '@chunkrescue/engine';
import type { Context } from '../context.ts';

/** Whether somebody is there to be asked. */
export function canAsk({ report }: Context): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !report.isJson;
}

/** Asks until there is an answer; the end of the input is one. A signal need not wait for it. */
export async function askAboutMap(
  { message, hint }: MapTrouble,
  { report, trap }: Context,
): Promise<TroubleAnswer> {
  report.error({ code: 'map-write', message, hint });
  for (;;) {
    report.warning('Nothing is read until you answer. Mend it and press ENTER to try again,');
    report.warning('  or E and ENTER to save the map elsewhere and end,');
    report.warning('  or Q and ENTER to end with the map as it was saved last.');
    const answer = (await readLine(trap.signal))?.trim().toLowerCase();
    if (answer === '') return 'again';
    if (answer === 'q') return 'quit';
    if (answer === undefined || answer === 'e') return 'elsewhere';
  }
}

/** A line that somebody types; undefined when the terminal is closed, or a signal came. */
function readLine(signal: AbortSignal): Promise<string | undefined> {
  const { stdin } = process;
  return new Promise((resolve) => {
    const end = (line: string | undefined): void => {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause();
      signal.removeEventListener('abort', onEnd);
      resolve(line);
    };
    const onData = (data: Buffer): void => end(String(data).split('\n')[0]);
    const onEnd = (): void => end(undefined);
    stdin.on('data', onData).on('end', onEnd).on('error', onEnd).resume();
    signal.addEventListener('abort', onEnd, { once: true });
  });
}

/** A map that was saved where it does not belong. */
export type Elsewhere = Extract<FileRescueEvent, { type: 'map-elsewhere' }>;

/** Tells where a map was saved, and how it comes back. */
export function tellElsewhere(event: Elsewhere, { report }: Context): void {
  const { map, saved, isVolatile } = event;
  const memory = isVolatile
    ? ' That place lies in memory: copy it before this PC is switched off!'
    : '';
  report.warning(`${map} could not be saved; what it should say is saved as ${saved}.${memory}`);
  report.warning(
    `  Before you go on, copy it back (if the stick is gone, mount it again first): ${wayBack(event)}`,
  );
}

/** The error that ends the run, without the way back where that was told already. */
export function withoutWayBack(error: unknown, event: Elsewhere): unknown {
  const isTold = error instanceof RescueError && error.hint?.includes(wayBack(event)) === true;
  if (!isTold) return error;
  return new RescueError(error.code, error.message, {
    path: event.map,
    cause: error,
    hint: 'Mend that (mount the stick again, if it is gone), copy the map back as is told above, then run the same command again.',
  });
}

function wayBack({ map, saved }: Elsewhere): string {
  return `cp ${shellQuoted(saved)} ${shellQuoted(map)}`;
}
