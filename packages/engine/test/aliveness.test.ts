/** A bad area and a source that is gone look alike; what failed is called bad only where the source still answers. */
import {
  RescueError,
  type RescueOptions,
  type RescueResult,
  rescueBlocking,
  type Source,
} from '@chunkrescue/engine';
import {
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '@chunkrescue/engine/testing';
import { OPEN_END, type Range, RescueMap } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const SIZE = 256 * 1024;
const SETTINGS = { clusterSize: 4096, retryPasses: 1 };

interface Mortal {
  readonly source: Source;
  readonly disk: SimulatedSource;
  /** It answers again. */
  revive(): void;
}

/** A disk that after so many reads answers every one with an error. */
function mortal(bad: readonly Range[], livesFor: number, errno = 'EIO'): Mortal {
  const disk = new SimulatedSource({ size: SIZE, bad });
  let left = livesFor;
  const source: Source = {
    name: 'mortal disk',
    size: SIZE,
    sectorSize: 512,
    read: (pos, into) => (left-- > 0 ? disk.read(pos, into) : { copied: 0, errno }),
  };
  const revive = (): void => {
    left = OPEN_END;
  };
  return { source, disk, revive };
}

function run(
  source: Source,
  more: Partial<RescueOptions> = {},
): {
  result: RescueResult | undefined;
  error: RescueError | undefined;
  map: RescueMap;
} {
  const store = new MemoryMapStore();
  const ports = { source, target: new MemoryTarget(), store, clock: new VirtualClock() };
  const mapOf = (): RescueMap => store.stored?.map ?? RescueMap.ofOne(0, SIZE);
  try {
    const result = rescueBlocking({ ...ports, settings: SETTINGS, looksForLife: true, ...more });
    return { result, error: undefined, map: mapOf() };
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    return { result: undefined, error, map: mapOf() };
  }
}

const statuses = (map: RescueMap): string => [...map.blocks()].map(({ status }) => status).join('');

describe('a disk that answers nothing', () => {
  test('is given up after few reads, with nothing marked', () => {
    let reads = 0;
    const { source } = mortal([], 0);
    const counted = {
      ...source,
      read(pos: number, into: Uint8Array) {
        reads++;
        return source.read(pos, into);
      },
    };
    const { error, map } = run(counted);
    expect(error?.code).toBe('source-lost');
    expect(error?.message).toContain('answers every read with an error (EIO)');
    expect(statuses(map)).toBe('?');
    expect(reads).toBeLessThan(64);
  });

  test('is bad all over for whoever does not look for life', () => {
    const { result, map } = run(mortal([], 0).source, { looksForLife: false });
    expect([result?.end, statuses(map)]).toEqual(['finished', '-']);
  });

  test.each(['ENXIO', 'ENODEV', 'ENOMEDIUM', 'ESHUTDOWN'])(
    'leaves what failed just before %s non-tried',
    (errno) => {
      const disk = new SimulatedSource({ size: SIZE });
      let reads = 0;
      const source: Source = {
        name: 'pulled disk',
        size: SIZE,
        sectorSize: 512,
        read(pos, into) {
          reads++;
          if (reads <= 8) return disk.read(pos, into);
          return { copied: 0, errno: reads <= 12 ? 'EIO' : errno };
        },
      };
      const { error, map } = run(source, { looksForLife: false });
      expect([error?.code, statuses(map)]).toEqual(['source-lost', '+?']);
      expect(map.sizeOf('+')).toBe(8 * 4096);
    },
  );
});

describe('a disk that dies on the way', () => {
  test('keeps what it brought; what failed since is non-tried', () => {
    const { error, map } = run(mortal([], 20).source);
    expect(error?.message).toContain(`no read any more since position ${20 * 4096}`);
    expect([statuses(map), map.sizeOf('+')]).toEqual(['+?', 20 * 4096]);
  });

  test('with the very last reads is found out at the end', () => {
    const bad = [{ pos: SIZE - 512, size: 512 }];
    // Copying, and the first of the reads that follow.
    const { error, map } = run(mortal(bad, 64).source);
    expect(error?.code).toBe('source-lost');
    expect(map.sizeOf('-')).toBe(0);
  });

  test('is gone on with when it comes back', () => {
    const { source, revive } = mortal([{ pos: 8192, size: 1024 }], 30);
    let looks = 0;
    const comesBack = (): boolean => {
      if (++looks === 3) revive();
      return true;
    };
    const events: string[] = [];
    const onEvent: RescueOptions['onEvent'] = ({ type }) => events.push(type);
    const { result, map } = run(source, { comesBack, onEvent });
    expect([result?.end, looks]).toEqual(['finished', 3]);
    expect(map.sizeOf('-')).toBe(1024);
    expect(map.sizeOf('+')).toBe(SIZE - 1024);
    expect(events.filter((type) => type === 'lost' || type === 'back')).toEqual(['lost', 'back']);
  });

  test('is not waited for any more when the run must stop', () => {
    const { result, map } = run(mortal([], 20).source, { comesBack: () => false });
    expect([result?.end, statuses(map)]).toEqual(['aborted', '+?']);
  });
});

describe('a place that makes the disk go away whenever it is read', () => {
  /** Gone until it is looked for; `errno` is what it answers meanwhile. */
  function fragile(errno: string): { source: Source; comesBack: () => boolean } {
    const disk = new SimulatedSource({ size: SIZE });
    let isGone = false;
    const source: Source = {
      name: 'fragile disk',
      size: SIZE,
      sectorSize: 512,
      read(pos, into) {
        isGone ||= pos <= SIZE / 2 && pos + into.length > SIZE / 2;
        return isGone ? { copied: 0, errno } : disk.read(pos, into);
      },
    };
    const comesBack = (): boolean => {
      isGone = false;
      return true;
    };
    return { source, comesBack };
  }

  test.each(['ENXIO', 'EIO'])('is left alone after some tries (%s)', (errno) => {
    const { source, comesBack } = fragile(errno);
    let losses = 0;
    const counted = (): boolean => losses++ < 100 && comesBack();
    const { result, map } = run(source, { comesBack: counted });
    expect([result?.end, losses < 30]).toEqual(['finished', true]);
    // What failed together with it, and then with it alone, may be left for the next run.
    expect(map.sizeOf('+')).toBeGreaterThanOrEqual(SIZE - 4 * 512);
    expect(map.sizeOf('-')).toBeLessThanOrEqual(512);
  });

  test('may make it go away again while it is asked whether it is back', () => {
    const { source, revive } = mortal([], 30);
    let [looks, isFlapping] = [0, false];
    const flapping: Source = {
      ...source,
      read: (pos, into) => {
        if (isFlapping) throw new RescueError('source-lost', 'gone again');
        return source.read(pos, into);
      },
    };
    const comesBack = (): boolean => {
      revive();
      isFlapping = ++looks === 1;
      return true;
    };
    const { result, map } = run(flapping, { comesBack });
    expect([result?.end, looks, map.sizeOf('+')]).toEqual(['finished', 2, SIZE]);
  });
});

describe('a run that is stopped', () => {
  test('calls nothing bad that failed since the disk was last heard of', () => {
    let reads = 0;
    const { source } = mortal([], 8);
    const signal = {
      get aborted() {
        return reads > 20;
      },
    };
    const counted: Source = {
      ...source,
      read(pos, into) {
        reads++;
        return source.read(pos, into);
      },
    };
    const { result, map } = run(counted, { signal, settings: { clusterSize: 512 } });
    expect([result?.end, statuses(map), map.sizeOf('+')]).toEqual(['aborted', '+?', 8 * 512]);
  });
});

test('whenever a disk dies once and comes back, nothing is left untried', () => {
  const bad = [{ pos: 64 * 1024, size: 2048 }];
  for (let livesFor = 0; livesFor < 160; livesFor++) {
    const { source, revive } = mortal(bad, livesFor);
    const comesBack = (): boolean => {
      revive();
      return true;
    };
    const { result, map } = run(source, { comesBack });
    expect([livesFor, result?.end, map.sizeOf('?')]).toEqual([livesFor, 'finished', 0]);
    expect(map.sizeOf('+')).toBe(SIZE - 2048);
  }
});

test('a run that is stopped again and again comes to the end of a bad area all the same', () => {
  const store = new MemoryMapStore();
  const bad = [{ pos: 64 * 1024, size: 32 * 1024 }];
  const ports = { target: new MemoryTarget(), store, clock: new VirtualClock() };
  let runs = 0;
  let end = '';
  while (end !== 'finished' && runs++ < 20) {
    const { source } = mortal(bad, OPEN_END);
    let failures = 0;
    const counted: Source = {
      ...source,
      read(pos, into) {
        const outcome = source.read(pos, into);
        if ('errno' in outcome && outcome.errno !== undefined) failures++;
        return outcome;
      },
    };
    const signal = {
      get aborted() {
        return failures >= 15;
      },
    };
    const settings = { clusterSize: 4096 };
    ({ end } = rescueBlocking({ ...ports, settings, source: counted, signal, looksForLife: true }));
  }
  expect([end, store.stored?.map.sizeOf('-')]).toEqual(['finished', 32 * 1024]);
});

describe('a bad area, however large', () => {
  const bad = [{ pos: 64 * 1024, size: 128 * 1024 }];

  test('is bad, on a disk that answers elsewhere', () => {
    const { result, map } = run(mortal(bad, OPEN_END).source);
    expect([result?.end, map.sizeOf('-')]).toEqual(['finished', 128 * 1024]);
  });

  test('costs few reads more than the strategy asks for', () => {
    const [looking, not] = [true, false].map((looksForLife) => {
      const { source, disk } = mortal(bad, OPEN_END);
      run(source, { looksForLife });
      return disk.reads.length;
    });
    expect(looking).toBeGreaterThan(not as number);
    expect(looking).toBeLessThan((not as number) * 1.02);
  });

  test('is bad too where the domain has nothing else', () => {
    const prepared = (source: Source) => run(source, { settings: { ...SETTINGS, skipInitial: 0 } });
    expect(prepared(mortal(bad, OPEN_END).source).map.sizeOf('-')).toBe(128 * 1024);
  });
});

test('whenever a disk dies, no good sector is called bad, and going on makes the same map', () => {
  const area = fc.record({
    sector: fc.nat(SIZE / 512 - 1),
    sectors: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(
      fc.array(area, { maxLength: 4 }),
      fc.integer({ min: 0, max: 900 }),
      fc.constantFrom('EIO', 'ENXIO'),
      (areas, livesFor, errno) => {
        const bad = areas.map(({ sector, sectors }) => ({
          pos: sector * 512,
          size: Math.min(sectors * 512, SIZE - sector * 512),
        }));
        const truth = run(mortal(bad, OPEN_END).source).map;
        const store = new MemoryMapStore();
        const target = new MemoryTarget();
        const ports = { target, store, clock: new VirtualClock(), settings: SETTINGS };
        const { source, revive } = mortal(bad, livesFor, errno);
        const go = (): void => {
          rescueBlocking({ ...ports, source, looksForLife: true });
        };
        try {
          go();
        } catch (error) {
          expect((error as RescueError).code).toBe('source-lost');
        }
        const wrong = [...(store.stored?.map.ranges('-') ?? [])].filter(
          ({ pos, size }) => truth.slice(pos, pos + size).sizeOf('-') < size,
        );
        expect(wrong).toEqual([]);
        revive();
        go();
        expect(store.stored?.map.sizeOf('-')).toBe(truth.sizeOf('-'));
        expect(store.stored?.map.sizeOf('+')).toBe(truth.sizeOf('+'));
      },
    ),
    { numRuns: 150 },
  );
});
