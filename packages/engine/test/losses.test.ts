/** When a place that makes the source go away is left alone. */
import { RescueMap } from '@chunkrescue/mapfile';
import { expect, test } from 'vitest';
import { Losses } from '../src/losses.ts';
import type { Request } from '../src/strategy/request.ts';
import type { Rescue } from '../src/strategy/rescue.ts';

const SIZE = 64 * 1024;
const ask = (pos: number, size: number): Request => ({
  ...{ pos, size, phase: 'trimming', pass: 1 },
  ...{ direction: 'forwards', failedStatus: '-' },
});

function losses(): { losses: Losses; map: RescueMap } {
  const map = RescueMap.ofOne(0, SIZE);
  return { losses: new Losses({ map } as Rescue), map };
}

test('after three times in a row, and then it has three tries again', () => {
  const { losses: seen } = losses();
  const request = ask(4096, 512);
  const givenUp = Array.from({ length: 7 }, () => seen.note(request, []));
  expect(givenUp).toEqual([false, false, true, false, false, true, false]);
});

test('a shorter read at the same position is another place', () => {
  const { losses: seen } = losses();
  const givenUp = [4096, 4096, 512, 512, 512].map((size) => seen.note(ask(4096, size), []));
  expect(givenUp).toEqual([false, false, false, false, true]);
});

test('what was rescued meanwhile forgives it', () => {
  const { losses: seen, map } = losses();
  const request = ask(4096, 512);
  const givenUp = [0, 512, 1024, 1024, 1024].map((rescued) => {
    if (rescued > 0) map.set(0, rescued, '+');
    return seen.note(request, []);
  });
  expect(givenUp).toEqual([false, false, false, false, true]);
});
