/** Generate mode: the checks in ddrescue's order, the files, the run. */
import {
  type GenerateProgress,
  generate,
  gnuManner,
  openFileSource,
  planRescue,
  type Rescue,
  RescueError,
  resolveSettings,
  type Source,
} from '@chunkrescue/engine';
import type { Mapfile } from '@chunkrescue/mapfile';
import { reasonInC } from './c-errors.ts';
import { gnuMapStore } from './gnu-map-file.ts';
import { GnuError, type TalkingIo } from './io.ts';
import { modeError } from './mode-errors.ts';
import type { ModeOptions } from './mode-options.ts';
import { refuseUnfit } from './rescue-plan.ts';

/** What the screen is told. Positions are in outfile. */
export interface GenerateScreen {
  /** Before the first piece. */
  begin(progress: GenerateProgress): void;
  /** After each piece. */
  progress(progress: GenerateProgress): void;
  /** `Finished`, or undefined when the run was stopped or failed; an error follows on standard error. */
  end(message: string | undefined, progress: GenerateProgress): void;
}

/**
 * Generates. Returns the exit status, or `stopped` when a signal ended it.
 * @param stored the map of an earlier run, undefined when there is none
 * @throws GnuError for everything that is in the way
 */
export function generateMode(
  io: TalkingIo,
  options: ModeOptions,
  { stored, screen }: { readonly stored: Mapfile | undefined; readonly screen: GenerateScreen },
): 0 | 1 | 'stopped' {
  const size = sizeOfInfile(options.infile);
  const rescue = planGenerate(options, { size, stored });
  if (options.domain.clip(rescue.map.start, rescue.map.end).isEmpty) {
    if (io.verbosity >= 0) io.err(`${io.programName}: Nothing to do; domain is empty.\n`);
    return 0;
  }
  // Only an interrupted run may be gone on with: any other map knows more than this one will.
  if (rescue.state !== 'G' && rescue.map.sizeOf('?') !== rescue.map.end - rescue.map.start) {
    throw new GnuError(`${options.mapfile}: Mapfile alredy exists and is not empty.`);
  }
  const copy = openCopy(options.outfile);
  try {
    return run(io, options, { rescue, copy, screen });
  } catch (error) {
    throw error instanceof RescueError ? modeError(error, options) : error;
  } finally {
    copy.close?.();
  }
}

/** Undefined when it is not known: ddrescue takes 0 for that. */
function sizeOfInfile(path: string): number | undefined {
  let source: Source;
  try {
    source = openFileSource(path, { direct: false });
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    throw new GnuError(`${path}: Can't open input file: ${reasonInC(error)}`);
  }
  const { size } = source;
  source.close?.();
  return size === 0 ? undefined : size;
}

function planGenerate(
  options: ModeOptions,
  { size, stored }: { size: number | undefined; stored: Mapfile | undefined },
): Rescue {
  // Sectors of one byte: borders inside a sector stay where they are.
  const source = { size, sectorSize: options.sectorSize };
  const settings = resolveSettings({ sectorSize: 1, clusterSize: 1 }, source, gnuManner);
  const { domain } = options;
  refuseUnfit({ start: domain.start, size, mapfile: stored }, false);
  return planRescue({ sourceSize: size, domain, mapfile: stored }, settings);
}

function run(
  io: TalkingIo,
  options: ModeOptions,
  { rescue, copy, screen }: { rescue: Rescue; copy: Source; screen: GenerateScreen },
): 0 | 1 | 'stopped' {
  const interval = options.saveIntervalMs;
  const shown = (progress: GenerateProgress): GenerateProgress => ({
    ...progress,
    position: progress.position + options.offset,
  });
  const { end, progress } = generate({
    rescue,
    copy,
    offset: options.offset,
    sectorSize: options.sectorSize,
    clusterSize: options.clusterSize,
    store: gnuMapStore(options.mapfile, { io, intervals: options.intervals }),
    clock: io.clock,
    signal: io.stop,
    commandLine: io.commandLine,
    ...(interval === undefined ? {} : { saveIntervalMs: () => interval }),
    onEvent(event) {
      if (event.type === 'started') screen.begin(shown(event.progress));
      else if (event.type === 'progress') screen.progress(shown(event.progress));
    },
  });
  screen.end(end === 'finished' ? 'Finished' : undefined, shown(progress));
  if (end === 'aborted') return 'stopped';
  if (end === 'finished') return 0;
  io.err(
    `${io.programName}: ${options.infile}: EOF found below the size calculated from mapfile.\n`,
  );
  return 1;
}

function openCopy(path: string): Source {
  try {
    return openFileSource(path, { direct: false });
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    throw new GnuError(`${path}: Can't open output file: ${reasonInC(error)}`);
  }
}
