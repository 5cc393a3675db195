/**
 * What goes wrong in maps made by hand. The parser's own functions read every line, so that an
 * error here is an error there, in the same words; what is added is what was probably meant.
 */
import { MapfileError } from './errors.ts';
import type { FindingCode, MapFinding } from './finding.ts';
import { hexOf } from './hex.ts';
import { hintForPlace, type PlacedBlock, SWAPPED_HINT } from './misplaced.ts';
import { misreadNumber, wordsAt } from './misread.ts';
import { notContiguous, readBlockPos, readEnd, readStatus, readStatusLine } from './parse.ts';
import { Scanner } from './scan.ts';

const SECTOR = 512;
/** Where so much is found the rest is not looked at: nobody mends it by hand, and it would fill the memory. */
const FINDINGS_MAX = 100_000;

/**
 * Everything that is wrong or odd in the text of a mapfile, in the order of its lines. There is an
 * error among it exactly when `parseMapfile` throws one, and the first is that one; every line
 * after it is looked at too, until a hundred thousand things are found.
 */
export function lintMapfile(text: string): MapFinding[] {
  return new Linter(text).run();
}

class Linter {
  readonly #scanner: Scanner;
  readonly #findings: MapFinding[] = [];
  /** The block of the line before, where that could be read. */
  #last: PlacedBlock | undefined;
  #lines = 0;
  readonly #unaligned = { count: 0, offset: 0, pos: 0 };

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  run(): MapFinding[] {
    const scanner = this.#scanner;
    this.#checkEncoding();
    if (scanner.nextLine()) this.#checkStatusLine();
    while (this.#findings.length < FINDINGS_MAX && scanner.nextLine()) {
      this.#checkBlockLine();
      scanner.endLine();
    }
    this.#checkSum();
    return this.#findings.sort((a, b) => a.line - b.line);
  }

  #checkEncoding(): void {
    const { text } = this.#scanner;
    if (text.startsWith('\uFEFF')) {
      this.#advise(0, 'encoding', 'the file begins with a byte order mark; save it without one');
    }
    const zero = text.indexOf('\0');
    if (zero >= 0) {
      this.#advise(zero, 'encoding', 'bytes of 0: the file is UTF-16, which no map is, or no text');
    }
  }

  /** Leaves the line to be read as a block when it looks like one. */
  #checkStatusLine(): void {
    const scanner = this.#scanner;
    const offset = scanner.at;
    try {
      readStatusLine(scanner);
    } catch (error) {
      const isBlock = this.#readsAsBlock();
      this.#fail(error, isBlock ? 'The status line is missing; put "0 ? 1" above.' : undefined);
      if (isBlock) return;
    }
    this.#checkWords(offset, 1);
    scanner.endLine();
  }

  #readsAsBlock(): boolean {
    const scanner = this.#scanner;
    scanner.nextLine();
    try {
      readBlock(scanner);
      return true;
    } catch (error) {
      if (error instanceof MapfileError) return false;
      throw error;
    }
  }

  #checkBlockLine(): void {
    const scanner = this.#scanner;
    const offset = scanner.at;
    this.#lines++;
    try {
      const block = readBlock(scanner);
      this.#checkIgnored(scanner.at + 1);
      this.#checkPlace(block, offset);
      this.#last = block;
    } catch (error) {
      this.#fail(error, this.#isSwapped(offset) ? SWAPPED_HINT : undefined);
      this.#last = undefined;
    }
    this.#checkWords(offset, 2);
  }

  #checkPlace(block: PlacedBlock, offset: number): void {
    if (block.pos % SECTOR !== 0 && this.#unaligned.count++ === 0) {
      this.#unaligned.offset = offset;
      this.#unaligned.pos = block.pos;
    }
    const last = this.#last;
    if (last === undefined || last.end === block.pos) return;
    const message = notContiguous(last.end, block.pos);
    const error = this.#scanner.errorAt(offset, 'not-contiguous', message);
    this.#fail(error, hintForPlace(last, block));
  }

  /** Whether the line has the position that is due where its size belongs. */
  #isSwapped(offset: number): boolean {
    const [pos, size] = wordsAt(this.#scanner.text, offset).map(({ word }) =>
      Number(word || Number.NaN),
    );
    return pos !== undefined && pos > 0 && size === (this.#last?.end ?? 0);
  }

  /** The parser reads nothing behind a status: a lost line end swallows a block. */
  #checkIgnored(offset: number): void {
    const { text } = this.#scanner;
    const rest = /[^\n]*/y;
    rest.lastIndex = offset;
    const behind = rest.exec(text)?.[0].trim() ?? '';
    if (behind === '' || behind.startsWith('#')) return;
    this.#advise(
      offset,
      'ignored',
      'what stands behind the status is not read; is a line end lost?',
    );
  }

  #checkWords(offset: number, count: number): void {
    for (const { word, at } of wordsAt(this.#scanner.text, offset).slice(0, count)) {
      const misread = misreadNumber(word.replace(/[?*/+-]$/, ''));
      if (misread !== undefined) this.#advise(at, misread.code, misread.message);
    }
  }

  #checkSum(): void {
    const { count, offset, pos } = this.#unaligned;
    if (this.#lines === 0) this.#advise(0, 'no-blocks', 'the map has no blocks');
    if (count === 0) return;
    const more = count === 1 ? '' : `, and ${count - 1} more`;
    const what = `a block begins at ${hexOf(pos)}${more}: no multiple of ${SECTOR}`;
    this.#advise(offset, 'sectors', `${what}, and disks are read in whole sectors`);
  }

  #advise(offset: number, code: FindingCode, message: string): void {
    const line = this.#scanner.lineOf(offset);
    const { text } = this.#scanner;
    const column = offset === 0 ? 1 : offset - text.lastIndexOf('\n', offset - 1);
    this.#findings.push({ severity: 'advice', code, line, column, message });
  }

  #fail(error: unknown, hint: string | undefined): void {
    if (!(error instanceof MapfileError)) throw error;
    const { code, line, column } = error;
    const message = error.message.slice(`line ${line}, column ${column}: `.length);
    this.#findings.push({ severity: 'error', code, line, column, message, hint });
  }
}

/** Reads a block; the scanner stays at its status. @throws MapfileError */
function readBlock(scanner: Scanner): PlacedBlock {
  const pos = readBlockPos(scanner);
  const end = readEnd(scanner, pos);
  readStatus(scanner);
  return { pos, end };
}
