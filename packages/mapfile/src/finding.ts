import type { MapfileErrorCode } from './errors.ts';
import type { Misread } from './misread.ts';

/** Names of what can be found. The parser's codes are errors, the others advice. */
export type FindingCode =
  | MapfileErrorCode
  | Misread['code']
  | 'encoding'
  | 'no-blocks'
  | 'ignored'
  | 'sectors';

/** Something in the text of a map, and where. */
export interface MapFinding {
  /** `error`: the map cannot be read. `advice`: it can, and may say what was not meant. */
  readonly severity: 'error' | 'advice';
  readonly code: FindingCode;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters. */
  readonly column: number;
  readonly message: string;
  /** What was probably meant, or what to do. */
  readonly hint?: string | undefined;
}
