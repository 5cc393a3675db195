import { OPEN_END } from './block.ts';
import type { BlockList } from './block-list.ts';
import { RescueMap } from './rescue-map.ts';
import { type BlockStatus, progressOf } from './status.ts';

/**
 * The map of blocks in any order, with holes, as ddrescue's `-L` makes it. Blocks of one status that overlap
 * become one, those that only touch stay apart. Every hole, and the one in front of the first block,
 * becomes `gapStatus`; a last block of that status is enlarged to the open end.
 * What comes out does not depend on the order, so one sort does for any of it: O(n log n).
 * `overlap` makes the error for two blocks, the later one in the text first.
 */
export function looseMap(
  list: BlockList,
  overlap: (index: number, earlier: number) => Error,
  gapStatus: BlockStatus = '?',
): RescueMap {
  if (list.count === 0) return RescueMap.ofOne(0, 0);
  const { starts, ends, codes } = list;
  const gapCode = progressOf(gapStatus);
  // Every block may have a hole in front.
  const runStarts = new Float64Array(2 * list.count);
  const runCodes = new Uint8Array(2 * list.count);
  let count = 0;
  let end = 0;
  let last = -1;
  for (const index of inOrder(list)) {
    const start = starts[index] as number;
    const blockEnd = ends[index] as number;
    const code = codes[index] as number;
    if (last >= 0 && start < end) {
      if (code !== codes[last]) throw overlap(Math.max(index, last), Math.min(index, last));
    } else {
      if (start > end) {
        runStarts[count] = end;
        runCodes[count++] = gapCode;
      }
      runStarts[count] = start;
      runCodes[count++] = code;
    }
    if (blockEnd > end) {
      end = blockEnd;
      last = index;
    }
  }
  if (runCodes[count - 1] === gapCode) end = OPEN_END;
  return RescueMap.fromRuns({ starts: runStarts, codes: runCodes, count, end });
}

/** The numbers of the blocks by their starts. */
function inOrder({ starts, count }: BlockList): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let i = 1; i < count; i++) {
    if ((starts[i] as number) < (starts[i - 1] as number)) {
      return order.sort((a, b) => (starts[a] as number) - (starts[b] as number));
    }
  }
  return order;
}
