import {
  type ReadRecord,
  rescueBlocking,
  withBadAreas,
  withRateLimit,
  withReadLog,
} from '@chunkrescue/engine';
import {
  byteOfDisk,
  fullTarget,
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '@chunkrescue/engine/testing';
import { RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';

const SIZE = 4096;

function testMap(): RescueMap {
  const map = RescueMap.ofOne(0, SIZE, '+');
  map.set(1024, 1536, '-');
  map.set(3584, SIZE, '-');
  return map;
}

describe('wrapped sources', () => {
  test('bad areas fail as a whole and cut the source at the last good byte', () => {
    const source = withBadAreas(new SimulatedSource({ size: SIZE }), testMap());
    expect(source.size).toBe(3584);
    const read = (pos: number, size: number): unknown => source.read(pos, new Uint8Array(size));
    expect(read(0, 1024)).toEqual({ copied: 1024, errno: undefined });
    expect(read(512, 1024)).toEqual({ copied: 0, errno: 'EIO' });
    expect(read(1536, 2048)).toEqual({ copied: 2048, errno: undefined });
  });

  test('stack: what the log tells is what the areas let through', () => {
    const log: ReadRecord[] = [];
    const source = withReadLog(
      withBadAreas(new SimulatedSource({ size: SIZE }), testMap()),
      (record) => log.push(record),
    );
    const target = new MemoryTarget();
    const settings = { clusterSize: 1024 };
    const { map } = rescueBlocking({ source, target, settings, clock: new VirtualClock() });
    expect([map.sizeOf('+'), map.sizeOf('-')]).toEqual([3072, 512]);
    expect(log[0]).toMatchObject({ pos: 0, size: 1024, copied: 1024, errno: undefined });
    expect(log.filter(({ errno }) => errno === 'EIO').map(({ pos, size }) => [pos, size])).toEqual([
      [1024, 1024],
      [1024, 512],
    ]);
    expect(target.bytes[1600]).toBe(byteOfDisk(1600));
  });

  test('a rate limit takes the time it must', () => {
    const clock = new VirtualClock();
    const limited = withRateLimit(new SimulatedSource({ size: 10_240 }), {
      bytesPerS: 1024,
      clock,
    });
    const settings = { clusterSize: 1024 };
    rescueBlocking({ source: limited, target: new MemoryTarget(), settings, clock });
    expect(clock.now()).toBe(9000);
  });
});

describe('a world in the way', () => {
  test('a target that is full leaves a map that claims nothing more than was written', () => {
    const store = new MemoryMapStore();
    const source = new SimulatedSource({ size: SIZE });
    const clock = new VirtualClock();
    expect(() => rescueBlocking({ source, target: fullTarget(), store, clock })).toThrow(
      'No space',
    );
    expect(store.stored?.map.sizeOf('+')).toBe(0);
  });

  test('a target that cannot be synced leaves the last map', () => {
    const store = new MemoryMapStore();
    const target = new MemoryTarget();
    let syncs = 0;
    const failing = Object.assign(Object.create(target) as MemoryTarget, {
      sync() {
        if (syncs++ > 0) throw new Error('I/O error');
      },
    });
    const source = new SimulatedSource({ size: SIZE });
    const clock = new VirtualClock();
    expect(() => rescueBlocking({ source, target: failing, store, clock })).toThrow('I/O error');
    expect(store.saves).toBe(1);
    expect(store.stored?.map.sizeOf('+')).toBe(0);
  });

  test.each(['ENXIO', 'ENODEV', 'EINVAL', 'EACCES'])('%s marks nothing and stops', (errno) => {
    const store = new MemoryMapStore();
    const disk = new SimulatedSource({ size: SIZE });
    const source = {
      name: 'gone',
      size: SIZE,
      sectorSize: 512,
      read: (pos: number, into: Uint8Array) =>
        pos < 2048 ? disk.read(pos, into) : { copied: 0, errno },
    };
    const settings = { clusterSize: 1024 };
    const target = new MemoryTarget();
    const clock = new VirtualClock();
    expect(() => rescueBlocking({ source, target, store, settings, clock })).toThrow(errno);
    expect(store.stored?.map.sizeOf('+')).toBe(2048);
    expect(store.stored?.map.sizeOf('?')).toBe(2048);
  });

  test('a source that has shrunk keeps the rest non-tried', () => {
    const disk = new SimulatedSource({ size: 2048 });
    const source = { name: 'shrunk', size: SIZE, sectorSize: 512, read: disk.read.bind(disk) };
    const clock = new VirtualClock();
    const { end, map } = rescueBlocking({ source, target: new MemoryTarget(), clock });
    expect(end).toBe('source-short');
    expect([map.sizeOf('+'), map.sizeOf('?')]).toEqual([2048, 2048]);
  });
});
