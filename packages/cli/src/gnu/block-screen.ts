/**
 * A block of lines with a message below, drawn over itself again and again. This is all that knows of
 * cursors; it writes what GNU ddrescue writes to a terminal, whether there is one or not.
 */

/** Draws the block. `begin` once, then `draw` as often as you like. */
export class BlockScreen {
  readonly #write: (text: string) => void;
  readonly #lineCount: number;
  #keepsBlock = false;
  #messageLength = 0;

  constructor(write: (text: string) => void, lineCount: number) {
    this.#write = write;
    this.#lineCount = lineCount;
  }

  /** Makes room. */
  begin(): void {
    this.#write('\n'.repeat(this.#lineCount));
  }

  /** The next block is drawn below the present one. */
  keep(): void {
    this.#keepsBlock = true;
  }

  /** The lines, and the message under them; undefined leaves the cursor at the start of that line. */
  draw(lines: readonly string[], message: string | undefined): void {
    const start = this.#keepsBlock ? '\n' : `\r${'\x1b[A'.repeat(this.#lineCount)}`;
    this.#keepsBlock = false;
    const end = message === undefined ? '' : `\r${this.#padded(message)}`;
    this.#write(`${start}${lines.map((line) => `${line}\n`).join('')}${end}`);
  }

  /** Blanks cover what a longer message left behind. */
  #padded(message: string): string {
    const text = message.padEnd(this.#messageLength);
    this.#messageLength = message.length;
    return text;
  }
}
