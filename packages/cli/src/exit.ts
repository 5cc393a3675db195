/** What the statuses mean, and which trouble ends in which. The only place that knows. */
import { RescueError, type RescueErrorCode } from '@chunkrescue/engine';

/** Exit statuses; 0-3 as GNU ddrescue has them. */
export const EXIT = {
  /** Everything asked for is rescued. */
  rescued: 0,
  /** The command line, the files or the machine are in the way. */
  environment: 1,
  /** A map or chunk is damaged, or belongs to something else. */
  corrupt: 2,
  /** A fault of this program. */
  bug: 3,
  /** Ended, but not everything could be read, or chunks are missing. */
  incomplete: 4,
  /** Stopped by a limit that was asked for. */
  limit: 5,
  /** The source went away. */
  sourceLost: 6,
  /** Refused, since data could be lost. */
  refused: 7,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

const STATUS_OF: Readonly<Record<RescueErrorCode, ExitStatus>> = {
  'source-open': EXIT.environment,
  'source-lost': EXIT.sourceLost,
  'source-read': EXIT.environment,
  'source-changed': EXIT.corrupt,
  'beyond-end': EXIT.environment,
  'target-open': EXIT.environment,
  'target-exists': EXIT.refused,
  'target-missing': EXIT.refused,
  'target-write': EXIT.environment,
  'target-sync': EXIT.environment,
  'same-file': EXIT.refused,
  'map-read': EXIT.environment,
  'map-write': EXIT.environment,
  'map-corrupt': EXIT.corrupt,
  'map-mismatch': EXIT.refused,
  'chunk-mismatch': EXIT.corrupt,
  'chunk-unfinished': EXIT.corrupt,
  'chunk-foreign': EXIT.refused,
  'chunk-conflict': EXIT.refused,
  'in-use': EXIT.refused,
  'no-room': EXIT.environment,
  system: EXIT.environment,
  locked: EXIT.refused,
  'direct-unsupported': EXIT.environment,
  'empty-domain': EXIT.environment,
};

/** Wrong use of the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The status in which an error ends. */
export function statusOf(error: unknown): ExitStatus {
  if (error instanceof RescueError) return STATUS_OF[error.code];
  return error instanceof UsageError ? EXIT.environment : EXIT.bug;
}

/** The status that a refusal of this kind adds to. */
export function statusOfCode(code: RescueErrorCode): ExitStatus {
  return STATUS_OF[code];
}

const SEVERITY: readonly ExitStatus[] = [
  EXIT.rescued,
  EXIT.incomplete,
  EXIT.limit,
  EXIT.corrupt,
  EXIT.refused,
  EXIT.sourceLost,
  EXIT.environment,
  EXIT.bug,
];

/** Of two statuses the one that needs more attention. */
export function worse(a: ExitStatus, b: ExitStatus): ExitStatus {
  return SEVERITY.indexOf(a) >= SEVERITY.indexOf(b) ? a : b;
}
