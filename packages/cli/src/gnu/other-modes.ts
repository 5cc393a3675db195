/** Fill and generate mode: what the options mean there, and the checks that come first. */
import type { FileNames } from './ddrescue-checks.ts';
import { checkMapfile, checkOutfile, usage } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { type FillModeOptions, fillMode } from './fill-mode.ts';
import { generateMode } from './generate-mode.ts';
import { readRescueMap, refuseReadOnlyMap } from './gnu-map-file.ts';
import type { TalkingIo } from './io.ts';
import { MapReader } from './log-map.ts';
import type { ModeOptions } from './mode-options.ts';
import { fillScreen, generateScreen } from './mode-screens.ts';
import { domainOf, offsetOf, sizesOf } from './openings.ts';
import { locked } from './run-lock.ts';
import type { Positions } from './screen-heading.ts';

/** Options that have no meaning in fill mode although they are given, in GNU's order. */
const NOT_IN_FILL = 'aACdeEHIJKlMnOpPrRStTuWxX';
const NOT_IN_GENERATE = 'aACdDeEHIJKlMnOpPrRStTuwWxXy';

/** Runs fill mode; returns the exit status. @throws GnuError */
export function fillRun(values: DdrescueValues, names: FileNames, io: TalkingIo): number {
  const mapfile = beginMode(values, names, io, {
    mode: 'fill',
    ignored: NOT_IN_FILL,
    missingMap: 'Mapfile required in fill mode.',
  });
  checkOutfile({ force: values.force ?? false }, names.outfile);
  const reader = new MapReader(io);
  const common = commonOptions(values, names, reader);
  const types = values['fill-mode'];
  const options: FillModeOptions = {
    ...common,
    mapfile,
    types: types?.statuses ?? [],
    writesLocation: types?.writesLocation ?? false,
    isForced: values.force ?? false,
    isForcedInUse: values['force-mounted'] ?? false,
    isDirect: values.odirect ?? false,
    isSynchronous: values.synchronous ?? false,
    ignoresWriteErrors: values['ignore-write-errors'] ?? false,
  };
  const screen = fillScreen(values, io, modeHeading(common));
  const end = locked(values, names, () => {
    const stored = { mapfile: readRescueMap(mapfile, reader) };
    refuseReadOnlyMap(mapfile);
    return fillMode(io, options, { stored, screen });
  });
  return end === 'stopped' ? 1 : end;
}

/** Runs generate mode; returns the exit status. @throws GnuError */
export function generateRun(values: DdrescueValues, names: FileNames, io: TalkingIo): number {
  const mapfile = beginMode(values, names, io, {
    mode: 'generate',
    ignored: NOT_IN_GENERATE,
    missingMap: 'Mapfile must be specified in generate mode.',
  });
  const reader = new MapReader(io);
  const common = commonOptions(values, names, reader);
  const screen = generateScreen(values, io, modeHeading(common));
  const end = locked(values, names, () => {
    const stored = readRescueMap(mapfile, reader);
    refuseReadOnlyMap(mapfile);
    return generateMode(io, { ...common, mapfile }, { stored, screen });
  });
  return end === 'stopped' ? 1 : end;
}

/** @throws GnuError */
function beginMode(
  values: DdrescueValues,
  { mapfile }: FileNames,
  io: TalkingIo,
  words: { mode: 'fill' | 'generate'; ignored: string; missingMap: string },
): string {
  for (const name of ['same-file', 'ask'] as const) {
    if (values[name]) throw usage(`Option '--${name}' is incompatible with ${words.mode} mode.`);
  }
  if (isAnyIgnored(values, words.mode) && io.verbosity >= 0) {
    io.err(
      `${io.programName}: warning: options -${words.ignored} are ignored in ${words.mode} mode.\n`,
    );
  }
  if (mapfile === undefined) throw usage(words.missingMap);
  checkMapfile(mapfile);
  return mapfile;
}

/** Whether an option is given, and says something else than its default, that the mode ignores. */
function isAnyIgnored(values: DdrescueValues, mode: 'fill' | 'generate'): boolean {
  if ((values['retry-passes'] ?? 0) !== 0) return true;
  const names = [...IGNORED_ALWAYS, ...(mode === 'generate' ? IGNORED_IN_GENERATE : [])];
  return names.some((name) => values[name] !== undefined);
}

const IGNORED_ALWAYS = [
  'min-read-rate',
  'try-again',
  'complete-only',
  'idirect',
  'max-bad-areas',
  'max-error-rate',
  'test-mode',
  'check-input-size',
  'check-on-error',
  'skip-size',
  'retrim',
  'no-scrape',
  'no-sweep',
  'no-trim',
  'reopen-on-error',
  'preallocate',
  'data-preview',
  'reverse',
  'sparse',
  'truncate',
  'timeout',
  'unidirectional',
  'compare-before-write',
  'extend-outfile',
  'max-read-errors',
  'max-read-rate',
  'cpass',
  'delay-slow',
  'max-slow-reads',
  'pause-on-error',
  'reset-slow',
] as const;

const IGNORED_IN_GENERATE = ['odirect', 'ignore-write-errors', 'synchronous'] as const;

function modeHeading(options: Omit<ModeOptions, 'mapfile'>): Positions {
  const { infile, outfile, domain, offset, sectorSize, clusterSize } = options;
  return {
    infile: { name: infile, size: undefined },
    outfile: { name: outfile, size: undefined },
    ipos: domain.start,
    opos: domain.start + offset,
    clusterSectors: clusterSize / sectorSize,
    sectorSize,
  };
}

/** What both modes take from the options. @throws GnuError */
function commonOptions(
  values: DdrescueValues,
  { infile, outfile }: FileNames,
  reader: MapReader,
): Omit<ModeOptions, 'mapfile'> {
  const saveS = values['mapfile-interval']?.saveS;
  return {
    infile,
    outfile,
    domain: domainOf(values, reader),
    offset: offsetOf(values),
    ...sizesOf(values),
    saveIntervalMs: saveS === undefined ? undefined : saveS * 1000,
    intervals: values['mapfile-interval'],
  };
}
