/** Input and output of a rescue as the options want them: the file, and what is put around it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import {
  existingSize,
  type FileSource,
  type FileTargetOptions,
  fileMapStore,
  finalPath,
  holdsData,
  openFileSource,
  openFileTarget,
  preallocate,
  RescueError,
  type RescueOptions,
  readerThread,
  type Source,
  shellQuoted,
  statOf,
  type Target,
  type WriteBehind,
  withBadAreas,
  withBadSectorData,
  withCheckOnError,
  withCompareBeforeWrite,
  withOutputOffset,
  withRateLimit,
} from '@chunkrescue/engine';
import { Domain, type Mapfile, OPEN_END, type RescueMap } from '@chunkrescue/mapfile';
import { reasonInC } from './c-errors.ts';
import type { FileNames } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { GnuError, type GnuIo } from './io.ts';
import type { MapReader } from './log-map.ts';
import { lockedFailure } from './run-lock.ts';

const DEFAULT_SECTOR = 512;

/** Bytes of a sector and of a cluster. Ours end at a gigabyte, which a buffer must have room for. */
export function sizesOf(values: DdrescueValues): { sectorSize: number; clusterSize: number } {
  const sectorSize = values['sector-size'] ?? DEFAULT_SECTOR;
  const wanted = values['cluster-size'] ?? Math.max(1, Math.floor(65536 / sectorSize));
  const most = Math.max(1, Math.floor(2 ** 30 / sectorSize));
  return { sectorSize, clusterSize: Math.min(wanted, most) * sectorSize };
}

/** `-o` less `-i`: what a position in the output is further on than in the input. */
export function offsetOf(values: DdrescueValues): number {
  const ipos = values['input-position'] ?? 0;
  return (values['output-position'] ?? ipos) - ipos;
}

/** `-i`, `-s` and `-m` together. @throws GnuError */
export function domainOf(values: DdrescueValues, reader: MapReader): Domain {
  const ipos = values['input-position'] ?? 0;
  // With `output` it is the input that ends earlier; see openSource.
  const size = values.size === 'output' ? -1 : (values.size ?? -1);
  const range = size < 0 ? Domain.whole(ipos) : Domain.of([{ pos: ipos, size }]);
  const path = values['domain-mapfile'];
  if (path === undefined) return range;
  const { mapfile } = reader.read(path, { loose: values['loose-domain'] ?? false });
  return Domain.fromMap(mapfile.map).intersect(range);
}

/** The map of `-H`. @throws GnuError */
export function testMapOf(values: DdrescueValues, reader: MapReader): RescueMap | undefined {
  const path = values['test-mode'];
  if (path === undefined) return undefined;
  return reader.read(path, { loose: values['loose-domain'] ?? false }).mapfile.map;
}

/** The bytes of `--bad-sector-data`. @throws GnuError */
export function badSectorDataOf(values: DdrescueValues): Uint8Array | undefined {
  const path = values['bad-sector-data'];
  if (path === undefined) return undefined;
  const { sectorSize } = sizesOf(values);
  let bytes: Uint8Array;
  try {
    bytes = firstBytes(path, sectorSize);
  } catch (error) {
    throw new GnuError(`${path}: Can't open bad-sector-data file for reading: ${reasonInC(error)}`);
  }
  if (bytes.length < sectorSize) throw new GnuError(`${path}: Error reading bad-sector-data file`);
  return bytes.subarray(0, sectorSize);
}

/** The first bytes of a file that may be a pipe, or a device without an end; fewer where it ends before. */
function firstBytes(path: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const fd = openSync(path, 'r');
  try {
    let filled = 0;
    while (filled < size) {
      const n = readSync(fd, bytes, filled, size - filled, null);
      if (n === 0) break;
      filled += n;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

export interface OpenSource {
  readonly file: Source;
  /** The map of `-H`. */
  readonly testMap: RescueMap | undefined;
  /** Undefined when it is not known; ddrescue takes an empty input for that too. */
  readonly size: number | undefined;
  /** It comes from `-s output`, and says nothing of the input, which may end before. */
  readonly isSizeOfOutput: boolean;
  close(): void;
}

/** @throws GnuError when the input cannot be opened */
export function openSource(
  values: DdrescueValues,
  { infile, outfile }: FileNames,
  testMap: RescueMap | undefined,
): OpenSource {
  const { sectorSize } = sizesOf(values);
  let file: FileSource;
  try {
    const direct = values.idirect ?? false;
    file = openFileSource(infile, { direct, sectorSize, patient: readerThread });
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    throw new GnuError(`${infile}: Can't open input file: ${reasonInC(error)}`);
  }
  // An output of no bytes says as little as an input of none; a missing one says nothing.
  const outSize = values.size === 'output' ? existingSize(outfile) : undefined;
  const given = (outSize ?? file.size) || Number.POSITIVE_INFINITY;
  const testEnd = testMap === undefined ? given : endOf(testMap) || Number.POSITIVE_INFINITY;
  const isAllBad = testEnd === Number.POSITIVE_INFINITY;
  const size = isAllBad ? testEnd : Math.min(given, testEnd);
  return {
    file,
    testMap,
    size: size === Number.POSITIVE_INFINITY ? undefined : size,
    isSizeOfOutput: outSize !== undefined && outSize > (file.size ?? 0),
    close: () => file.close(),
  };
}

/** Where the last finished block ends; 0 without one. */
function endOf(testMap: RescueMap | undefined): number {
  let end = 0;
  for (const { pos, size } of testMap?.ranges('+') ?? []) end = pos + size;
  return end;
}

/** Puts around an open source what the options ask for. */
export function wrapSource(
  { file, testMap }: OpenSource,
  values: DdrescueValues,
  { io, garbage }: { readonly io: GnuIo; readonly garbage: Uint8Array | undefined },
): Pick<RescueOptions, 'source' | 'afterError' | 'looksForLife'> {
  const { sectorSize } = sizesOf(values);
  let source = garbage === undefined ? file : withBadSectorData(file, garbage);
  if (testMap !== undefined) source = withBadAreas(source, testMap);
  const checked = values['check-on-error'] ? withCheckOnError(source, sectorSize) : undefined;
  let wrapped: Source = checked ?? source;
  const bytesPerS = values['max-read-rate'];
  if (bytesPerS !== undefined) {
    wrapped = withRateLimit(wrapped, { bytesPerS, clock: io.clock });
  }
  return {
    source: wrapped,
    // Simulated errors mean what they say.
    looksForLife: testMap === undefined && !values['trust-errors'],
    ...(checked === undefined ? {} : { afterError: () => checked.check() }),
  };
}

/** An open output. */
export interface OpenTarget {
  /** Takes positions of the input. */
  readonly target: Target;
  /** Makes a file at least so long, counted in the output. */
  extend(size: number): void;
  close(): void;
}

interface OutputParts {
  readonly io: GnuIo;
  /** What is written at most, with the positions of the input. */
  readonly bounds: { readonly pos: number; readonly end: number };
  readonly behind?: WriteBehind;
}

/** Opens the output, empties or reserves it. @throws GnuError */
export function openTarget(
  values: DdrescueValues,
  { outfile }: FileNames,
  { io, bounds, behind }: OutputParts,
): OpenTarget {
  const offset = offsetOf(values);
  const path = pathToOpen(outfile);
  try {
    const file = openFileTarget(path, { ...targetOptions(values), ...(behind && { behind }) });
    if (values.preallocate) {
      if (bounds.end === OPEN_END) {
        throw new GnuError(
          `${outfile}: Can't preallocate: the input's size is not known; give -s.`,
        );
      }
      preallocate(path, { pos: bounds.pos + offset, end: bounds.end + offset }, io.stop);
    }
    const present = values['compare-before-write']
      ? openFileSource(path, { direct: false })
      : undefined;
    const target = present === undefined ? file : withCompareBeforeWrite(file, present);
    return {
      target: offset === 0 ? target : withOutputOffset(target, offset),
      extend(size) {
        if (size <= 0) return;
        file.extend(size);
        file.sync();
      },
      close() {
        present?.close();
        file.close();
      },
    };
  } catch (error) {
    throw error instanceof RescueError ? openFailure(error, { values, outfile }) : error;
  }
}

/** A link to a file that is not there yet is followed, as by open(2). */
export function pathToOpen(outfile: string): string {
  return outfile === '' || outfile.endsWith('/') ? outfile : finalPath(outfile);
}

function targetOptions(values: DdrescueValues): FileTargetOptions {
  return {
    mode: 'any',
    sparse: values.sparse ?? false,
    force: values.force ?? false,
    forceCharacters: values.force ?? false,
    forceInUse: (values['force-mounted'] ?? false) || (values['same-file'] ?? false),
    truncate: values.truncate ?? false,
    shared: values['no-lock'] ?? false,
    direct: values.odirect ?? false,
    synchronous: values.synchronous ?? false,
  };
}

function openFailure(
  error: RescueError,
  { values, outfile }: { values: DdrescueValues; outfile: string },
): GnuError {
  if (error.code === 'locked') return lockedFailure(error);
  const isBusy = error.errno === 'EBUSY' && values.force === true;
  const advice = isBusy
    ? "\n          It is in use: unmount it first. ('--force-mounted' overwrites it all the same.)"
    : '';
  return new GnuError(`${outfile}: Can't open output file: ${reasonInC(error)}${advice}`);
}

/** Bytes that the output must be long in the end, with the positions of the input. */
export function targetSizeOf(values: DdrescueValues, sourceSize: number | undefined): number {
  const wanted = values['extend-outfile'];
  if (wanted === undefined) return 0;
  return wanted > 0 ? wanted : (sourceSize ?? 0);
}

/** Names of the errors that `--continue-on-errno` lists by number. */
export function toleratedErrnos(values: DdrescueValues): ReadonlySet<string> {
  const numbers = new Set(values['continue-on-errno'] ?? []);
  const names = Object.entries(constants.errno).filter(([, number]) => numbers.has(number));
  return new Set([
    ...names.map(([name]) => name),
    ...[...numbers].map((number) => `errno ${number}`),
  ]);
}

/**
 * Refuses a map without a block beside an output with data: GNU takes it for a new rescue and reads the failing
 * disk once more from its beginning. A map that a power cut emptied looks like that. So is a map that is gone while
 * its copy knows blocks, which the new rescue would soon write over. @throws GnuError
 */
export function refuseEmptyMap(
  { outfile, mapfile: path }: FileNames,
  mapfile: Mapfile | undefined,
): void {
  if (path === undefined || (mapfile !== undefined && mapfile.map.count > 0)) return;
  if (mapfile === undefined && !hasBlocks(`${finalPath(path)}.bak`)) return;
  if (!holdsData(outfile)) return;
  const [map, bak] = [shellQuoted(path), shellQuoted(`${finalPath(path)}.bak`)];
  if (mapfile === undefined) {
    throw new GnuError(
      `${path}: The mapfile is missing, but its copy has blocks, and the output file ${outfile} holds data.\n` +
        `          To go on, copy it back: cp ${bak} ${map}\n` +
        '          To begin anew, remove the copy.',
    );
  }
  throw new GnuError(
    `${path}: The mapfile has no blocks, as after a power cut, but the output file ${outfile} holds data.\n` +
      `          If there is a copy with blocks, copy it back: cp ${bak} ${map}\n` +
      '          To begin anew, remove the mapfile.',
  );
}

function hasBlocks(path: string): boolean {
  try {
    const found = fileMapStore(path).load() as Mapfile | undefined;
    return found !== undefined && found.map.count > 0;
  } catch (error) {
    if (error instanceof RescueError) return false;
    throw error;
  }
}

/**
 * Refuses an output that does not have what the map claims: GNU calls that rescue finished, and the bytes are
 * nowhere. @throws GnuError
 */
export function refuseMissingOutput(
  values: DdrescueValues,
  { outfile, mapfile }: FileNames,
  claimed: Domain,
): void {
  // A character device keeps nothing, and whoever writes there knows it.
  if (claimed.isEmpty || values['trust-outfile'] || statOf(outfile)?.isCharacterDevice()) return;
  const size = existingSize(outfile);
  const end = claimed.end + offsetOf(values);
  if ((size ?? 0) >= end) return;
  const state = size === undefined ? 'does not exist' : `has only ${size} bytes`;
  throw new GnuError(
    `${outfile}: The mapfile ${mapfile} says that data up to position ${end} is in the output file, which ${state}.\n` +
      '          Give the output file of that mapfile, or another mapfile for a new rescue.\n' +
      "          If you are sure, say '--trust-outfile'.",
  );
}
