import { OPEN_END } from './block.ts';
import { BlockList } from './block-list.ts';
import { MapfileError } from './errors.ts';
import { hexOf, OPEN_END_IN_TEXT } from './hex.ts';
import { looseMap } from './loose.ts';
import type { Mapfile } from './mapfile.ts';
import { RescueMap } from './rescue-map.ts';
import { RunList } from './run-list.ts';
import { Scanner } from './scan.ts';
import { BLOCK_STATUSES, type BlockStatus, isRunState, type RunState } from './status.ts';

/** The least that most block lines take. */
const LINE_CHARS = 20;
const PASS_MAX = 2 ** 31 - 1;
/** For messages: positions are exact below this, and 2^63-1 stands for the open end. */
const EXACT_BELOW = `0x${OPEN_END.toString(16).toUpperCase()}`;
const OPEN = hexOf(OPEN_END);
/** The headings above the status line and above the blocks, which the serializer writes anew. */
const COLUMN_HEADING = /^#\s*(current_pos\s+current_status|pos\s+size\s+status)/;

/** Status code of each ASCII character that is a block status, -1 for the others. */
const CODES = new Int8Array(128).fill(-1);
for (const [code, status] of BLOCK_STATUSES.entries()) CODES[status.charCodeAt(0)] = code;

export interface ParseOptions {
  /** Take blocks in any order, with holes, and with overlaps of one status: ddrescue's `-L`. Default false. */
  readonly loose?: boolean;
  /** What the gaps of a loose map become, and the open end behind a last block of this status. Default `?`. */
  readonly gapStatus?: BlockStatus;
}

/** What a status line says. */
export interface StatusLine {
  readonly position: number;
  readonly state: RunState;
  readonly pass: number;
}

/**
 * Reads the text of a mapfile, with ddrescue's tolerance for white space, comments and what follows a status.
 * A text without data is an empty map at the start of its first pass. Blocks of size 0 are dropped.
 *
 *     const { map } = parseMapfile('0 ? 1\n0 0x10000 +\n');
 *
 * @throws MapfileError with the line and column of what is wrong, and nothing else
 */
export function parseMapfile(text: string, options: ParseOptions = {}): Mapfile {
  const scanner = new Scanner(text);
  const { heading, status } = readTop(scanner);
  const start: StatusLine = status ?? { position: 0, state: '?', pass: 1 };
  const map = options.loose ? readLoose(scanner, options.gapStatus) : readStrict(scanner);
  return { heading, ...start, map };
}

/**
 * The same, for a text in parts of which each but the last ends behind a line feed: a large map need not be held
 * as one text. Undefined when the parts do not say all: then {@link parseMapfile} of the whole tells what is
 * wrong, if anything is.
 * @param size characters of the whole, about
 */
export function parseMapfileParts(parts: Iterable<string>, size = 0): Mapfile | undefined {
  const list = listFor(size);
  let top: ReturnType<typeof readTop> | undefined;
  let end = -1;
  try {
    for (const part of parts) {
      const scanner = new Scanner(part);
      top ??= readTop(scanner);
      if (top.status === undefined) return undefined;
      end = readBlocks(scanner, list, end);
    }
  } catch (error) {
    if (error instanceof MapfileError) return undefined;
    throw error;
  }
  if (top?.status === undefined) return undefined;
  return { heading: top.heading, ...top.status, map: mapOf(list, end) };
}

/** Comments above the status line, and that line, if there is one. @throws MapfileError */
function readTop(scanner: Scanner): { heading: string[]; status: StatusLine | undefined } {
  const comments: string[] = [];
  const hasStatusLine = scanner.nextLine(comments);
  const heading = comments.filter((line) => !COLUMN_HEADING.test(line));
  if (!hasStatusLine) return { heading, status: undefined };
  const status = readStatusLine(scanner);
  scanner.endLine();
  return { heading, status };
}

/** Reads the status line that the scanner is at. @throws MapfileError */
export function readStatusLine(scanner: Scanner): StatusLine {
  const position = readPosition(scanner, 'status-line', 'the current position (0 or more)');
  scanner.skipSpace();
  const state = String.fromCharCode(Math.max(0, scanner.peek()));
  if (!isRunState(state)) {
    throw scanner.unexpectedAt(scanner.at, 'status-line', 'a run state (? * % / - F G +)');
  }
  scanner.at++;
  scanner.skipSpace();
  const start = scanner.at;
  const pass = scanner.readDecimal();
  if (Number.isNaN(pass)) return { position, state, pass: 1 };
  if (!(pass >= 1 && pass <= PASS_MAX)) {
    throw scanner.unexpectedAt(start, 'status-line', `a pass from 1 to ${PASS_MAX}`);
  }
  return { position, state, pass };
}

function readStrict(scanner: Scanner): RescueMap {
  const list = listFor(scanner.text.length);
  return mapOf(list, readBlocks(scanner, list, -1));
}

/** Room for the blocks of a text, so that a large list need not grow. */
function listFor(size: number): RunList {
  return new RunList(64 + Math.floor(size / LINE_CHARS));
}

function mapOf(list: RunList, end: number): RescueMap {
  return list.count === 0 ? RescueMap.ofOne(0, 0) : list.toMap(end);
}

/** Reads touching blocks to the end of the text; `from` is the end of the blocks in front, or -1. */
function readBlocks(scanner: Scanner, list: RunList, from: number): number {
  let end = from;
  for (;;) {
    end = readPlainBlocks(scanner, list, end);
    if (!scanner.nextLine()) break;
    const offset = scanner.at;
    const pos = readBlockPos(scanner);
    const blockEnd = readEnd(scanner, pos);
    const code = readStatus(scanner);
    // A line that is no block is told of first, as ddrescue does.
    if (end >= 0 && pos !== end) {
      throw scanner.errorAt(offset, 'not-contiguous', notContiguous(end, pos));
    }
    end = blockEnd;
    if (end > pos) list.add(pos, code);
    scanner.endLine();
  }
  return end;
}

/** Reads block lines as long as there is nothing special about them; gives the end of the last block. */
function readPlainBlocks(scanner: Scanner, list: RunList, from: number): number {
  const { plain } = scanner;
  let end = from;
  while (scanner.isAtPlainBlock()) {
    const { pos, size, status } = plain;
    const code = status < 128 ? (CODES[status] as number) : -1;
    const isFitting = end < 0 || pos === end;
    if (code < 0 || size === 0 || !isFitting || pos + size >= OPEN_END) break;
    end = pos + size;
    list.add(pos, code);
    scanner.acceptPlain();
  }
  return end;
}

/** Says of a block at `pos` that it does not begin where the one before ends. */
export function notContiguous(end: number, pos: number): string {
  return `expected a block at ${hexOf(end)}, where the one before ends, found one at ${hexOf(pos)}`;
}

function readLoose(scanner: Scanner, gapStatus: BlockStatus | undefined): RescueMap {
  const list = new BlockList();
  while (scanner.nextLine()) {
    const offset = scanner.at;
    const pos = readBlockPos(scanner);
    const end = readEnd(scanner, pos);
    const code = readStatus(scanner);
    if (end > pos) list.add(pos, end, code, offset);
    scanner.endLine();
  }
  const overlap = (index: number, earlier: number): Error => {
    const describe = (i: number): string =>
      `the "${BLOCK_STATUSES[list.codes[i] as number]}" block ` +
      `from ${hexOf(list.starts[i] as number)} to ${hexOf(list.ends[i] as number)}`;
    const line = scanner.lineOf(list.offsets[earlier] as number);
    return scanner.errorAt(
      list.offsets[index] as number,
      'overlap',
      `expected blocks of different status not to overlap, found ${describe(index)} ` +
        `over ${describe(earlier)} of line ${line}`,
    );
  };
  return looseMap(list, overlap, gapStatus);
}

/** Reads the first of the three things in a block line. @throws MapfileError */
export function readBlockPos(scanner: Scanner): number {
  const start = scanner.at;
  const pos = readPosition(scanner, 'block-line', 'the position of a block (0 or more)');
  if (pos < OPEN_END) return pos;
  throw scanner.unexpectedAt(start, 'too-large', `the position of a block below ${EXACT_BELOW}`);
}

/** A position that may be the open end, which is 2^63-1 in the text. */
function readPosition(
  scanner: Scanner,
  code: 'status-line' | 'block-line',
  expected: string,
): number {
  const start = scanner.at;
  const pos = scanner.readInteger();
  if (!(pos >= 0)) throw scanner.unexpectedAt(start, code, expected);
  if (pos < OPEN_END) return pos + 0;
  if (scanner.exactFrom(start) === OPEN_END_IN_TEXT) return OPEN_END;
  throw scanner.unexpectedAt(start, 'too-large', `a position below ${EXACT_BELOW}, or ${OPEN}`);
}

/** Reads the size of a block at `pos`; gives its end, `OPEN_END` where that reaches 2^63-1. @throws MapfileError */
export function readEnd(scanner: Scanner, pos: number): number {
  scanner.skipSpace();
  const start = scanner.at;
  const size = scanner.readInteger();
  if (!(size > 0) && !(size === 0 && pos === 0)) {
    const expected =
      pos === 0 ? 'the size of a block (0 or more)' : 'the size of a block (above 0)';
    throw scanner.unexpectedAt(start, 'block-line', expected);
  }
  const end = pos + size;
  if (end < OPEN_END) return end;
  if (size >= OPEN_END && BigInt(pos) + scanner.exactFrom(start) >= OPEN_END_IN_TEXT) {
    return OPEN_END;
  }
  throw scanner.unexpectedAt(
    start,
    'too-large',
    `a size that ends below ${EXACT_BELOW}, or at ${OPEN}`,
  );
}

/** The status code of a block; the scanner stays at the letter. @throws MapfileError */
export function readStatus(scanner: Scanner): number {
  scanner.skipSpace();
  const char = scanner.peek();
  const code = char >= 0 && char < 128 ? (CODES[char] as number) : -1;
  if (code >= 0) return code;
  throw scanner.unexpectedAt(scanner.at, 'block-line', 'a block status (? * / - +)');
}
