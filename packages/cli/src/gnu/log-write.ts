/** Mapfiles as `ddrescuelog` writes them, plain or with sizes that people read behind each line. */
import { closeSync, openSync } from 'node:fs';
import { VERSION } from '@chunkrescue/engine';
import { type BlockRuns, blockBytes, type Mapfile, OPEN_END } from '@chunkrescue/mapfile';
import { scaled } from '../screen/gnu-numbers.ts';
import { reasonInC } from './c-errors.ts';
import { GnuError, type GnuIo } from './io.ts';
import type { LogMap } from './log-map.ts';
import { RunList } from './log-runs.ts';
import { writeAll } from './standard-streams.ts';

export type StatusLine = Pick<Mapfile, 'position' | 'state' | 'pass'>;

const OPEN = 2n ** 63n - 1n;
/** Sizes above this get a prefix. */
const SHOWN_MAX = 999_999;
const CHUNK_LINES = 65536;

/** A mapfile to be written. */
export interface Output {
  readonly status: StatusLine;
  readonly runs: RunList;
  /** Added to every position but 0; behind the open end nothing moves. */
  readonly offset?: number;
  /** Size of a non-tried block at 0 that need not reach up to the first run. */
  readonly gapSize?: number;
  /** A comment above the status line. */
  readonly message?: string;
}

/** Writes text, or ASCII, somewhere, piece by piece. */
export type Write = (data: string | Uint8Array) => void;

/** The blocks of a map, neighbours of one status merged. */
export function runsOf({ mapfile: { map }, emptyBlocks }: LogMap): RunList {
  const runs = new RunList();
  for (const status of emptyBlocks) runs.addEmpty(0, status);
  for (let i = 0; i < map.count; i++) runs.addCode(map.posAt(i), map.codeAt(i));
  runs.close(map.end);
  return runs;
}

export function writeMap(io: GnuIo, write: Write, output: Output): void {
  const { status, runs, offset = 0, gapSize = 0, message } = output;
  write(heading(io, message));
  write(`${statusLine(status)}\n${COLUMNS}`);
  if (gapSize > 0) write(`${blockLine(0, gapSize, '?')}\n`);
  // Only the last run may lie at the open end, where sums are not exact.
  const isOpen = runs.count > 0 && runs.end === OPEN_END;
  const count = isOpen ? runs.count - 1 : runs.count;
  const shifted: BlockRuns = {
    posAt: (index) => runs.posAt(index) + offset,
    endAt: (index) => runs.endAt(index) + offset,
    codeAt: (index) => runs.codeAt(index),
  };
  for (let i = 0; i < count; i += CHUNK_LINES) {
    write(blockBytes(shifted, i, Math.min(count, i + CHUNK_LINES)));
  }
  if (!isOpen) return;
  const pos = moved(runs.posAt(count), offset);
  write(`${blockLine(pos, moved(OPEN_END, offset), runs.statusAt(count))}\n`);
}

/** What a map says, with comments on its position and on the blocks inside the domain it is restricted to. */
export function writeAnnotated(
  io: GnuIo,
  log: LogMap,
  how: { isBinary: boolean; annotatesEmpty: boolean },
): void {
  const { mapfile, emptyBlocks } = log;
  const { map } = mapfile;
  const shown = (value: number): string => scaled(value, SHOWN_MAX, how.isBinary);
  const comment = (pos: number, size: number): string => {
    const text = shown(size).padStart(11);
    return `\t#${shown(pos).padStart(11)}B${text}${text.endsWith(' ') ? '' : 'B'}`;
  };
  io.out(heading(io));
  io.out(`${statusLine(mapfile)}\t#  ${shown(realPosition(mapfile.position))}B\n${COLUMNS}`);
  for (const status of emptyBlocks) {
    io.out(`${blockLine(0, 0, status)}${how.annotatesEmpty ? comment(0, 0) : ''}\n`);
  }
  let lines = '';
  for (let i = 0; i < map.count; i++) {
    const pos = map.posAt(i);
    const end = map.endAt(i);
    const text = map.isInDomain(i) ? comment(pos, realPosition(end) - pos) : '';
    lines += `${blockLine(moved(pos, 0), moved(end, 0), map.statusAt(i))}${text}\n`;
    if (i % CHUNK_LINES === CHUNK_LINES - 1) {
      io.out(lines);
      lines = '';
    }
  }
  io.out(lines);
}

/** The number to show for a position; for the open end the largest one that is below 2^63. */
export function realPosition(pos: number): number {
  return pos === OPEN_END ? 2 ** 63 - 1024 : pos;
}

/** Writes a mapfile that is created: to standard output for `-`. @throws GnuError */
export function writeNewMap(io: GnuIo, path: string, output: Output): void {
  if (path === '-') {
    writeMap(io, (text) => io.out(text), output);
    return;
  }
  try {
    const fd = openSync(path, 'w');
    try {
      writeMap(io, (text) => writeAll(fd, text), output);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new GnuError(`${path}: Error writing mapfile: ${reasonInC(error)}`);
  }
}

const COLUMNS = '#      pos        size  status\n';

function heading(io: GnuIo, message?: string): string {
  const lines = [
    `# Mapfile. Created by rescue ddrescuelog version ${VERSION}`,
    `# Command line: ${io.commandLine.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')}`,
    `# Start time:   ${localTime(io.clock.wallTime())}`,
  ];
  if (message !== undefined) lines.push(`# ${message}`);
  return `${lines.join('\n')}\n# current_pos  current_status  current_pass\n`;
}

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function statusLine({ position, state, pass }: StatusLine): string {
  return `${hex(moved(position, 0))}     ${state}               ${pass}`;
}

type Position = number | bigint;

/** The position in the text for one in memory: exact, and at most 2^63-1. */
function moved(pos: number, offset: number): Position {
  if (pos !== OPEN_END) return pos + offset;
  const end = OPEN + BigInt(offset);
  return end < OPEN ? end : OPEN;
}

function blockLine(pos: Position, end: Position, status: string): string {
  const size =
    typeof pos === 'number' && typeof end === 'number' ? end - pos : BigInt(end) - BigInt(pos);
  return `${hex(pos)}  ${hex(size)}  ${status}`;
}

function hex(value: Position): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
