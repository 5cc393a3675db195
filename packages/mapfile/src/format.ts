import { OPEN_END } from './block.ts';
import { hexOf, OPEN_END_IN_TEXT } from './hex.ts';
import type { Mapfile } from './mapfile.ts';
import { BLOCK_STATUSES } from './status.ts';

/** `0x`, 14 digits, two blanks, the same again, a status, a line feed, and some more. */
const LINE_CHARS_MAX = 48;
/** So many lines become a string at a time: few enough for the arguments of one call. */
const CHUNK_LINES = 170;
/** So many lines are a part of a text. */
const PART_LINES = 16384;
const CHUNK_CHARS = CHUNK_LINES * LINE_CHARS_MAX;

const DIGITS = Uint8Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0));
const STATUSES = Uint8Array.from(BLOCK_STATUSES, (status) => status.charCodeAt(0));

/**
 * The text of a mapfile, as ddrescue writes it. What ddrescue wrote comes out byte for byte as it was read;
 * a zero-size block and comments behind the status line do not come back, for a `Mapfile` has none.
 * Heading lines are comments whatever they hold: a line break in one, or a missing `#`, gets a `# `.
 */
export function formatMapfile(mapfile: Mapfile): string {
  return topOf(mapfile) + blockLines(mapfile.map, 0, mapfile.map.count);
}

/**
 * The same text in parts, for maps that are too large to be held as one: first, as a string, everything above the
 * blocks; then their lines in ASCII, in memory that is used again for the next part.
 */
export function* mapfileParts(mapfile: Mapfile): IterableIterator<string | Uint8Array> {
  const { map } = mapfile;
  yield topOf(mapfile);
  const isOpen = map.count > 0 && map.end === OPEN_END;
  const count = isOpen ? map.count - 1 : map.count;
  const chars = new Uint8Array(Math.min(PART_LINES, count) * LINE_CHARS_MAX);
  for (let i = 0; i < count; i += PART_LINES) {
    yield chars.subarray(0, putBlocks(chars, map, i, Math.min(count, i + PART_LINES)));
  }
  if (isOpen) yield openLine(map, count);
}

function topOf({ heading, position, state, pass }: Mapfile): string {
  const top = [
    ...heading.flatMap((line) => line.split('\n')).map(asComment),
    '# current_pos  current_status  current_pass',
    `${hexOf(position)}     ${state}               ${pass}`,
    '#      pos        size  status',
    '',
  ];
  return top.join('\n');
}

/** Touching blocks that are reached by index. Their codes are places in `BLOCK_STATUSES`. */
export interface BlockRuns {
  posAt(index: number): number;
  endAt(index: number): number;
  codeAt(index: number): number;
}

function asComment(line: string): string {
  return line.startsWith('#') ? line : `# ${line}`;
}

/** The lines of blocks [from, to), as ddrescue writes them. An end at `OPEN_END` becomes 2^63-1. */
function blockLines(blocks: BlockRuns, from: number, to: number): string {
  const chunks: string[] = [];
  const chars = new Uint8Array(CHUNK_CHARS);
  const isOpen = to > from && blocks.endAt(to - 1) === OPEN_END;
  const count = isOpen ? to - 1 : to;
  for (let i = from; i < count; i += CHUNK_LINES) {
    const n = putBlocks(chars, blocks, i, Math.min(count, i + CHUNK_LINES));
    chunks.push(stringOf(chars.subarray(0, n)));
  }
  if (isOpen) chunks.push(openLine(blocks, count));
  return chunks.join('');
}

/** The lines of blocks [from, to) in ASCII; none of them may end at `OPEN_END`. */
export function blockBytes(blocks: BlockRuns, from: number, to: number): Uint8Array {
  const chars = new Uint8Array((to - from) * LINE_CHARS_MAX);
  return chars.slice(0, putBlocks(chars, blocks, from, to));
}

function putBlocks(chars: Uint8Array, blocks: BlockRuns, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) {
    const pos = blocks.posAt(i);
    n = putNumber(chars, n, pos);
    n = putNumber(chars, n, blocks.endAt(i) - pos);
    chars[n++] = STATUSES[blocks.codeAt(i)] as number;
    chars[n++] = 10;
  }
  return n;
}

/** The last block of a map without a known end: its size reaches up to 2^63-1. */
function openLine(blocks: BlockRuns, index: number): string {
  const pos = blocks.posAt(index);
  const size = (OPEN_END_IN_TEXT - BigInt(pos)).toString(16).toUpperCase();
  return `${hexOf(pos)}  0x${size}  ${BLOCK_STATUSES[blocks.codeAt(index)]}\n`;
}

/** Puts `0x`, at least 8 digits and two blanks; gives the place after them. */
function putNumber(chars: Uint8Array, start: number, value: number): number {
  let n = start;
  chars[n++] = 0x30;
  chars[n++] = 0x78;
  const low = value >>> 0;
  const high = (value - low) / 2 ** 32;
  if (high > 0) {
    for (let shift = (31 - Math.clz32(high)) & ~3; shift >= 0; shift -= 4) {
      chars[n++] = DIGITS[(high >>> shift) & 15] as number;
    }
  }
  for (let shift = 28; shift >= 0; shift -= 4) {
    chars[n++] = DIGITS[(low >>> shift) & 15] as number;
  }
  chars[n++] = 32;
  chars[n++] = 32;
  return n;
}

function stringOf(chars: Uint8Array): string {
  return String.fromCharCode.apply(null, chars as unknown as number[]);
}
