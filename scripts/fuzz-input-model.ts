/**
 * A second reader of mapfiles, made of regular expressions and big integers for no other use than to be
 * compared with the parser. It follows ddrescue's rules as the recorded verdicts show them.
 */

const SPACE = '[ \\t\\v\\f\\r]*';
const HEX = '0[xX][\\da-fA-F]+(?![\\da-fA-F])';
const BINARY = '0[bB][01]+(?![01])';
const NUMBER = `([+-]?(?:${HEX}|${BINARY}|0[0-7]*(?![0-7])|[1-9]\\d*(?!\\d)))`;
const STATUS_LINE = new RegExp(`^${NUMBER}${SPACE}([?*%/FG+-])${SPACE}([+-]?\\d+)?`);
const BLOCK_LINE = new RegExp(`^${NUMBER}${SPACE}${NUMBER}${SPACE}([?*/+-])`);
/** No more of a line counts. */
const CONTENT_MAX = 127;
const OPEN = 2n ** 63n - 1n;
const EXACT = 2n ** 53n - 1n;

export type ModelBlock = readonly [pos: number, size: number, status: string];

/** The blocks of a map in strict reading; undefined for a text that is refused. */
export function judge(text: string): ModelBlock[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.replace(new RegExp(`^${SPACE}`), '').slice(0, CONTENT_MAX))
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [top, ...rest] = lines;
  if (top === undefined) return [];
  if (!isStatusLine(top)) return undefined;
  const blocks: ModelBlock[] = [];
  let end: bigint | undefined;
  for (const line of rest) {
    const [, posText = '', sizeText = '', status = ''] = BLOCK_LINE.exec(line) ?? [];
    if (status === '') return undefined;
    const [pos, size] = [bigOf(posText), bigOf(sizeText)];
    const isEmpty = size === 0n && pos === 0n;
    if (pos < 0n || pos >= EXACT || (size <= 0n && !isEmpty)) return undefined;
    if (end !== undefined && pos !== end) return undefined;
    end = pos + size >= OPEN ? EXACT : pos + size;
    if (pos + size >= EXACT && pos + size < OPEN) return undefined;
    if (end > pos) blocks.push([Number(pos), Number(end - pos), status]);
  }
  return blocks;
}

function isStatusLine(line: string): boolean {
  const [, posText = '', state = '', passText] = STATUS_LINE.exec(line) ?? [];
  if (state === '') return false;
  const pos = bigOf(posText);
  if (pos < 0n || (pos >= EXACT && pos < OPEN)) return false;
  if (passText === undefined) return true;
  const pass = BigInt(passText.replace('+', ''));
  return pass >= 1n && pass < 2n ** 31n;
}

function bigOf(text: string): bigint {
  const digits = text.replace(/^[+-]/, '');
  const value = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return text.startsWith('-') ? -value : value;
}
