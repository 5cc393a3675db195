import { hexOf } from './hex.ts';

/** Where a block begins and ends. */
export interface PlacedBlock {
  readonly pos: number;
  readonly end: number;
}

export const SWAPPED_HINT = 'Are position and size swapped?';

/** What was probably meant by a block that does not begin where the one before ends. */
export function hintForPlace(last: PlacedBlock, block: PlacedBlock): string {
  const isSwapped = block.end - block.pos === last.end;
  return isSwapped ? `${placeHint(last, block)} ${SWAPPED_HINT}` : placeHint(last, block);
}

function placeHint(last: PlacedBlock, block: PlacedBlock): string {
  if (last.pos > 0 && last.end - last.pos === block.pos) {
    return 'The second number of the line before is its size; is its end meant?';
  }
  if (block.pos > last.end) {
    const size = hexOf(block.pos - last.end);
    return `A gap of ${block.pos - last.end} bytes; put ${hexOf(last.end)}  ${size}  ? there.`;
  }
  if (block.pos < last.pos) return 'The blocks are not in order; sort the lines by position.';
  return `It overlaps the block before by ${last.end - block.pos} bytes.`;
}
