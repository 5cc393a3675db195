/** The operations of `ddrescuelog`, by name. Each gives the exit status. */

import { existsSync, unlinkSync } from 'node:fs';
import type { Domain } from '@chunkrescue/mapfile';
import { printable } from '../screen/units.ts';
import { reasonInC } from './c-errors.ts';
import { GnuError, type GnuIo } from './io.ts';
import { INVERSION, type Logic, withLogic, withShift, withTypes } from './log-change.ts';
import { isSameDomain, isSameMap } from './log-compare.ts';
import { createdRuns } from './log-create.ts';
import { askedDomain, domainIn, outputOffset, sectorOffset, sectorSizeOf } from './log-domain.ts';
import { listBlocks } from './log-list.ts';
import { isPossible, testDiskRuns } from './log-make-test.ts';
import { extentOf, hasEmptyBlocks, type LogMap, MapReader, MissingMapfile } from './log-map.ts';
import type { LogOperation, LogValues, StatusChange } from './log-options.ts';
import { statusText } from './log-status.ts';
import {
  type Output,
  runsOf,
  type StatusLine,
  writeAnnotated,
  writeMap,
  writeNewMap,
} from './log-write.ts';

/** What an operation works with. */
export interface Task {
  readonly io: GnuIo;
  readonly values: LogValues;
  readonly paths: readonly string[];
  /** Prints a message that needs at least so much verbosity. */
  readonly say: (message: string, verbosity: number) => void;
  readonly verbosity: number;
}

type Operation = (task: Task) => number;

/** An operation on the one mapfile, in a domain that is not empty. */
type InDomain = (task: Task, log: LogMap, domain: Domain) => number;

export const RUN: Readonly<Record<LogOperation, Operation>> = {
  'annotate-mapfile': inDomain(annotate),
  'change-types': inDomain(({ io, values }, log, domain) =>
    put(io, withTypes(log, domain, values['change-types'] as StatusChange)),
  ),
  'invert-mapfile': inDomain(({ io }, log, domain) => put(io, withTypes(log, domain, INVERSION))),
  'xor-mapfile': logic('xor-mapfile'),
  'and-mapfile': logic('and-mapfile'),
  'or-mapfile': logic('or-mapfile'),
  compare,
  'complete-mapfile': complete,
  'create-mapfile': create,
  'delete-if-done': inDomain(deleteIfDone),
  'done-status': inDomain(doneStatus),
  'list-blocks': inDomain(list, sectorOffset),
  'make-test': makeTest,
  shift: inDomain(shift, checkShift),
  'show-status': showStatus,
};

const NEW_MAP: StatusLine = { position: 0, state: '?', pass: 1 };

function inDomain(operation: InDomain, check?: (values: LogValues) => void): Operation {
  return (task) => {
    const maps = new MapReader(task.io);
    const asked = askedDomain(task.values, maps);
    check?.(task.values);
    const log = maps.read(task.paths[0] as string);
    const domain = domainIn(log, asked);
    if (domain === undefined) return nothingToDo(task);
    return operation(task, log, domain);
  };
}

function nothingToDo({ say }: Task): number {
  say('Nothing to do; domain is empty.', 0);
  return 0;
}

function put(io: GnuIo, output: Output): number {
  writeMap(io, (text) => io.out(text), output);
  return 0;
}

/** Reads both mapfiles before it looks at the domain. */
function logic(option: Logic): Operation {
  return (task) => {
    const { io, values, paths } = task;
    const maps = new MapReader(io);
    const asked = askedDomain(values, maps);
    const log = maps.read(paths[0] as string);
    const other = maps.read(values[option] as string);
    const both = domainIn(log, asked)?.intersect(extentOf(other));
    if (both === undefined || both.isEmpty) return nothingToDo(task);
    return put(io, withLogic(log, other, { logic: option, both }));
  };
}

function annotate({ io, values }: Task, log: LogMap, domain: Domain): number {
  log.mapfile.map.restrictTo(domain);
  writeAnnotated(io, log, {
    isBinary: values['binary-prefixes'] ?? false,
    annotatesEmpty: hasEmptyBlocks(domain),
  });
  return 0;
}

/** Reads the second mapfile only when the first has something of the domain. */
function compare(task: Task): number {
  const { io, values, paths, say } = task;
  const exact = values['compare-mapfile'];
  const path = exact ?? values['compare-as-domain'] ?? '';
  const maps = new MapReader(io);
  const asked = askedDomain(values, maps);
  const how = { loose: exact === undefined && (values['loose-domain'] ?? false) };
  const log = maps.read(paths[0] as string, how);
  const domain = domainIn(log, asked);
  if (domain === undefined) return nothingToDo(task);
  const other = maps.read(path, how);
  if (domainIn(other, asked) === undefined) return nothingToDo(task);
  const isSame = exact === undefined ? isSameDomain : isSameMap;
  if (isSame(asked, log, other)) return 0;
  say(`Mapfiles '${paths[0]}' and '${path}' differ.`, 0);
  return 1;
}

function complete({ io, values, paths }: Task): number {
  const gapStatus = values['complete-mapfile'] ?? '?';
  const maps = new MapReader(io);
  askedDomain(values, maps);
  const log = maps.read(paths[0] as string, { loose: true, gapStatus });
  return put(io, { status: log.mapfile, runs: runsOf(log) });
}

function create(task: Task): number {
  const { io, values } = task;
  const maps = new MapReader(io);
  const domain = askedDomain(values, maps);
  if (domain.isEmpty) return nothingToDo(task);
  const offset = sectorOffset(values);
  const path = freePath(task, maps);
  const [listed, other] = values['create-mapfile'] ?? ['+', '-'];
  const sectorSize = sectorSizeOf(values);
  const format = values.format ?? 'list';
  const runs = createdRuns(io, { domain, sectorSize, format, listed, other, offset });
  writeNewMap(io, path, { status: NEW_MAP, runs, offset });
  return 0;
}

function makeTest(task: Task): number {
  const { io, values } = task;
  const maps = new MapReader(io);
  askedDomain(values, maps);
  const path = freePath(task, maps);
  const disk = values['make-test'];
  if (disk === undefined) throw new TypeError('make-test runs without its option');
  if (!isPossible(disk)) throw new GnuError("Option '-H' needs more than one zone.");
  const runs = testDiskRuns(disk, sectorSizeOf(values));
  const status: StatusLine = { ...NEW_MAP, state: '+' };
  writeNewMap(io, path, { status, runs, message: 'Finished' });
  return 0;
}

/** The path of the mapfile to create. @throws GnuError when it is there already, or is something else */
function freePath({ values, paths }: Task, maps: MapReader): string {
  const path = paths[0] as string;
  if (path !== '-' && !values.force && existsSync(path)) {
    maps.read(path);
    throw new GnuError(`${path}: Mapfile exists. Use '--force' to overwrite it.`);
  }
  return path;
}

function isDone(log: LogMap, domain: Domain): boolean {
  const { map } = log.mapfile;
  map.restrictTo(domain);
  if (map.sizeInDomain('+') !== domain.size) return false;
  return !hasEmptyBlocks(domain) || log.emptyBlocks.every((status) => status === '+');
}

function doneStatus({ say }: Task, log: LogMap, domain: Domain): number {
  if (isDone(log, domain)) return 0;
  say(`${log.name}: Mapfile not done.`, 1);
  return 1;
}

function deleteIfDone(task: Task, log: LogMap, domain: Domain): number {
  const path = task.paths[0] as string;
  const status = doneStatus(task, log, domain);
  if (status !== 0 || path === '-') return status;
  try {
    unlinkSync(path);
  } catch (error) {
    throw new GnuError(`${path}: Error deleting mapfile: ${reasonInC(error)}`);
  }
  task.say(`${path}: Mapfile successfully deleted.`, 1);
  return 0;
}

function list({ io, values }: Task, log: LogMap, domain: Domain): number {
  const statuses = values['list-blocks'] ?? [];
  const format = values.format ?? 'list';
  const offset = sectorOffset(values);
  listBlocks(io, log, { statuses, domain, sectorSize: sectorSizeOf(values), offset, format });
  return 0;
}

function shift({ io, values }: Task, log: LogMap, domain: Domain): number {
  return put(io, withShift(log, domain, outputOffset(values)));
}

function checkShift(values: LogValues): void {
  if ((values['input-position'] ?? 0) > 0 && (values['output-position'] ?? 1) > 0) {
    throw new GnuError("Either '-i' or '-o' must be 0");
  }
}

/** Goes on behind a mapfile that cannot be opened. */
function showStatus(task: Task): number {
  const { io, values, paths, say, verbosity } = task;
  const maps = new MapReader(io);
  const isNamed = verbosity > 0 || (verbosity === 0 && paths.length > 1);
  let status = 0;
  for (const path of paths) {
    // As GNU's does, anew for each mapfile: standard input has a domain for the first one only.
    const asked = askedDomain(values, maps);
    try {
      const log = maps.read(path, { loose: values['loose-domain'] ?? false });
      const domain = domainIn(log, asked);
      if (domain === undefined) {
        nothingToDo(task);
        continue;
      }
      const name = isNamed ? printable(path) : undefined;
      io.out(statusText(log, domain, { isBinary: values['binary-prefixes'] ?? false, name }));
    } catch (error) {
      if (!(error instanceof MissingMapfile)) throw error;
      say(error.message, 0);
      status = error.status;
    }
  }
  return status;
}
