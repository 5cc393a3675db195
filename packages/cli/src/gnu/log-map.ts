/**
 * Mapfiles as `ddrescuelog` takes them: from a file or from standard input, which can be read once, with blocks
 * of no bytes at position 0, which a `RescueMap` cannot hold.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { MAP_SIZE_MAX, statOf } from '@chunkrescue/engine';
import {
  BLOCK_STATUSES,
  type BlockStatus,
  Domain,
  type Mapfile,
  MapfileError,
  type MapfileErrorCode,
  OPEN_END,
  type ParseOptions,
  parseMapfile,
  parseMapfileParts,
  RescueMap,
} from '@chunkrescue/mapfile';
import { printable } from '../screen/units.ts';
import { errnoOf } from './c-errors.ts';
import { GnuError, type GnuIo } from './io.ts';

export interface LogMap {
  /** What messages call it: its path, or `(stdin)`. */
  readonly name: string;
  readonly mapfile: Mapfile;
  /** Statuses of the blocks of no bytes in front of the map. */
  readonly emptyBlocks: readonly BlockStatus[];
}

const SENTENCES: Readonly<Record<MapfileErrorCode, string>> = {
  'status-line': 'Bad or missing status line.',
  'block-line': 'Bad block line in list.',
  'not-contiguous': 'Blocks are not contiguous.',
  overlap: 'Blocks of different status overlap.',
  'too-large': 'Position is too large for this program.',
};

/** What may stand for a block of no bytes; the status line never does. */
const EMPTY_BLOCK = /^[ \t\v\f\r]*\+?(0[xXbB]?)?0+\s*?[ \t+]\+?(0[xXbB]?)?0+\s*([?*/+-])/gm;

/** Bytes from which on a mapfile is read part by part. */
const LARGE = 4 * 1024 * 1024;
const PART = 32 * 1024;
const LINE_FEED = 10;
const READ_SIZE = 1024 * 1024;

/** A mapfile that cannot be opened: the one trouble that `-t` goes on behind. */
export class MissingMapfile extends GnuError {
  constructor(path: string) {
    super(`${shownName(path)}: Mapfile does not exist or is not readable.`);
  }
}

/** Name of a mapfile in messages. */
function shownName(path: string): string {
  return path === '-' || path === '' ? '(stdin)' : printable(path);
}

/** Reads the mapfiles of one command line. */
export class MapReader {
  #isInputUsed = false;
  readonly #io: GnuIo;

  constructor(io: GnuIo) {
    this.#io = io;
  }

  /** @throws GnuError */
  read(path: string, options: ParseOptions = {}): LogMap {
    const name = shownName(path);
    const size = path === '-' ? 0 : (statOf(path)?.size ?? 0);
    if (size > MAP_SIZE_MAX) throw tooLarge(name);
    const large = path === '-' || options.loose ? undefined : readLarge(path);
    if (large !== undefined) return { name, ...large };
    const text = path === '-' ? this.#readInput() : readText(path);
    try {
      const mapfile = parseMapfile(text, options);
      return withOpenEnd({ name, mapfile, emptyBlocks: emptyBlocksOf(text, options) }, options);
    } catch (error) {
      if (!(error instanceof MapfileError)) throw error;
      const sentence = SENTENCES[error.code];
      throw new GnuError(`${name}: Error in mapfile, line ${error.line}: ${sentence}`, {
        status: 2,
      });
    }
  }

  #readInput(): string {
    if (this.#isInputUsed) throw readError('(stdin)');
    this.#isInputUsed = true;
    const bytes = Buffer.from(this.#io.readAll(MAP_SIZE_MAX + 1));
    if (bytes.length > MAP_SIZE_MAX) throw tooLarge('(stdin)');
    return bytes.toString('latin1');
  }
}

/** Pipes are read too, and devices, which may never end. */
function readText(path: string): string {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    const fd = openSync(path, 'r');
    try {
      for (;;) {
        const part = Buffer.allocUnsafe(READ_SIZE);
        const n = readSync(fd, part, 0, READ_SIZE, null);
        if (n === 0) return Buffer.concat(parts).toString('latin1');
        parts.push(part.subarray(0, n));
        size += n;
        if (size > MAP_SIZE_MAX) throw tooLarge(shownName(path));
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof GnuError) throw error;
    if (errnoOf(error) === 'EISDIR') throw readError(path);
    throw new MissingMapfile(path);
  }
}

/**
 * Reads a large mapfile part by part: its text would take more memory than its map. Undefined for a small one, and
 * for one that is read as a whole for some other reason.
 */
function readLarge(path: string): Pick<LogMap, 'mapfile' | 'emptyBlocks'> | undefined {
  const stat = statOf(path);
  if (!stat?.isFile() || stat.size < LARGE) return undefined;
  try {
    const fd = openSync(path, 'r');
    try {
      return readParts(fd, stat.size);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // Trouble of the system is met again, and told, when it is read as a whole.
    errnoOf(error);
    return undefined;
  }
}

function readParts(fd: number, size: number): ReturnType<typeof readLarge> {
  let first: string | undefined;
  const parts = function* (): Iterable<string> {
    for (const part of textParts(fd)) {
      first ??= part;
      yield part;
    }
  };
  const mapfile = parseMapfileParts(parts(), size);
  if (mapfile === undefined || first === undefined) return undefined;
  // Blocks of no bytes stand in front of all others, or the text is a strange one.
  const end = endOfEmptyBlocks(first);
  return end === first.length ? undefined : { mapfile, emptyBlocks: emptyBlocksOf(first, {}) };
}

/** A file's text, cut behind line feeds; the last part is what is left. */
function* textParts(fd: number): Iterable<string> {
  let bytes = Buffer.alloc(PART);
  // What is there of a line whose end is not.
  let kept = 0;
  for (;;) {
    const n = readSync(fd, bytes, kept, bytes.length - kept, null);
    if (n === 0) break;
    const filled = kept + n;
    const end = bytes.lastIndexOf(LINE_FEED, filled - 1) + 1;
    if (end > 0) yield bytes.toString('latin1', 0, end);
    bytes.copyWithin(0, end, filled);
    kept = filled - end;
    if (kept === bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
  }
  if (kept > 0) yield bytes.toString('latin1', 0, kept);
}

function tooLarge(name: string): GnuError {
  const what = `It has more than ${MAP_SIZE_MAX} bytes, which no mapfile has.`;
  return new GnuError(`${name}: Error in mapfile, line 0: ${what}`, { status: 2 });
}

function readError(name: string): GnuError {
  return new GnuError(`${name}: Error in mapfile, line 0: Read error.`);
}

function emptyBlocksOf(text: string, { loose = false }: ParseOptions): BlockStatus[] {
  const blocks: BlockStatus[] = [];
  const part = loose ? text : text.slice(0, endOfEmptyBlocks(text));
  for (const [, , , status] of part.matchAll(EMPTY_BLOCK)) blocks.push(status as BlockStatus);
  return blocks;
}

/** In a map without holes they come first: so large maps need not be searched. */
function endOfEmptyBlocks(text: string): number {
  let isInList = false;
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed + 1;
    const line = text.slice(start, end);
    const isData = /^\s*[^#\s]/.test(line);
    if (isData && isInList && line.search(EMPTY_BLOCK) < 0) return start;
    // The first line of all is the status line.
    isInList ||= isData;
    start = end;
  }
  return text.length;
}

/** In a loose map a last block of the gaps' status goes on to the open end, even one of no bytes. */
function withOpenEnd(map: LogMap, { loose = false, gapStatus = '?' }: ParseOptions): LogMap {
  const { mapfile, emptyBlocks } = map;
  if (!loose || mapfile.map.count > 0 || emptyBlocks.at(-1) !== gapStatus) return map;
  return {
    ...map,
    mapfile: { ...mapfile, map: RescueMap.ofOne(0, OPEN_END, gapStatus) },
    emptyBlocks: emptyBlocks.slice(0, -1),
  };
}

/** The bytes that a map covers. */
export function extentOf({ mapfile: { map } }: LogMap): Domain {
  return Domain.whole(map.start, map.end);
}

/** Gives blocks inside the domain new statuses; undefined keeps one. The map is split at the domain's borders. */
export function changeStatuses(
  log: LogMap,
  domain: Domain,
  change: (status: BlockStatus) => BlockStatus | undefined,
): LogMap {
  const { map } = log.mapfile;
  map.restrictTo(domain);
  const changes = BLOCK_STATUSES.map((status) => {
    const next = change(status);
    return next === status ? undefined : next;
  });
  for (let i = 0; i < map.count; i++) {
    const next = map.isInDomain(i) ? changes[map.codeAt(i)] : undefined;
    if (next !== undefined) map.relabel(i, next);
  }
  if (!hasEmptyBlocks(domain)) return log;
  return { ...log, emptyBlocks: log.emptyBlocks.map((status) => change(status) ?? status) };
}

/** The statuses of the blocks of no bytes that no neighbour of the same status takes in. */
export function mergedEmptyBlocks({ mapfile: { map }, emptyBlocks }: LogMap): string {
  const next = map.start === 0 && map.count > 0 ? map.statusAt(0) : undefined;
  return emptyBlocks.filter((status, i) => status !== (emptyBlocks[i + 1] ?? next)).join('');
}

/** Whether blocks of no bytes at position 0 belong to the domain. */
export function hasEmptyBlocks(domain: Domain): boolean {
  return domain.includes(0);
}
