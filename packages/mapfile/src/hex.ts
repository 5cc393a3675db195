import { OPEN_END } from './block.ts';

/** What a mapfile says for the end of a map that has no known end: 2^63-1. */
export const OPEN_END_IN_TEXT: bigint = 2n ** 63n - 1n;

/** A position as a mapfile has it: `0x`, upper case, at least 8 digits. `OPEN_END` becomes 2^63-1. */
export function hexOf(pos: number): string {
  const value = pos === OPEN_END ? OPEN_END_IN_TEXT : pos;
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
