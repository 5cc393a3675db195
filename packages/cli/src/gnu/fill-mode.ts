/** Fill mode: the checks in ddrescue's order, the files, the run. What the options mean is known elsewhere. */
import { closeSync, openSync, readSync } from 'node:fs';
import {
  alignedBuffer,
  type FillProgress,
  fill,
  gnuManner,
  openFileTarget,
  planRescue,
  type Rescue,
  RescueError,
  resolveSettings,
  type Target,
  withOutputOffset,
} from '@chunkrescue/engine';
import type { BlockStatus, Mapfile } from '@chunkrescue/mapfile';
import { reasonInC } from './c-errors.ts';
import { gnuMapStore } from './gnu-map-file.ts';
import { GnuError, type TalkingIo } from './io.ts';
import { modeError } from './mode-errors.ts';
import type { ModeOptions } from './mode-options.ts';
import { pathToOpen } from './openings.ts';
import { lockedFailure } from './run-lock.ts';

/** What the options say; the infile may be a file, a pipe or a device. */
export interface FillModeOptions extends ModeOptions {
  readonly types: readonly BlockStatus[];
  /** `l` among the types. */
  readonly writesLocation: boolean;
  /** `-f`: outfile may be a device. */
  readonly isForced: boolean;
  /** The device may be in use. */
  readonly isForcedInUse: boolean;
  /** `-D`. */
  readonly isDirect: boolean;
  /** `-y`. */
  readonly isSynchronous: boolean;
  /** `-w`. */
  readonly ignoresWriteErrors: boolean;
}

/** What the screen is told. Positions are in outfile. */
export interface FillScreen {
  /** Before the first piece. */
  begin(progress: FillProgress): void;
  /** After each piece. */
  progress(progress: FillProgress): void;
  /** `Finished`, or undefined when the run was stopped or failed; an error follows on standard error. */
  end(message: string | undefined, progress: FillProgress): void;
}

/** A map and its file, read already: whoever restricts the domain needs it before. */
export interface StoredMap {
  /** Undefined when the file does not exist or cannot be read. */
  readonly mapfile: Mapfile | undefined;
}

/**
 * Fills. Returns the exit status, or `stopped` when a signal ended it.
 * @throws GnuError for everything that is in the way
 */
export function fillMode(
  io: TalkingIo,
  options: FillModeOptions,
  { stored, screen }: { readonly stored: StoredMap; readonly screen: FillScreen },
): 0 | 'stopped' {
  const { mapfile } = stored;
  if (mapfile === undefined) {
    throw new GnuError(`${options.mapfile}: Mapfile does not exist or is not readable.`);
  }
  const rescue = planFill(options, mapfile);
  if (rescue.map.count === 0 || options.domain.clip(rescue.map.start, rescue.map.end).isEmpty) {
    if (io.verbosity >= 0) io.err(`${io.programName}: Nothing to do; domain is empty.\n`);
    return 0;
  }
  const data = readFillData(options.infile, options.clusterSize);
  const file = openOutfile(options);
  try {
    return run(io, options, {
      rescue,
      data,
      target: withOutputOffset(file, options.offset),
      screen,
    });
  } catch (error) {
    throw error instanceof RescueError ? modeError(error, options) : error;
  } finally {
    file.close?.();
  }
}

/** The map as it is, restricted to the part of the domain that it covers (`-C` is implied). */
function planFill(options: FillModeOptions, mapfile: Mapfile): Rescue {
  const { sectorSize } = options;
  const source = { size: undefined, sectorSize };
  // Sectors of one byte: the borders of a map that is only read stay where they are.
  const settings = resolveSettings({ sectorSize: 1, clusterSize: 1 }, source, gnuManner);
  const { domain } = options;
  return planRescue({ sourceSize: undefined, domain, mapfile, isWithinMap: true }, settings);
}

function run(
  io: TalkingIo,
  options: FillModeOptions,
  parts: { rescue: Rescue; data: Uint8Array; target: Target; screen: FillScreen },
): 0 | 'stopped' {
  const { screen, ...rest } = parts;
  const interval = options.saveIntervalMs;
  let last: FillProgress | undefined;
  const shown = (progress: FillProgress): FillProgress => {
    last = { ...progress, position: progress.position + options.offset };
    return last;
  };
  try {
    const { end } = fill({
      ...rest,
      ...(options.isDirect ? { memory: alignedBuffer(options.clusterSize) } : {}),
      types: options.types,
      sectorSize: options.sectorSize,
      clusterSize: options.clusterSize,
      writesLocation: options.writesLocation,
      isSynchronous: options.isSynchronous,
      ignoresWriteErrors: options.ignoresWriteErrors,
      store: gnuMapStore(options.mapfile, { io, intervals: options.intervals }),
      clock: io.clock,
      signal: io.stop,
      commandLine: io.commandLine,
      ...(interval === undefined ? {} : { saveIntervalMs: () => interval }),
      onEvent({ type, progress }) {
        if (type === 'started') screen.begin(shown(progress));
        else if (type === 'progress') screen.progress(shown(progress));
        else if (type === 'ended') shown(progress);
      },
    });
    if (last !== undefined) screen.end(end === 'finished' ? 'Finished' : undefined, last);
    return end === 'finished' ? 0 : 'stopped';
  } catch (error) {
    if (last !== undefined) screen.end(undefined, last);
    throw error;
  }
}

/** As much of the input as fills a cluster, from its beginning; a pipe is read no further. */
function readFillData(path: string, size: number): Uint8Array {
  const fd = openInfile(path);
  const bytes = new Uint8Array(size);
  let n = 0;
  try {
    while (n < size) {
      const count = readSync(fd, bytes, n, size - n, null);
      if (count === 0) break;
      n += count;
    }
  } catch (error) {
    throw new GnuError(`${path}: Error reading fill data from input file: ${reasonInC(error)}`);
  } finally {
    closeSync(fd);
  }
  if (n === 0) throw new GnuError(`${path}: Error reading fill data from input file`);
  return bytes.subarray(0, n);
}

function openInfile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new GnuError(`${path}: Can't open input file: ${reasonInC(error)}`);
  }
}

function openOutfile(options: FillModeOptions): Target {
  const { outfile, isForced, isForcedInUse, isDirect } = options;
  try {
    return openFileTarget(pathToOpen(outfile), {
      mode: 'any',
      sparse: false,
      force: isForced,
      forceCharacters: isForced,
      forceInUse: isForcedInUse,
      direct: isDirect,
    });
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    if (error.code === 'locked') throw lockedFailure(error);
    throw new GnuError(`${outfile}: Can't open output file: ${reasonInC(error)}`);
  }
}
