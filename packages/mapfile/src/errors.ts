/** Where a mapfile's text is wrong, and what was expected there. */
export class MapfileError extends Error {
  override readonly name = 'MapfileError';
  /** Stable: `status-line`, `block-line`, `not-contiguous`, `overlap`, `too-large`. */
  readonly code: MapfileErrorCode;
  /** 1-based line of the text. */
  readonly line: number;
  /** 1-based column, in characters. */
  readonly column: number;

  constructor(code: MapfileErrorCode, place: { line: number; column: number }, message: string) {
    super(`line ${place.line}, column ${place.column}: ${message}`);
    this.code = code;
    this.line = place.line;
    this.column = place.column;
  }
}

export type MapfileErrorCode =
  | 'status-line'
  | 'block-line'
  | 'not-contiguous'
  | 'overlap'
  | 'too-large';
