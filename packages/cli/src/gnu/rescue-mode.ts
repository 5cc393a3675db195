/** Rescue mode: ddrescue's checks in its order, the files, the run, the end. */
import {
  BesideThread,
  domainTotals,
  type Rescue,
  RescueError,
  type RescueOptions,
  type RescueResult,
  rescueBlocking,
  type TimeLimits,
} from '@chunkrescue/engine';
import type { Domain, Mapfile } from '@chunkrescue/mapfile';
import { ask } from './ask.ts';
import { checkMapfile, checkOutfile, type FileNames, usage } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { gnuMapStore, readRescueMap, refuseReadOnlyMap, saveNewMap } from './gnu-map-file.ts';
import type { TalkingIo } from './io.ts';
import { MapReader } from './log-map.ts';
import {
  badSectorDataOf,
  domainOf,
  type OpenSource,
  openSource,
  openTarget,
  refuseEmptyMap,
  refuseMissingOutput,
  targetSizeOf,
  testMapOf,
  toleratedErrnos,
  wrapSource,
} from './openings.ts';
import { rescueEnd, rescueFailure } from './rescue-ends.ts';
import {
  boundsOf,
  checkInputSize,
  claimedIn,
  gnuPlan,
  type PlanParts,
  refuseTruncation,
} from './rescue-plan.ts';
import { locked } from './run-lock.ts';
import { RunView } from './run-view.ts';

/** Runs a rescue; returns the exit status. @throws GnuError for everything that is in the way */
export function rescueMode(values: DdrescueValues, names: FileNames, io: TalkingIo): number {
  return openRescue(values, names, io, runAsked);
}

/** Checks and opens what a rescue reads, and hands it over. @throws GnuError */
export function openRescue(
  values: DdrescueValues,
  names: FileNames,
  io: TalkingIo,
  work: (parts: RunParts) => number,
): number {
  refuseOtherModes(values);
  checkMapfile(names.mapfile);
  checkOutfile(values, names.outfile);
  const reader = new MapReader(io);
  const domain = domainOf(values, reader);
  const opened = openSource(values, names, testMapOf(values, reader));
  try {
    return locked(values, names, () => {
      const parts = prepared({ values, names, io, opened, domain, reader });
      return parts === undefined ? 0 : work(parts);
    });
  } finally {
    opened.close();
  }
}

/** The plan, with everything checked that needs it; undefined when there is nothing to do. */
function prepared({
  values,
  names,
  io,
  opened,
  domain,
  reader,
}: Pick<RunParts, 'values' | 'names' | 'io' | 'opened'> & {
  readonly domain: Domain;
  readonly reader: MapReader;
}): RunParts | undefined {
  const mapfile = readRescueMap(names.mapfile, reader);
  // GNU takes a range of nothing where it lies, but a domain map without anything for one at 0.
  const isRange = values['domain-mapfile'] === undefined && domain.isEmpty;
  const start = isRange ? (values['input-position'] ?? 0) : domain.start;
  const { size, isSizeOfOutput } = opened;
  const plan: PlanParts = { domain, start, size, isSizeOfOutput, mapfile };
  const rescue = gnuPlan(values, plan);
  checkInputSize(values, plan);
  if (isNothingToDo(values, rescue, mapfile)) {
    if (io.verbosity >= 0) io.err(`${io.programName}: Nothing to do; domain is empty.\n`);
    return undefined;
  }
  refuseTruncation(values, mapfile);
  refuseReadOnlyMap(names.mapfile);
  refuseEmptyMap(names, mapfile);
  refuseMissingOutput(values, names, claimedIn(rescue));
  const garbage = badSectorDataOf(values);
  return { values, names, io, opened, garbage, rescue, mapfile };
}

function refuseOtherModes(values: DdrescueValues): void {
  if (values['ignore-write-errors']) {
    throw usage("Option '-w' is incompatible with rescue mode.");
  }
  if (values['same-file'] && values.truncate) {
    throw usage("Option '--same-file' is incompatible with '--truncate'.");
  }
}

function isNothingToDo(
  values: DdrescueValues,
  rescue: Rescue,
  mapfile: Mapfile | undefined,
): boolean {
  if (domainTotals(rescue.map).domainSize > 0) return false;
  if (values['complete-only'] && mapfile === undefined) {
    throw usage('Nothing to complete; mapfile is missing or empty.');
  }
  return true;
}

/** Everything that a run is made of. */
export interface RunParts {
  readonly values: DdrescueValues;
  readonly names: FileNames;
  readonly io: TalkingIo;
  readonly opened: OpenSource;
  /** What a sector of `--bad-sector-data` holds. */
  readonly garbage: Uint8Array | undefined;
  readonly rescue: Rescue;
  readonly mapfile: Mapfile | undefined;
}

function runAsked(parts: RunParts): number {
  const { values, names } = parts;
  if (values.ask && !ask(parts)) return 1;
  try {
    return run(parts);
  } catch (error) {
    throw error instanceof RescueError ? rescueFailure(error, names) : error;
  }
}

function run(parts: RunParts): number {
  const behind = new BesideThread(parts.rescue.readMax);
  try {
    return runWith(parts, behind);
  } finally {
    behind.close();
  }
}

function runWith(parts: RunParts, behind: BesideThread): number {
  const { values, names, io, opened, garbage, rescue, mapfile } = parts;
  const view = new RunView(parts);
  view.title();
  // A file that is read and written at a time must have what was written before it is read.
  const later = values['same-file'] ? {} : { behind };
  const output = openTarget(values, names, { io, bounds: boundsOf(rescue), ...later });
  const intervals = values['mapfile-interval'];
  const store =
    names.mapfile === undefined
      ? undefined
      : gnuMapStore(names.mapfile, { io, intervals, keepsSpare: true });
  let result: RescueResult;
  try {
    if (mapfile === undefined && store !== undefined) saveNewMap(store, rescue, io);
    view.open();
    view.heading();
    // Known once the logs are open.
    const { onRead } = view;
    result = rescueBlocking({
      ...wrapSource(opened, values, { io, garbage }),
      target: output.target,
      ...(store === undefined ? {} : { store }),
      prepared: rescue,
      memory: behind,
      ...runOptions(values),
      signal: io.stop,
      clock: io.clock,
      commandLine: io.commandLine,
      progressMs: Number.POSITIVE_INFINITY,
      onEvent: (event) => view.take(event),
      ...(onRead === undefined ? {} : { onRead }),
    });
    output.extend(targetSizeOf(values, opened.size));
  } catch (error) {
    view.failed();
    throw error;
  } finally {
    store?.close();
    output.close();
  }
  view.finish(result);
  return rescueEnd(result, { values, names });
}

/** What the options say of the run besides what is read next. */
function runOptions(
  values: DdrescueValues,
): Pick<
  RescueOptions,
  'limits' | 'pauses' | 'reopensOnError' | 'toleratedErrnos' | 'saveIntervalMs'
> {
  const error = values['pause-on-error'];
  const saveS = values['mapfile-interval']?.saveS;
  return {
    limits: timeLimits(values),
    pauses: {
      errorMs: error?.ms ?? 0,
      isSimulated: error?.isSimulated ?? false,
      passMs: (values['pause-on-pass'] ?? 0) * 1000,
    },
    reopensOnError: values['reopen-on-error'] ?? false,
    toleratedErrnos: toleratedErrnos(values),
    ...(saveS === undefined ? {} : { saveIntervalMs: () => saveS * 1000 }),
  };
}

function timeLimits(values: DdrescueValues): TimeLimits {
  const { timeout } = values;
  const errorRateMax = values['max-error-rate'];
  const minBytesPerS = values['min-read-rate'];
  const delayS = values['delay-slow'] ?? 30;
  const max = values['max-slow-reads'];
  return {
    ...(errorRateMax === undefined ? {} : { errorRateMax }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
    ...(minBytesPerS === undefined
      ? {}
      : {
          slow: {
            minBytesPerS,
            delayMs: delayS * 1000,
            resets: values['reset-slow'] ?? false,
            ...(max === undefined ? {} : { max }),
          },
        }),
  };
}
