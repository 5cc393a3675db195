/** A read that does not come back: the block counts on, and nothing else hears of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress, RescueEvent } from '@chunkrescue/engine';
import { expect, test } from 'vitest';
import type { TalkingIo } from '../src/gnu/io.ts';
import type { RunParts } from '../src/gnu/rescue-mode.ts';
import { RunView } from '../src/gnu/run-view.ts';
import { temporaryDirectory } from './command.ts';

const clock = { now: () => 0, wallTime: () => new Date(0), sleep: () => undefined };

function viewOf(values: object): { view: RunView; shown: string[] } {
  const shown: string[] = [];
  const io: Partial<TalkingIo> = {
    out: (text) => void shown.push(String(text)),
    err: () => {},
    clock,
    commandLine: 'rescue ddrescue',
    verbosity: 0,
  };
  const view = new RunView({ values, io } as unknown as RunParts);
  view.open();
  return { view, shown };
}

const progress: Progress = {
  domainSize: 1_000_000,
  rescued: 65_536,
  nonTried: 934_464,
  nonTrimmed: 0,
  nonScraped: 0,
  bad: 0,
  badAreas: 0,
  readErrors: 0,
  position: 65_536,
  readPos: 65_536,
  runTimeMs: 100_000,
  errorRateBytesPerS: 0,
  slowReads: 0,
  remainingS: undefined,
  ratedS: 100,
  sinceSuccessMs: 20_000,
  currentRateBytesPerS: 1000,
  averageRateBytesPerS: 655,
};

const phase: RescueEvent = {
  type: 'phase',
  phase: 'copying',
  pass: 1,
  direction: 'forwards',
  progress,
};

/** As the run tells it: what was read since the last second is known, but not shown by ddrescue. */
const waiting = (waitedMs: number): RescueEvent => ({
  type: 'waiting',
  waitedMs,
  progress: { ...progress, rescued: 99_999, readPos: 99_999 },
});

const times = (block: string): string[] =>
  ['run time', 'successful read'].map(
    (name) => new RegExp(`${name}: *(.*)`).exec(block)?.[1] ?? '',
  );

test('the block is drawn anew with times that count on, and is the same otherwise', () => {
  const { view, shown } = viewOf({});
  view.take(phase);
  view.take(waiting(1000));
  view.take(waiting(65_400));
  expect(shown.map(times)).toEqual([
    ['1m 40s', '20s'],
    ['1m 41s', '21s'],
    ['2m 45s', '1m 25s'],
  ]);
  const withoutTimes = shown.map((block) => block.replace(/(run time|successful read): .*/g, ''));
  expect(new Set(withoutTimes).size).toBe(1);
});

test('nothing was rescued yet: no time since then', () => {
  const { view, shown } = viewOf({});
  view.take({ ...phase, progress: { ...progress, rescued: 0 } });
  view.take(waiting(2000));
  expect(times(shown.at(-1) ?? '')).toEqual(['1m 42s', 'n/a']);
});

test('the logs hear nothing of it', () => {
  const dir = temporaryDirectory();
  const logs = ['rates', 'events', 'reads'];
  const paths = logs.map((name) => join(dir, name));
  const { view } = viewOf(Object.fromEntries(logs.map((name, i) => [`log-${name}`, paths[i]])));
  view.take(phase);
  const texts = (): string[] => paths.map((path) => readFileSync(path, 'latin1'));
  const before = texts();
  for (let second = 1; second < 5000; second++) view.take(waiting(second * 1000));
  expect(texts()).toEqual(before);
  view.take({ type: 'second', isLast: false, progress: { ...progress, ratedS: 5100 } });
  expect(texts()).not.toEqual(before);
});
