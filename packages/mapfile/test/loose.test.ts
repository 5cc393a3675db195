import { MapfileError, OPEN_END, parseMapfile } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** The blocks of a map as `pos+size status`. */
function blocksOf(text: string): string {
  const { map } = parseMapfile(text, { loose: true });
  return [...map.blocks()].map(({ pos, size, status }) => `${pos}+${size}${status}`).join(' ');
}

function errorOf(text: string): MapfileError {
  try {
    parseMapfile(text, { loose: true });
  } catch (error) {
    if (error instanceof MapfileError) return error;
    throw error;
  }
  throw new Error(`taken: ${JSON.stringify(text)}`);
}

describe('parseMapfile, loose', () => {
  test('sorts, fills holes, and opens a last non-tried block', () => {
    expect(blocksOf('0 ? 1\n20 4 ?\n12 4 -\n4 4 +\n')).toBe(
      `0+4? 4+4+ 8+4? 12+4- 16+4? 20+${OPEN_END - 20}?`,
    );
  });

  test('joins overlapping blocks of one status, not touching ones', () => {
    expect(blocksOf('0 ? 1\n0 4 +\n8 4 +\n12 4 +\n2 7 +\n')).toBe('0+12+ 12+4+');
    expect(blocksOf('0 ? 1\n4 8 +\n6 2 +\n0 4 +\n')).toBe('0+4+ 4+8+');
  });

  test('refuses an overlap of two statuses, and says which lines', () => {
    const error = errorOf('0 ? 1\n8 8 +\n0 4 +\n2 4 -\n');
    expect(error.code).toBe('overlap');
    expect(error.message).toBe(
      'line 4, column 1: expected blocks of different status not to overlap, found the "-" block ' +
        'from 0x00000002 to 0x00000006 over the "+" block from 0x00000000 to 0x00000004 of line 3',
    );
  });

  test('does not depend on the order of the lines, and agrees with a map of single bytes', () => {
    const block = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 9 }), fc.constantFrom(...'?*/-+'));
    fc.assert(
      fc.property(
        fc.array(block, { maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (blocks, keys) => {
          const lines = blocks.map(([pos, size, status]) => `${pos} ${size} ${status}`);
          const sorted = lines
            .map((line) => ({ line, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ line }) => line);
          const bytes = new Map<number, string>();
          let isRefused = false;
          for (const [pos, size, status] of blocks) {
            for (let at = pos; at < pos + size; at++) {
              isRefused ||= (bytes.get(at) ?? status) !== status;
              bytes.set(at, status);
            }
          }
          for (const text of [lines, sorted].map((each) => ['0 ? 1', ...each].join('\n'))) {
            if (isRefused) {
              expect(errorOf(text).code).toBe('overlap');
              continue;
            }
            expect(blocksOf(text)).toBe(blocksOf(['0 ? 1', ...lines].join('\n')));
            const { map } = parseMapfile(text, { loose: true });
            for (let at = 0; at < Math.min(map.end, 60); at++) {
              expect(map.statusAt(map.indexAt(at))).toBe(bytes.get(at) ?? '?');
            }
          }
        },
      ),
    );
  });
});
