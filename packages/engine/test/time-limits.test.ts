import { describe, expect, test } from 'vitest';
import { gnuManner, type RescueEvent, type RescueOptions, rescueBlocking } from '../src/index.ts';
import {
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '../src/testing/index.ts';

const KIB = 1024;
const CLUSTER = 64 * KIB;

interface Disk {
  readonly size: number;
  readonly bad?: readonly { readonly pos: number; readonly size: number }[];
  readonly readMs?: number;
  readonly failMs?: number;
}

/** Rescues a disk on the virtual clock, by GNU's rules. */
function run(disk: Disk, options: Partial<RescueOptions> = {}) {
  const clock = new VirtualClock();
  const source = new SimulatedSource({ ...disk, clock, failsWhole: true });
  const events: RescueEvent[] = [];
  const store = new MemoryMapStore();
  const result = rescueBlocking({
    source,
    target: new MemoryTarget(),
    store,
    clock,
    progressMs: Number.POSITIVE_INFINITY,
    onEvent: (event) => events.push(event),
    ...options,
    settings: { manner: gnuManner, clusterSize: CLUSTER, ...options.settings },
  });
  return { ...result, clock, source, events, stored: store.stored };
}

describe('a timeout (-T)', () => {
  test('is passed when more than so much time brought nothing, and looked at once a second', () => {
    const { end, clock, stored } = run(
      { size: 100 * CLUSTER, bad: [{ pos: CLUSTER, size: 99 * CLUSTER }], failMs: 1000 },
      { limits: { timeoutMs: 3000 } },
    );
    expect(end).toBe('timeout');
    // What the first read brought counts for the first second: four more make it too long.
    expect(clock.now()).toBe(5000);
    expect(stored?.state).toBe('?');
  });

  test('counts from the start when nothing was ever read', () => {
    const { end, clock, progress } = run(
      { size: 100 * CLUSTER, bad: [{ pos: 0, size: 100 * CLUSTER }], failMs: 1000 },
      { limits: { timeoutMs: 2000 } },
    );
    expect([end, clock.now(), progress.rescued]).toEqual(['timeout', 3000, 0]);
  });

  test('is not passed while something comes in time', () => {
    const { end } = run({ size: 10 * CLUSTER, readMs: 1000 }, { limits: { timeoutMs: 1000 } });
    expect(end).toBe('finished');
  });
});

describe('a rate of errors (-E)', () => {
  const disk = { size: 20 * CLUSTER, bad: [{ pos: 5 * CLUSTER, size: 10 * CLUSTER }] };

  test('ends the run before the read that follows the second in which it was too high', () => {
    const { end, limits, source } = run(
      { ...disk, readMs: 100, failMs: 700 },
      { limits: { errorRateMax: CLUSTER - 1 } },
    );
    expect(end).toBe('error-rate');
    // Five good reads, one failed one: the second that ended with it had one failed cluster.
    expect(limits).toEqual([{ end: 'error-rate', bytesPerS: CLUSTER }]);
    expect(source.reads).toHaveLength(6);
  });

  test('of just the limit is not too high', () => {
    const { end } = run(
      { ...disk, readMs: 100, failMs: 1000 },
      { limits: { errorRateMax: CLUSTER } },
    );
    expect(end).toBe('finished');
  });

  test('is looked at in the end of a run shorter than a second, which then is not finished', () => {
    const { end, stored, progress } = run(disk, { limits: { errorRateMax: 0 } });
    expect(end).toBe('error-rate');
    expect(progress.nonTried).toBe(0);
    expect(stored?.state).not.toBe('+');
  });
});

describe('slow reads (-a)', () => {
  /** 64 KiB a second: slow from the first second on. */
  const slow = { size: 64 * CLUSTER, readMs: 1000 };
  const limits = { slow: { minBytesPerS: 2 * CLUSTER, delayMs: 0 } };
  const settings = { skipInitial: CLUSTER, skipMax: 4 * CLUSTER };

  test('pass 1 skips what a second brought, then twice as much, up to the maximum', () => {
    const { source } = run(slow, { limits, settings });
    const starts = source.reads.slice(0, 5).map(({ pos }) => pos / CLUSTER);
    expect(starts).toEqual([0, 2, 5, 10, 15]);
  });

  test('pass 2 leaves the rest of a slow block, passes 3 and 4 do not look at the rate', () => {
    const { events, end, progress } = run(slow, { limits, settings });
    const passes = events.flatMap((event) => (event.type === 'phase' ? [event.pass] : []));
    expect([end, progress.rescued]).toEqual(['finished', slow.size]);
    expect(passes).toEqual([1, 2, 3]);
    const ended = events.filter(({ type }) => type === 'pass-ended');
    // Passes 1 and 2 read few clusters each; 3 reads what borders on rescued bytes.
    expect(ended[1]?.progress.rescued).toBeLessThan(slow.size / 2);
    expect(ended[2]?.progress.nonTried).toBe(0);
  });

  test('nothing counts as slow before the delay', () => {
    const { source } = run(slow, {
      limits: { slow: { minBytesPerS: 2 * CLUSTER, delayMs: 10_000 } },
      settings,
    });
    const starts = source.reads.slice(0, 11).map(({ pos }) => pos / CLUSTER);
    expect(starts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
  });

  test('0 takes a tenth of the average for the minimum', () => {
    const even = run(slow, { limits: { slow: { minBytesPerS: 0, delayMs: 0 } }, settings });
    expect(even.progress.slowReads).toBe(0);
  });

  test('more than so many end the run', () => {
    const { end, progress } = run(slow, { limits: { slow: { ...limits.slow, max: 3 } }, settings });
    expect([end, progress.slowReads]).toEqual(['slow-reads', 4]);
  });

  test('a skip size of 0 never skips', () => {
    const { source, end } = run(slow, { limits, settings: { skipInitial: 0 } });
    expect(end).toBe('finished');
    expect(source.reads.map(({ pos }) => pos / CLUSTER)).toEqual([...Array(64).keys()]);
  });
});

describe('pauses', () => {
  const disk = { size: 4 * CLUSTER, bad: [{ pos: CLUSTER, size: CLUSTER }] };
  const settings = { trims: false, sweeps: false, scrapes: false };

  test('after an error take time, simulated ones only count', () => {
    const real = run(disk, { pauses: { errorMs: 5000 }, settings });
    expect(real.clock.now()).toBe(5000);
    const simulated = run(disk, { pauses: { errorMs: 5000, isSimulated: true }, settings });
    expect(simulated.clock.now()).toBe(0);
    // At the end a second more counts: 64 KiB failed in six seconds.
    expect(simulated.progress.errorRateBytesPerS).toBe(Math.trunc(CLUSTER / 6));
  });

  test('between passes are told, and come before each pass but the first', () => {
    const { clock, events } = run(disk, { pauses: { passMs: 7000 }, settings });
    const told = events.map(({ type }) => type).filter((type) => /pa|phase/.test(type));
    const phases = told.filter((type) => type === 'phase').length;
    expect(phases).toBeGreaterThan(1);
    expect(clock.now()).toBe(7000 * (phases - 1));
    expect(told.slice(0, 4)).toEqual(['phase', 'pass-ended', 'pausing', 'phase']);
  });

  test('end at once when the run is stopped', () => {
    const clock = new VirtualClock();
    const signal = {
      get aborted() {
        return clock.now() >= 1000;
      },
    };
    const source = new SimulatedSource({ ...disk, clock });
    const result = rescueBlocking({
      source,
      target: new MemoryTarget(),
      clock,
      signal,
      settings,
      pauses: { errorMs: 60_000 },
    });
    expect(result.end).toBe('aborted');
    expect(clock.now()).toBe(1000);
  });
});

test('an interval of 0 saves the map before every read', () => {
  const saves = (saveIntervalMs?: () => number) =>
    run(
      { size: 10 * CLUSTER },
      saveIntervalMs === undefined ? {} : { saveIntervalMs },
    ).events.filter(({ type }) => type === 'saved').length;
  expect(saves()).toBe(2);
  expect(saves(() => 0)).toBe(12);
});

test('the source is opened anew after each failed read, if asked for', () => {
  let count = 0;
  const clock = new VirtualClock();
  const source = new SimulatedSource({
    size: 4 * CLUSTER,
    bad: [{ pos: CLUSTER, size: 512 }],
    clock,
  });
  const wrapped = Object.assign(source, { reopen: () => void count++ });
  const { progress } = rescueBlocking({
    source: wrapped,
    target: new MemoryTarget(),
    clock,
    reopensOnError: true,
  });
  expect(count).toBe(progress.readErrors);
  expect(count).toBeGreaterThan(0);
});

test("an error that ends a run counts as the disk's when it is tolerated", () => {
  const source = {
    name: 'lost',
    size: 1024,
    sectorSize: 512,
    read: () => ({ copied: 0, errno: 'ENXIO' }),
  };
  const target = new MemoryTarget();
  expect(() => rescueBlocking({ source, target })).toThrow(/went away/);
  const { progress } = rescueBlocking({ source, target, toleratedErrnos: new Set(['ENXIO']) });
  expect(progress.bad).toBe(1024);
});
