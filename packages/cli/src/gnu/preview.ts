/** `-P`: the latest data that was read, as 16 bytes in hexadecimal and ASCII on a line. */

const BYTES_A_LINE = 16;
const WIDTH = 78;
/** GNU shows five bytes of a position and cuts what is above. */
const POSITION_DIGITS = 10;

/** What the last read brought. */
export interface PreviewData {
  /** Position in the input of the first byte. */
  readonly pos: number;
  /** Bytes of the read; those that a line has beyond them are shown as 0. */
  readonly bytes: Uint8Array;
}

/** Lines that a preview of so many lines of data takes, its heading and the blank line behind it included. */
export function previewHeight(lineCount: number): number {
  return lineCount === 0 ? 0 : lineCount + 2;
}

/** The preview; without data when nothing was read yet, or when the last read brought nothing. */
export function previewLines(lineCount: number, data: PreviewData | undefined): string[] {
  if (lineCount === 0) return [];
  const lines: string[] = [];
  for (let i = 0; i < lineCount; i++) {
    lines.push(data === undefined ? emptyLine(i, lineCount) : dataLine(i, data));
  }
  return ['Data preview:', ...lines, ''];
}

function emptyLine(i: number, lineCount: number): string {
  const isMiddle = i === Math.floor((lineCount - 1) / 2);
  return (isMiddle ? `${' '.repeat(28)}No data available` : '').padEnd(WIDTH);
}

function dataLine(i: number, { pos, bytes }: PreviewData): string {
  const first = i * BYTES_A_LINE;
  let hex = '';
  let ascii = '';
  for (let k = 0; k < BYTES_A_LINE; k++) {
    const byte = bytes[first + k] ?? 0;
    hex += `${k === BYTES_A_LINE / 2 ? ' ' : ''} ${upperHex(byte, 2)}`;
    ascii += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return `${upperHex(pos + first, POSITION_DIGITS).slice(-POSITION_DIGITS)} ${hex}  ${ascii}`;
}

function upperHex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
