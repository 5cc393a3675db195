/**
 * The characters of a mapfile: lines, comments, white space, and numbers as C's `strtoll` reads them with base
 * 0. What a number or a letter means is not known here. Lines are counted only when an error needs them, so
 * that a million lines cost one pass over the text.
 */
import { MapfileError, type MapfileErrorCode } from './errors.ts';
import { OPEN_END_IN_TEXT } from './hex.ts';

/** ddrescue reads no more of a line than this, counted from its first character that is not white space. */
const CONTENT_MAX = 127;
const QUOTED_MAX = 40;
/** More comment lines are skipped: a map needs none, and a hostile one would fill the memory with them. */
const COMMENTS_MAX = 1_000_000;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const HASH = 35;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const LOWER_CASE = 32;
const BLANK = 32;
const LOWER_X = 120;
/** So many hexadecimal digits are exact. */
const PLAIN_DIGITS_MAX = 13;
/** A number and the blanks behind it. */
const PLAIN_CHARS_MAX = 40;

export class Scanner {
  /** Offset of the character to be read next. */
  at = 0;
  readonly text: string;
  /** The content of the line is read up to here. */
  #limit = 0;
  #lineStart = 0;
  /** What {@link isAtPlainBlock} found; `status` is a character, `next` where the next line begins. */
  readonly plain: { pos: number; size: number; status: number; next: number } = {
    pos: 0,
    size: 0,
    status: 0,
    next: 0,
  };
  #value = 0;
  /** Errors come in the order of the text: lines are counted on from the last one that had any. */
  #counted = { line: 1, start: 0 };

  constructor(text: string) {
    this.text = text;
  }

  /**
   * Goes to the content of the next line that has any, and is not a comment. False at the end of the text.
   * Comment lines on the way are added to `comments`, from their `#` on and without line end.
   */
  nextLine(comments?: string[]): boolean {
    const { text } = this;
    let at = this.#lineStart;
    while (at < text.length) {
      while (isSpace(text.charCodeAt(at))) at++;
      const first = text.charCodeAt(at);
      if (at < text.length && first !== LINE_FEED && first !== HASH) {
        this.at = at;
        this.#limit = Math.min(at + CONTENT_MAX, text.length);
        return true;
      }
      const end = lineEnd(text, at);
      if (first === HASH && comments !== undefined && comments.length < COMMENTS_MAX) {
        comments.push(text.slice(at, withoutReturn(text, end)));
      }
      at = end + 1;
    }
    this.#lineStart = at;
    return false;
  }

  /** Leaves the line; to be called between two lines that were found. */
  endLine(): void {
    this.#lineStart = lineEnd(this.text, this.at) + 1;
  }

  /**
   * Looks whether the next line is a block as ddrescue writes it, `0x00000000  0x00000200  +`, with numbers of
   * at most 13 digits. True with {@link plain} filled, and nothing read: {@link acceptPlain} goes on behind it.
   * Nearly all lines of a large map are such, and cost a fraction of what the general way takes.
   */
  isAtPlainBlock(): boolean {
    const { text, plain } = this;
    let at = this.#plainNumber(this.#lineStart);
    if (at < 0) return false;
    plain.pos = this.#value;
    at = this.#plainNumber(at);
    if (at < 0 || text.charCodeAt(at + 1) !== LINE_FEED) return false;
    plain.size = this.#value;
    plain.status = text.charCodeAt(at);
    plain.next = at + 2;
    return true;
  }

  acceptPlain(): void {
    this.#lineStart = this.plain.next;
  }

  /** Reads `0x`, digits and blanks; gives the place behind them, or -1. */
  #plainNumber(start: number): number {
    const { text } = this;
    if (text.charCodeAt(start) !== ZERO || text.charCodeAt(start + 1) !== LOWER_X) return -1;
    const first = start + 2;
    let at = first;
    let value = 0;
    for (;;) {
      const digit = digitOf(text.charCodeAt(at));
      if (!(digit < 16)) break;
      value = value * 16 + digit;
      at++;
    }
    if (at === first || at - first > PLAIN_DIGITS_MAX || text.charCodeAt(at) !== BLANK) return -1;
    while (text.charCodeAt(at) === BLANK) at++;
    // What lies further on than ddrescue reads would not count.
    if (at - start > PLAIN_CHARS_MAX) return -1;
    this.#value = value;
    return at;
  }

  skipSpace(): void {
    while (this.at < this.#limit && isSpace(this.text.charCodeAt(this.at))) this.at++;
  }

  /** The character code at this place, or -1 at the end of the line. */
  peek(): number {
    if (this.at >= this.#limit) return -1;
    const code = this.text.charCodeAt(this.at);
    return code === LINE_FEED ? -1 : code;
  }

  /**
   * Reads an integer: decimal, `0x` hexadecimal, `0b` binary, leading `0` octal, with an optional sign.
   * NaN, and nothing is read, when there is none. What reaches `OPEN_END` is not exact, see `exactFrom`.
   */
  readInteger(): number {
    const start = this.at;
    const sign = this.#readSign();
    const base = this.#readBase();
    const value = this.#readDigits(base);
    if (Number.isNaN(value)) this.at = start;
    return sign * value;
  }

  /** As `readInteger`, but decimal digits only: `010` is ten, `0x2` is 0. */
  readDecimal(): number {
    const start = this.at;
    const sign = this.#readSign();
    const value = this.#readDigits(10);
    if (Number.isNaN(value)) this.at = start;
    return sign * value;
  }

  /** The integer (not below 0) that `readInteger` read from `start` to this place, at most 2^63-1. */
  exactFrom(start: number): bigint {
    const token = this.text.slice(start, this.at).replace(/^\+/, '');
    const value = BigInt(/^0[0-7]/.test(token) ? `0o${token}` : token);
    return value < OPEN_END_IN_TEXT ? value : OPEN_END_IN_TEXT;
  }

  /** 1-based number of the line that has the character at `offset`. */
  lineOf(offset: number): number {
    let { line, start } = offset < this.#counted.start ? { line: 1, start: 0 } : this.#counted;
    let end = this.text.indexOf('\n', start);
    while (end >= 0 && end < offset) {
      line++;
      start = end + 1;
      end = this.text.indexOf('\n', start);
    }
    this.#counted = { line, start };
    return line;
  }

  errorAt(offset: number, code: MapfileErrorCode, message: string): MapfileError {
    const lineStart = offset === 0 ? 0 : this.text.lastIndexOf('\n', offset - 1) + 1;
    return new MapfileError(
      code,
      { line: this.lineOf(offset), column: offset - lineStart + 1 },
      message,
    );
  }

  /** An error that says what was expected at `offset`, and quotes what is there. */
  unexpectedAt(offset: number, code: MapfileErrorCode, expected: string): MapfileError {
    return this.errorAt(offset, code, `expected ${expected}, found ${this.#foundAt(offset)}`);
  }

  #foundAt(offset: number): string {
    let end = offset;
    while (end < this.#limit && end - offset <= QUOTED_MAX) {
      const code = this.text.charCodeAt(end);
      if (code === LINE_FEED || isSpace(code)) break;
      end++;
    }
    if (end > offset) return quoted(this.text.slice(offset, end));
    const isCut = offset >= this.#limit && offset < lineEnd(this.text, offset);
    return isCut ? `the end of what counts (${CONTENT_MAX} characters)` : 'the end of the line';
  }

  #readSign(): number {
    const code = this.peek();
    if (code === PLUS || code === MINUS) this.at++;
    return code === MINUS ? -1 : 1;
  }

  /** Reads the prefix of a number. A prefix without a digit behind it is none: `0x` is a 0 and an x. */
  #readBase(): number {
    const { text, at } = this;
    if (this.peek() !== ZERO) return 10;
    const letter = at + 2 < this.#limit ? text.charCodeAt(at + 1) | LOWER_CASE : 0;
    const base = letter === 0x78 ? 16 : letter === 0x62 ? 2 : 8;
    if (base === 8 || digitOf(text.charCodeAt(at + 2)) >= base) return 8;
    this.at += 2;
    return base;
  }

  #readDigits(base: number): number {
    const { text } = this;
    const limit = this.#limit;
    const start = this.at;
    let at = start;
    let value = 0;
    for (; at < limit; at++) {
      const digit = digitOf(text.charCodeAt(at));
      if (digit >= base) break;
      value = value * base + digit;
    }
    this.at = at;
    return at === start ? Number.NaN : value;
  }
}

/** `text` in quotes, cut where it is long, with everything escaped that a terminal might obey. */
function quoted(text: string): string {
  const short = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX - 1)}…` : text;
  return JSON.stringify(short).replace(
    /[^ -~…]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** 0 to 15, or a number above for what is no digit. */
function digitOf(code: number): number {
  if (code < ZERO) return 99;
  if (code < ZERO + 10) return code - ZERO;
  const letter = (code | LOWER_CASE) - 97;
  return letter >= 0 && letter < 6 ? letter + 10 : 99;
}

/** White space as in C, but for the line feed, which ends a line. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= CARRIAGE_RETURN && code !== LINE_FEED);
}

/** Offset of the line feed at or after `at`, or of the end of the text. */
function lineEnd(text: string, at: number): number {
  if (text.charCodeAt(at) === LINE_FEED) return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** All of them: a comment that kept one would lose it when the map is written and read again. */
function withoutReturn(text: string, end: number): number {
  let at = end;
  while (text.charCodeAt(at - 1) === CARRIAGE_RETURN) at--;
  return at;
}
