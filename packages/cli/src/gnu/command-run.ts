/** Command mode: ddrescue's checks, the files, and then what standard input says. */
import { RescueError } from '@chunkrescue/engine';
import { ask } from './ask.ts';
import { commandMode, commandRescue } from './command-mode.ts';
import type { FileNames } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { gnuMapStore, saveNewMap } from './gnu-map-file.ts';
import type { TalkingIo } from './io.ts';
import { openTarget, toleratedErrnos, wrapSource } from './openings.ts';
import { rescueFailure } from './rescue-ends.ts';
import { openRescue, type RunParts } from './rescue-mode.ts';
import { boundsOf } from './rescue-plan.ts';

/** Takes commands until `f`, `q` or the end of the input; returns the exit status. @throws GnuError */
export function commandModeRun(values: DdrescueValues, names: FileNames, io: TalkingIo): number {
  return openRescue(values, names, io, (parts) => {
    if (values.ask && !ask(parts)) return 1;
    try {
      return runCommands(parts);
    } catch (error) {
      throw error instanceof RescueError ? rescueFailure(error, names) : error;
    }
  });
}

function runCommands({ values, names, io, opened, garbage, rescue, mapfile }: RunParts): number {
  const output = openTarget(values, names, { io, bounds: boundsOf(rescue) });
  try {
    const { source, afterError } = wrapSource(opened, values, { io, garbage });
    const { clusterSize } = rescue.settings;
    const copy = {
      rescue,
      source,
      target: output.target,
      buffer: source.allocate?.(clusterSize) ?? new Uint8Array(clusterSize),
      tolerated: toleratedErrnos(values),
      signal: io.stop,
      afterError() {
        void afterError?.();
        if (values['reopen-on-error']) void source.reopen?.();
      },
    };
    const { mapfile: path } = names;
    const intervals = values['mapfile-interval'];
    const store =
      path === undefined ? undefined : gnuMapStore(path, { io, intervals, asks: false });
    const save = (): void => {
      void output.target.sync();
      if (store !== undefined) saveNewMap(store, rescue, io);
    };
    if (mapfile === undefined) save();
    const heading = io.verbosity >= 0 ? 'GNU ddrescue 1.30\n' : '';
    return commandMode(io, commandRescue(copy, save), { heading, ...names });
  } finally {
    output.close();
  }
}
