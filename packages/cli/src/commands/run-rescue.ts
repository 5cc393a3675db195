import { dirname } from 'node:path';
import {
  type DirectReading,
  type FileRescueJob,
  type FileRescueResult,
  type Progress,
  type RescueEnd,
  RescueError,
  type RescueWorker,
} from '@chunkrescue/engine';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { bytes, count, percent } from '../screen/units.ts';
import {
  askAboutMap,
  canAsk,
  type Elsewhere,
  tellElsewhere,
  withoutWayBack,
} from './map-trouble.ts';

/** Runs one rescue, showing its progress under its label. */
export async function runRescue(
  task: { readonly worker: RescueWorker; readonly job: FileRescueJob; readonly label: string },
  context: Context,
): Promise<FileRescueResult> {
  const { worker, job, label } = task;
  const { report, trap } = context;
  const elsewhere: Elsewhere[] = [];
  try {
    return await worker.rescue(
      { ...job, emergencyFolders: [dirname(job.target)] },
      {
        signal: trap.signal,
        onEvent(event) {
          if (event.type === 'map-elsewhere') {
            elsewhere.push(event);
            tellElsewhere(event, context);
          } else report.event(label, event);
        },
        ...(canAsk(context) && { onTrouble: (trouble) => askAboutMap(trouble, context) }),
      },
    );
  } catch (error) {
    // A program that reads records sees nothing of what was told to people.
    throw report.isJson ? error : elsewhere.reduce(withoutWayBack, error);
  }
}

/** The status of a rescue that ended by itself. A source that shrank is told as an error. */
export function statusOfEnd(
  result: { readonly end: RescueEnd; readonly progress: Progress },
  source: string,
): ExitStatus {
  const { end, progress } = result;
  if (end === 'source-short') {
    throw new RescueError('source-read', `${source} ended before its size was reached.`, {
      path: source,
      pos: progress.position,
      hint: 'What was read is saved, the rest counts as not tried. Check the connection and go on.',
    });
  }
  if (end !== 'finished' && end !== 'aborted') return EXIT.limit;
  return progress.rescued === progress.domainSize ? EXIT.rescued : EXIT.incomplete;
}

/** `104856064 of 104857600 bytes rescued (99.99 %), 1536 B unreadable in 2 areas`. */
export function summary(progress: Progress): string {
  const { rescued, domainSize, bad, badAreas, nonTried, nonTrimmed, nonScraped } = progress;
  const parts = [`${rescued} of ${domainSize} bytes rescued (${percent(rescued, domainSize)})`];
  if (bad > 0) parts.push(`${bytes(bad)} unreadable in ${count(badAreas, 'area')}`);
  if (nonTrimmed + nonScraped > 0) {
    parts.push(`${bytes(nonTrimmed + nonScraped)} failed and not read to the end`);
  }
  if (nonTried > 0) parts.push(`${bytes(nonTried)} not tried yet`);
  return parts.join(', ');
}

/** Past the cache a bad sector takes nothing else with it. */
export function adviseDirect(direct: DirectReading, bad: number, context: Context): void {
  if (direct !== 'never' || bad === 0) return;
  context.report.note(
    "With --direct never all was read through the system's cache, which reads whole pages: good sectors beside bad ones may be lost with them. The same command with --direct auto and -r 1 can still get them.",
  );
}
