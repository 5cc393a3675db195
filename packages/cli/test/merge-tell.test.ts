import type { MergeResult } from '@chunkrescue/engine';
import { expect, test } from 'vitest';
import { tellImage } from '../src/commands/merge-tell.ts';
import type { Context } from '../src/context.ts';

test.each([
  ['aborted', false],
  ['finished', true],
] as const)(
  'an image of unknown size, %s: that it ends with the last chunk is told: %s',
  (end, isTold) => {
    const told: string[] = [];
    const report = { result: (_: object, text: string) => told.push(text) };
    const totals = { size: 100, rescued: 0, bad: 0, unfinished: 0 };
    const result = { end, totals, chunks: [], receipts: [], missing: [], unread: [], manifest: {} };
    tellImage(
      result as unknown as MergeResult,
      { image: 'final.raw', map: 'final.map', folders: [] },
      { report } as unknown as Context,
    );
    expect(told.join('\n').includes('the image ends with the last chunk')).toBe(isTold);
  },
);
