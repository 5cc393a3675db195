/**
 * Command mode: commands from standard input, one a line, answered on standard output with `done` or `error`.
 * The language is ddrescue's, with what its manual does not say: a letter may be followed by its argument at
 * once (`c0 5`), what stands behind the arguments is ignored, and blank lines get no answer.
 */
import { type CopyOnDemand, copyOnDemand, RescueError } from '@chunkrescue/engine';
import { addClipped, OPEN_END, type RescueMap } from '@chunkrescue/mapfile';
import { GnuError, type GnuIo } from './io.ts';
import { modeError } from './mode-errors.ts';

/** What the commands act on. */
export interface CommandRescue {
  readonly map: RescueMap;
  /** Copies what is not finished. @throws RescueError or GnuError, which becomes the answer */
  copy(pos: number, size: number): void;
  /** Saves the map where there is a place for it. @throws RescueError or GnuError */
  save(): void;
}

/** A rescue that copies with {@link copyOnDemand}. */
export function commandRescue(copy: CopyOnDemand, save: () => void): CommandRescue {
  return {
    map: copy.rescue.map,
    copy: (pos, size) => copyOnDemand(copy, { pos, size }),
    save,
  };
}

/**
 * Reads and executes commands until `f`, `q` or the end of the input, which is an `f`. Returns the exit
 * status: 1 when any command failed. A last line without a line feed is no command.
 * @param heading what is printed first, `GNU ddrescue 1.30` and a line feed; empty with `-q`
 */
export function commandMode(
  io: GnuIo,
  rescue: CommandRescue,
  how: { readonly heading: string; readonly infile: string; readonly outfile: string },
): 0 | 1 {
  io.out(how.heading);
  let status: 0 | 1 = 0;
  const answer = (work: () => string): void => {
    const text = attempt(work, how);
    // Stopped in the middle of it: it is not done.
    if (io.stop.aborted && text === 'done') return;
    if (text.startsWith('error')) status = 1;
    io.out(`${text}\n`);
  };
  for (;;) {
    // A signal: what was copied is kept, and the program ends by it.
    if (io.stop.aborted) {
      rescue.save();
      return 1;
    }
    const whole = io.readLine();
    const line = whole?.endsWith('\n') ? whole.slice(0, -1).trimStart() : 'f';
    if (line === '') continue;
    if (line === 'q') return status;
    answer(() => execute(line, rescue));
    if (line === 'f') return status;
  }
}

function attempt(work: () => string, names: { infile: string; outfile: string }): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof RescueError) return `error: ${modeError(error, names).message}`;
    if (error instanceof GnuError) return `error: ${error.message}`;
    throw error;
  }
}

/** Returns the answer, without its line feed. */
function execute(line: string, rescue: CommandRescue): string {
  if (line === 'f') {
    rescue.map.release();
    rescue.save();
    return 'done';
  }
  if (line === 'u') {
    rescue.save();
    return 'done';
  }
  const letter = line.length > 1 ? line[0] : undefined;
  if (letter !== 'c' && letter !== 's') return `error: unknown command '${line}'`;
  const range = readRange(line.slice(1));
  if (range === undefined) return 'error';
  if (letter === 's') return blocksIn(rescue.map, range) ?? 'error';
  rescue.copy(range.pos, range.size);
  return 'done';
}

/** A position and a size as C reads them, whatever follows. */
function readRange(text: string): { pos: number; size: number } | undefined {
  const number = /[ \t\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)/y;
  const read = (): number => {
    const match = number.exec(text);
    if (match === null) return Number.NaN;
    const digits = match[2] as string;
    const value = Number(/^0[0-7]/.test(digits) ? `0o${digits}` : digits);
    return (match[1] === '-' ? -1 : 1) * Math.min(value, OPEN_END);
  };
  const pos = read();
  if (!(pos >= 0)) return undefined;
  const size = read();
  return size > 0 ? { pos, size } : undefined;
}

/**
 * The lines of the blocks in a range, and `done`; undefined when the map has nothing at its beginning. As in
 * ddrescue, nothing is told of what lies behind the domain, while blocks in front of it are.
 */
function blocksIn(map: RescueMap, range: { pos: number; size: number }): string | undefined {
  const end = Math.min(addClipped(range.pos, range.size), domainEnd(map));
  const lines: string[] = [];
  const first = map.indexAt(range.pos);
  if (first < 0) return undefined;
  for (let index = first; index < map.count && map.posAt(index) < end; index++) {
    const pos = Math.max(map.posAt(index), range.pos);
    const size = sizeText(pos, Math.min(map.endAt(index), end));
    lines.push(`${hex(BigInt(pos))}  ${size}  ${map.statusAt(index)}`);
  }
  return [...lines, 'done'].join('\n');
}

function domainEnd(map: RescueMap): number {
  let last = map.count - 1;
  while (last >= 0 && !map.isInDomain(last)) last--;
  return last < 0 ? 0 : map.endAt(last);
}

/** A range without a known end reaches to 2^63-1 in text. */
function sizeText(pos: number, end: number): string {
  return hex((end === OPEN_END ? 2n ** 63n - 1n : BigInt(end)) - BigInt(pos));
}

function hex(value: bigint): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
