/** Stable names of what can go wrong in the world. Each has a paragraph in docs/errors.md. */
export type RescueErrorCode =
  | 'source-open'
  | 'source-lost'
  | 'source-read'
  | 'source-changed'
  | 'beyond-end'
  | 'target-open'
  | 'target-exists'
  | 'target-missing'
  | 'target-write'
  | 'target-sync'
  | 'same-file'
  | 'map-read'
  | 'map-write'
  | 'map-corrupt'
  | 'map-mismatch'
  | 'chunk-mismatch'
  | 'chunk-unfinished'
  | 'chunk-foreign'
  | 'chunk-conflict'
  | 'in-use'
  | 'no-room'
  | 'system'
  | 'locked'
  | 'direct-unsupported'
  | 'empty-domain';

/** What an error may carry besides its sentence. */
export interface RescueErrorDetails {
  /** The file or device concerned. */
  readonly path?: string;
  /** Byte position concerned. */
  readonly pos?: number;
  /** Name of the system's error (`ENXIO`). */
  readonly errno?: string;
  /** One sentence: what to do next. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Trouble of the world (not of the disk, which is a reply, and not ours, which is an assertion). */
export class RescueError extends Error {
  override readonly name = 'RescueError';
  readonly code: RescueErrorCode;
  readonly path: string | undefined;
  readonly pos: number | undefined;
  readonly errno: string | undefined;
  readonly hint: string | undefined;

  constructor(code: RescueErrorCode, message: string, details: RescueErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.pos = details.pos;
    this.errno = details.errno;
    this.hint = details.hint;
  }
}
