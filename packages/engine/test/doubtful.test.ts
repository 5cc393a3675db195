/** Failures of which nobody knows yet whether they are the disk's fault, and a run that ends in the middle of them. */
import {
  RescueError,
  type RescueOptions,
  rescue,
  rescueBlocking,
  type Source,
} from '@chunkrescue/engine';
import {
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '@chunkrescue/engine/testing';
import { Domain, type Mapfile, RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';

const SIZE = 256 * 1024;
const BAD = { pos: 64 * 1024, size: 4096 };
const SETTINGS = { clusterSize: 16384, skipInitial: 0 };
const dead = { copied: 0, errno: 'EIO' } as const;

interface Dying {
  readonly source: Source;
  readonly isDead: () => boolean;
}

/** A disk with a bad area that answers nothing any more when something else than copying begins. */
function dying(): Dying {
  const disk = new SimulatedSource({ size: SIZE, bad: [BAD] });
  let phase = 'copying';
  const isDead = (): boolean => phase !== 'copying';
  const source: Source = {
    ...{ name: 'dying disk', size: SIZE, sectorSize: 512 },
    enter: (now) => {
      phase = now.phase;
    },
    read: (pos, into) => (isDead() ? dead : disk.read(pos, into)),
  };
  return { source, isDead };
}

function begin(source: Source, store: MemoryMapStore, more: Partial<RescueOptions> = {}): string {
  const ports = { source, target: new MemoryTarget(), store, clock: new VirtualClock() };
  try {
    return rescueBlocking({ ...ports, settings: SETTINGS, looksForLife: true, ...more }).end;
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    return error.code;
  }
}

/** What the map calls bad, and is not known to be. */
const slandered = (map: RescueMap | undefined): number =>
  Domain.of([...(map?.ranges('-') ?? [])]).subtract(Domain.of([BAD])).size;

test('they are not bad in any map that is saved meanwhile', () => {
  const store = new MemoryMapStore();
  const saved: Mapfile[] = [];
  const save = store.save.bind(store);
  store.save = (mapfile) => {
    save(mapfile);
    saved.push({ ...mapfile, map: mapfile.map.clone() } as Mapfile);
  };
  expect(begin(dying().source, store, { saveIntervalMs: () => 0 })).toBe('source-lost');
  expect(saved.length).toBeGreaterThan(20);
  expect(saved.map(({ map }) => map.sizeOf('-'))).toEqual(saved.map(() => 0));
  const last = saved.at(-1) as Mapfile;
  expect(last.map.sizeOf('+')).toBe(SIZE - SETTINGS.clusterSize);
});

test('nor when another error ends the run', () => {
  const { source, isDead } = dying();
  const store = new MemoryMapStore();
  const save = store.save.bind(store);
  let saves = 0;
  store.save = (mapfile) => {
    if (isDead() && ++saves === 20) throw new RescueError('map-write', 'no room');
    save(mapfile);
  };
  expect(begin(source, store, { saveIntervalMs: () => 0 })).toBe('map-write');
  expect(slandered(store.stored?.map)).toBe(0);
});

test('nor when the source cannot even be opened for the question whether it answers', () => {
  const probe = (): never => {
    throw new RescueError('source-open', 'no such device');
  };
  const store = new MemoryMapStore();
  expect(begin({ ...dying().source, probe }, store)).toBe('source-lost');
  expect(slandered(store.stored?.map)).toBe(0);
});

test('are bad when the disk answers elsewhere, whatever ends the run', () => {
  const disk = new SimulatedSource({ size: SIZE, bad: [BAD] });
  let [phase, saves] = ['', 0];
  const source: Source = {
    ...{ name: 'bad disk', size: SIZE, sectorSize: 512 },
    enter: (now) => {
      phase = now.phase;
    },
    read: (pos, into) => disk.read(pos, into),
  };
  const store = new MemoryMapStore();
  const save = store.save.bind(store);
  store.save = (mapfile) => {
    if (phase === 'scraping' && ++saves === 6) throw new RescueError('map-write', 'no room');
    save(mapfile);
  };
  expect(begin(source, store, { saveIntervalMs: () => 0 })).toBe('map-write');
  expect(store.stored?.map.sizeOf('-')).toBeGreaterThan(2048);
});

test('with slow errors the disk is asked before there are many', () => {
  const clock = new VirtualClock();
  let reads = 0;
  const disk = new SimulatedSource({ size: SIZE });
  const source: Source = {
    ...{ name: 'slow disk', size: SIZE, sectorSize: 512 },
    read(pos, into) {
      if (reads++ < 8) return disk.read(pos, into);
      clock.advance(30_000);
      return dead;
    },
    probe: () => dead,
  };
  expect(begin(source, new MemoryMapStore(), { clock })).toBe('source-lost');
  expect(reads).toBe(8 + 2);
});

describe('taken back', () => {
  test('they cost nothing outside the domain', () => {
    const map = RescueMap.ofOne(0, SIZE);
    map.set(0, 100, '+');
    const store = new MemoryMapStore({ heading: [], position: 0, state: '?', pass: 1, map });
    const source: Source = { name: 'dead disk', size: SIZE, sectorSize: 512, read: () => dead };
    const domain = Domain.of([{ pos: 100, size: SIZE - 100 }]);
    expect(begin(source, store, { domain })).toBe('source-lost');
    expect(store.stored?.map.sizeOf('+')).toBe(100);
  });

  test('they are no concern of a source that ended before them', () => {
    // Read backwards: what failed lies behind the end that is found later.
    const [real, failing] = [128 * 1024, 192 * 1024];
    const source: Source = {
      ...{ name: 'shrunk disk', sectorSize: 512, size: undefined },
      read(pos) {
        if (pos >= failing) return dead;
        return { copied: 0, errno: pos >= real ? undefined : 'ENXIO' };
      },
    };
    const store = new MemoryMapStore();
    const domain = Domain.of([{ pos: 0, size: SIZE }]);
    const settings = { ...SETTINGS, isReversed: true };
    expect(begin(source, store, { domain, settings })).toBe('source-lost');
    expect(store.stored?.map.end).toBeLessThan(failing);
  });
});

test('an unwritten range is taken back, in however many pieces of the domain it lies', () => {
  const pieces = Array.from({ length: 200_000 }, (_, i) => ({ pos: i * 1024, size: 512 }));
  const size = pieces.length * 1024;
  const target = new MemoryTarget();
  const error = new RescueError('target-write', 'the disk is full');
  const source: Source = {
    ...{ name: 'large disk', size, sectorSize: 512 },
    read: (_, into) => ({ copied: into.length, errno: undefined }),
  };
  const failing = Object.assign(target, {
    write: () => {
      throw error;
    },
    unwritten: () => [{ pos: 0, size }],
  });
  const store = new MemoryMapStore();
  const how = { target: failing, domain: Domain.of(pieces), settings: { clusterSize: 512 } };
  expect(begin(source, store, how)).toBe('target-write');
  expect(store.stored?.map.sizeOf('+')).toBe(0);
});

describe('a run that is stopped', () => {
  test('asks for two seconds in all', () => {
    const [clock, signal] = [new VirtualClock(), { aborted: false }];
    const disk = new SimulatedSource({ size: SIZE });
    let reads = 0;
    let onWait: ((waitedMs: number) => void) | undefined;
    const failing = (): typeof dead => {
      for (let ms = 50; ms <= 1900; ms += 50) {
        clock.advance(50);
        onWait?.(ms);
      }
      return dead;
    };
    const source: Source = {
      ...{ name: 'slow disk', size: SIZE, sectorSize: 512 },
      watch: (told) => {
        onWait = told;
      },
      read: (pos, into) => (reads++ < 8 ? disk.read(pos, into) : failing()),
      probe: failing,
    };
    let stoppedMs: number | undefined;
    const onEvent: RescueOptions['onEvent'] = (event) => {
      if ('progress' in event && event.progress.readErrors > 0) {
        signal.aborted = true;
        stoppedMs ??= clock.now();
      }
    };
    const pauses = { errorMs: 3000 };
    expect(begin(source, new MemoryMapStore(), { clock, signal, onEvent, pauses })).toBe('aborted');
    expect(clock.now() - (stoppedMs as number)).toBeLessThanOrEqual(2050);
  });

  test('in its very last read, which fails, asks all the same', () => {
    const bad = [{ pos: SIZE - 1024, size: 1024 }];
    const disk = new SimulatedSource({ size: SIZE, bad });
    const signal = { aborted: false };
    const source: Source = {
      ...{ name: 'bad disk', size: SIZE, sectorSize: 512 },
      read(pos, into) {
        const outcome = disk.read(pos, into);
        signal.aborted ||= pos === SIZE - 512 && disk.reads.length > 64;
        return outcome;
      },
    };
    const store = new MemoryMapStore();
    const settings = { clusterSize: 4096, skipInitial: 0 };
    begin(source, store, { signal, settings });
    const map = store.stored?.map;
    expect([map?.sizeOf('-'), map?.sizeOf('?')]).toEqual([1024, 0]);
  });

  test('gives up a question that is never answered', async () => {
    let reads = 0;
    const never = new Promise<never>(() => {});
    const source: Source = {
      ...{ name: 'far disk', size: SIZE, sectorSize: 512 },
      read(_, into) {
        if (++reads <= 4) return { copied: into.length, errno: undefined };
        return reads <= 8 ? dead : never;
      },
    };
    const abort = new AbortController();
    const store = new MemoryMapStore();
    const ports = { source, target: new MemoryTarget(), store, settings: SETTINGS };
    const ending = rescue({ ...ports, looksForLife: true, signal: abort.signal });
    while (reads <= 8) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    expect((await ending).end).toBe('aborted');
    expect(store.stored?.map.sizeOf('-')).toBe(0);
  });

  test('is not asked for a source that comes back and answers nothing', () => {
    const source: Source = {
      ...{ name: 'dead disk', size: SIZE, sectorSize: 512 },
      read: () => ({ copied: 0, errno: 'ENXIO' }),
    };
    const signal = { aborted: false };
    let asked = 0;
    const comesBack = (): boolean => {
      signal.aborted = ++asked === 3;
      if (asked > 3) throw new Error('asked after the stop');
      return true;
    };
    expect(begin(source, new MemoryMapStore(), { signal, comesBack })).toBe('aborted');
    expect(asked).toBe(3);
  });
});

test('a sync that failed is not tried again and believed, of whatever target', () => {
  const target = new MemoryTarget();
  const sync = target.sync.bind(target);
  let syncs = 0;
  target.sync = () => {
    if (++syncs === 5) throw new RescueError('target-sync', 'it failed');
    sync();
  };
  const store = new MemoryMapStore();
  const source = new SimulatedSource({ size: SIZE });
  const claimed: number[] = [];
  const save = store.save.bind(store);
  store.save = (mapfile) => {
    save(mapfile);
    claimed.push(mapfile.map.sizeOf('+'));
  };
  expect(begin(source, store, { target, saveIntervalMs: () => 0 })).toBe('target-sync');
  expect([syncs, claimed.length]).toEqual([5, 4]);
});

test('a write that only a sync tells of costs what it was, and the rest is saved', () => {
  const target = new MemoryTarget();
  const sync = target.sync.bind(target);
  const lost = { pos: 32768, size: 4096 };
  let syncs = 0;
  const failing = Object.assign(target, {
    sync: () => {
      if (++syncs === 5) throw new RescueError('target-write', 'the disk is full');
      sync();
    },
    unwritten: () => [lost],
  });
  const store = new MemoryMapStore();
  const how = { target: failing, saveIntervalMs: () => 0 };
  expect(begin(new SimulatedSource({ size: SIZE }), store, how)).toBe('target-write');
  expect(syncs).toBe(6);
  expect(
    Domain.fromMap(store.stored?.map as RescueMap).clip(lost.pos, lost.pos + lost.size).isEmpty,
  ).toBe(true);
  expect(store.stored?.map.sizeOf('+')).toBe(3 * SETTINGS.clusterSize - lost.size);
});

test('a read that hangs is listened to once, however long it takes', async () => {
  let [listeners, reads] = [0, 0];
  const pending: PromiseLike<never> = {
    // biome-ignore lint/suspicious/noThenProperty: whoever listens is counted
    then() {
      listeners++;
      return new Promise<never>(() => {});
    },
  };
  const source: Source = {
    ...{ name: 'far disk', size: SIZE, sectorSize: 512 },
    read() {
      reads++;
      return pending;
    },
  };
  const abort = new AbortController();
  const ports = { source, target: new MemoryTarget(), settings: SETTINGS };
  let looks = 0;
  const signal = {
    get aborted() {
      if (reads > 0) looks++;
      return abort.signal.aborted;
    },
  };
  const ending = rescue({ ...ports, signal });
  while (looks < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  expect((await ending).end).toBe('aborted');
  expect(listeners).toBe(1);
});
