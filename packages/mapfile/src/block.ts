import type { BlockStatus } from './status.ts';

/**
 * Where a map ends that has no known end. A mapfile says 2^63-1 (0x7FFFFFFFFFFFFFFF) for it; in memory it
 * is the largest exact `number`, so that sums and differences of positions never lose a byte. Parser and
 * serializer translate; a real end at exactly this position cannot be told apart and is refused.
 */
export const OPEN_END: number = Number.MAX_SAFE_INTEGER;

/** A run of bytes: `pos` is in, `pos + size` is out. */
export interface Range {
  /** First byte. */
  readonly pos: number;
  /** Bytes; more than 0. */
  readonly size: number;
}

/** A range of one status. */
export interface Block extends Range {
  readonly status: BlockStatus;
}

/** The largest multiple of `unit` that is not above `pos`. */
export function alignDown(pos: number, unit: number): number {
  return pos - (pos % unit);
}

/** The smallest multiple of `unit` that is not below `pos`, and at most {@link OPEN_END}. */
export function alignUp(pos: number, unit: number): number {
  const rest = pos % unit;
  return rest === 0 ? pos : addClipped(pos, unit - rest);
}

/** `pos + size`, or {@link OPEN_END} where the sum would pass it. */
export function addClipped(pos: number, size: number): number {
  return size > OPEN_END - pos ? OPEN_END : pos + size;
}
