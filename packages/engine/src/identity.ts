import type { SourceIdentity } from './ports.ts';

/**
 * Whether two descriptions are of one disk, by the parts that both have.
 *
 * | part, in this order | equal   | different |
 * |---------------------|---------|-----------|
 * | `partitionUuid`     | same    | different |
 * | `serial`, `wwn`     | same, unless the other of the two differs | different |
 * | `backingFile`       | same    | unknown: a file can be moved |
 * | `model`             | unknown | different |
 *
 * The UUID of a partition is copied with the disk: a clone is `same` by it.
 */
export function sameIdentity(
  a: SourceIdentity,
  b: SourceIdentity,
): 'same' | 'different' | 'unknown' {
  const uuid = compare(a.partitionUuid, b.partitionUuid);
  if (uuid !== 'unknown') return uuid;
  const numbers = [compare(a.serial, b.serial), compare(a.wwn, b.wwn)];
  if (numbers.includes('different')) return 'different';
  if (numbers.includes('same')) return 'same';
  if (compare(a.backingFile, b.backingFile) === 'same') return 'same';
  return compare(a.model, b.model) === 'different' ? 'different' : 'unknown';
}

/** Whether that is told by a number that belongs to the disk; the file behind a loop device may hold another one. */
export function sameByNumber(a: SourceIdentity, b: SourceIdentity): boolean {
  const { backingFile: _, ...rest } = a;
  return sameIdentity(rest, b) === 'same';
}

/** An empty part is an unknown one. */
function compare(a: string | undefined, b: string | undefined): 'same' | 'different' | 'unknown' {
  if (!a || !b) return 'unknown';
  return a === b ? 'same' : 'different';
}
