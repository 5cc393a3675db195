import { OPEN_END } from './block.ts';
import { hexOf, OPEN_END_IN_TEXT } from './hex.ts';
import type { Mapfile } from './mapfile.ts';
import type { RescueMap } from './rescue-map.ts';
import { BLOCK_STATUSES } from './status.ts';

/** Room for this many characters is filled before they become a string; few enough for one call. */
const CHUNK_CHARS = 8192;
/** `0x`, 14 digits, two blanks, the same again, a status, a line feed, and some more. */
const LINE_CHARS_MAX = 48;

const DIGITS = Uint8Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0));
const STATUSES = Uint8Array.from(BLOCK_STATUSES, (status) => status.charCodeAt(0));

/**
 * The text of a mapfile, as ddrescue writes it. What ddrescue wrote comes out byte for byte as it was read;
 * a zero-size block and comments behind the status line do not come back, for a `Mapfile` has none.
 * Heading lines are comments whatever they hold: a line break in one, or a missing `#`, gets a `# `.
 */
export function formatMapfile(mapfile: Mapfile): string {
  const { heading, position, state, pass, map } = mapfile;
  const top = [
    ...heading.flatMap((line) => line.split('\n')).map(asComment),
    '# current_pos  current_status  current_pass',
    `${hexOf(position)}     ${state}               ${pass}`,
    '#      pos        size  status',
    '',
  ];
  return top.join('\n') + blockLines(map);
}

function asComment(line: string): string {
  return line.startsWith('#') ? line : `# ${line}`;
}

function blockLines(map: RescueMap): string {
  const chunks: string[] = [];
  const chars = new Uint8Array(CHUNK_CHARS);
  const isOpen = map.end === OPEN_END && map.count > 0;
  const count = isOpen ? map.count - 1 : map.count;
  let n = 0;
  let pos = map.start;
  for (let i = 0; i < count; i++) {
    const end = map.endAt(i);
    n = putNumber(chars, n, pos);
    n = putNumber(chars, n, end - pos);
    chars[n++] = STATUSES[map.codeAt(i)] as number;
    chars[n++] = 10;
    pos = end;
    if (n > CHUNK_CHARS - LINE_CHARS_MAX) {
      chunks.push(stringOf(chars.subarray(0, n)));
      n = 0;
    }
  }
  chunks.push(stringOf(chars.subarray(0, n)));
  if (isOpen) chunks.push(openLine(map));
  return chunks.join('');
}

/** The last block of a map without a known end: its size reaches up to 2^63-1. */
function openLine(map: RescueMap): string {
  const pos = map.posAt(map.count - 1);
  const size = (OPEN_END_IN_TEXT - BigInt(pos)).toString(16).toUpperCase();
  return `${hexOf(pos)}  0x${size}  ${map.statusAt(map.count - 1)}\n`;
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
