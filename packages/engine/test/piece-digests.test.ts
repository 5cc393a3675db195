import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearCrc, resumeLinear } from '../src/chunks/crc-shift.ts';
import { PieceDigests } from '../src/chunks/piece-digests.ts';
import { crc32 } from '../src/node/checksums.ts';

const PIECE = 32;
const SIZE = 5 * PIECE;

/** Cuts of some bytes into parts that do not overlap, in any order; some parts never come. */
const parts = fc
  .array(
    fc.record({ size: fc.integer({ min: 1, max: 50 }), comes: fc.boolean(), order: fc.nat() }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map((cuts) => {
    let pos = 0;
    const found: { pos: number; end: number; order: number }[] = [];
    for (const { size, comes, order } of cuts) {
      const end = Math.min(SIZE, pos + size);
      if (comes && end > pos) found.push({ pos, end, order });
      pos = end;
    }
    return found.sort((a, b) => a.order - b.order);
  });

const bytes = fc.uint8Array({ minLength: SIZE, maxLength: SIZE });

/** What a digest must be: the CRC of the piece with zeros for what did not come. */
function expected(from: Uint8Array, has: Uint8Array, pos: number): { crc: number; size: number } {
  const piece = from.slice(pos, pos + PIECE).map((byte, i) => (has[pos + i] === 1 ? byte : 0));
  return { crc: crc32(piece), size: has.subarray(pos, pos + PIECE).reduce((a, b) => a + b, 0) };
}

test('bytes in any order, cut anywhere, resumed anywhere, give the digest of the whole piece', () => {
  fc.assert(
    fc.property(bytes, parts, fc.nat(30), fc.boolean(), (from, all, stop, isOrdered) => {
      const has = new Uint8Array(SIZE);
      let digests = new PieceDigests(PIECE);
      all.forEach(({ pos, end }, i) => {
        if (i === stop) {
          const resumed = new PieceDigests(PIECE);
          for (let at = 0; at < SIZE; at += PIECE) {
            const { size } = expected(from, has, at);
            const crc = digests.digestAt(at, size);
            if (crc !== undefined) resumed.restore(at, { crc, size });
          }
          digests = resumed;
        }
        const part = from.subarray(pos, end);
        const isKnown = isOrdered && Math.floor(pos / PIECE) === Math.floor((end - 1) / PIECE);
        if (isKnown) digests.add(pos, part, linearCrc(crc32(part, resumeLinear(0))));
        else digests.add(pos, part);
        has.fill(1, pos, end);
      });
      for (let at = 0; at < SIZE; at += PIECE) {
        const { crc, size } = expected(from, has, at);
        expect(digests.digestAt(at, size)).toBe(size === 0 ? undefined : crc);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a piece whose bytes came twice, or were taken back, has no digest', () => {
  const digests = new PieceDigests(PIECE);
  digests.add(0, new Uint8Array(8).fill(1));
  digests.add(4, new Uint8Array(8).fill(1));
  expect(digests.digestAt(0, 12)).toBeUndefined();
  expect(digests.digestAt(0, 4)).toBeUndefined();
});
