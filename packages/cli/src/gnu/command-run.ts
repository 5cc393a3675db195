/** Command mode: ddrescue's checks, the files, and then what standard input says. */
import { mapHeading, type Rescue, RescueError } from '@chunkrescue/engine';
import { commandMode, commandRescue } from './command-mode.ts';
import type { FileNames } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { gnuMapStore } from './gnu-map-file.ts';
import type { TalkingIo } from './io.ts';
import { openTarget, toleratedErrnos, wrapSource } from './openings.ts';
import { rescueFailure } from './rescue-ends.ts';
import { boundsOf, lockRun, openRescue, type RunParts } from './rescue-mode.ts';

/** Takes commands until `f`, `q` or the end of the input; returns the exit status. @throws GnuError */
export function commandModeRun(values: DdrescueValues, names: FileNames, io: TalkingIo): number {
  return openRescue(values, names, io, (parts) => {
    const lock = values['no-lock'] ? undefined : lockRun(names);
    try {
      return runCommands(parts);
    } catch (error) {
      throw error instanceof RescueError ? rescueFailure(error, names) : error;
    } finally {
      lock?.close();
    }
  });
}

function runCommands({ values, names, io, opened, rescue, mapfile }: RunParts): number {
  const output = openTarget(values, names, boundsOf(rescue));
  try {
    const { source, afterError } = wrapSource(opened.source, values, { io, log: undefined });
    const { clusterSize } = rescue.settings;
    const copy = {
      rescue,
      source,
      target: output.target,
      buffer: source.allocate?.(clusterSize) ?? new Uint8Array(clusterSize),
      tolerated: toleratedErrnos(values),
      ...(afterError === undefined ? {} : { afterError }),
    };
    const save = (): void => {
      void output.target.sync();
      saveMap(rescue, { values, names, io });
    };
    if (mapfile === undefined) saveMap(rescue, { values, names, io });
    const heading = io.verbosity >= 0 ? 'GNU ddrescue 1.30\n' : '';
    return commandMode(io, commandRescue(copy, save), { heading, ...names });
  } finally {
    output.close();
  }
}

function saveMap(
  rescue: Rescue,
  { values, names, io }: { values: DdrescueValues; names: FileNames; io: TalkingIo },
): void {
  if (names.mapfile === undefined) return;
  const { position, state, pass, map } = rescue;
  const now = io.clock.wallTime();
  const { commandLine } = io;
  const heading = mapHeading({ commandLine, startTime: now, now, message: undefined });
  const store = gnuMapStore(names.mapfile, { io, intervals: values['mapfile-interval'] });
  void store.save({ heading, position, state, pass, map });
}
