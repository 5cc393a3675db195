import {
  type Clock,
  type RescueOptions,
  type RescueResult,
  rescue,
  rescueBlocking,
} from '@chunkrescue/engine';
import {
  byteOfDisk,
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '@chunkrescue/engine/testing';
import {
  BLOCK_STATUSES,
  Domain,
  type Mapfile,
  type Range,
  RescueMap,
  unionOf,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const SECTOR = 4;
const CLUSTER = 32;

/** A small disk: sectors of four bytes, so that every phase and every border is met in few reads. */
interface Disk {
  readonly size: number;
  readonly bad: readonly Range[];
}

const disks: fc.Arbitrary<Disk> = fc
  .record({
    size: fc.integer({ min: 1, max: 900 }),
    bad: fc.array(
      fc.record({ pos: fc.nat(900), size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.nat(200)) }),
      { maxLength: 8 },
    ),
  })
  .map(({ size, bad }) => ({
    size,
    bad: [...Domain.of(bad).clip(0, size).ranges()],
  }));

interface Ways {
  readonly store?: MemoryMapStore;
  readonly target?: MemoryTarget;
  readonly domain?: Domain;
  readonly isReversed?: boolean;
  readonly signal?: { readonly aborted: boolean };
}

function optionsFor(disk: Disk, ways: Ways): RescueOptions & { source: SimulatedSource } {
  const source = new SimulatedSource({ ...disk, sectorSize: SECTOR });
  return {
    source,
    target: ways.target ?? new MemoryTarget(),
    clock: new VirtualClock(),
    settings: {
      sectorSize: SECTOR,
      clusterSize: CLUSTER,
      skipInitial: 48,
      skipMax: 96,
      isReversed: ways.isReversed ?? false,
    },
    ...(ways.store === undefined ? {} : { store: ways.store }),
    ...(ways.domain === undefined ? {} : { domain: ways.domain }),
    ...(ways.signal === undefined ? {} : { signal: ways.signal }),
  };
}

function run(disk: Disk, ways: Ways = {}): RescueResult {
  return rescueBlocking(optionsFor(disk, ways));
}

const blocksOf = (map: RescueMap): unknown[] => [...map.blocks()];

/** A claimed byte is the disk's and readable; an unclaimed one is bad, in a sector that holds a bad byte. */
function expectTruth(disk: Disk, map: RescueMap, target: MemoryTarget, domain: Domain): void {
  const bad = Domain.of(disk.bad);
  for (let pos = 0; pos < disk.size; pos++) {
    if (!domain.includes(pos)) continue;
    const status = map.statusAt(map.indexAt(pos));
    if (status === '+') {
      expect(bad.includes(pos)).toBe(false);
      expect(target.bytes[pos]).toBe(byteOfDisk(pos));
    } else {
      const sector = pos - (pos % SECTOR);
      expect(status).toBe('-');
      expect(bad.clip(sector, sector + SECTOR).isEmpty).toBe(false);
    }
  }
}

describe('a rescue on a steady disk', () => {
  test('tries every byte of its domain, claims only true bytes, touches nothing else', () => {
    fc.assert(
      fc.property(
        disks,
        fc.array(fc.record({ pos: fc.nat(900), size: fc.nat(300) })),
        (disk, ranges) => {
          const wanted = Domain.of([{ pos: 0, size: 1 }, ...ranges]).clip(0, disk.size);
          const target = new MemoryTarget();
          const options = optionsFor(disk, { target, domain: wanted });
          const { map, end, progress } = rescueBlocking(options);
          expect(end).toBe('finished');
          expectTruth(disk, map, target, wanted);
          for (const { pos, size } of options.source.reads) {
            expect(wanted.intersect(Domain.whole(pos, pos + size)).size).toBe(size);
          }
          for (const { pos, size } of target.writes) {
            expect(wanted.intersect(Domain.whole(pos, pos + size)).size).toBe(size);
          }
          for (let pos = 0; pos < disk.size; pos++) {
            const isClaimed = map.statusAt(map.indexAt(pos)) === '+';
            expect(target.written[pos] === 1).toBe(isClaimed);
          }
          expect(progress.rescued + progress.bad).toBe(progress.domainSize);
          expect(progress.domainSize).toBe(wanted.size);
          expect(map.sizeOf('?')).toBe(disk.size - wanted.size);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('leaves nothing of its domain untried, whatever an earlier map says', () => {
    const anyMapfile = (size: number): fc.Arbitrary<Mapfile> =>
      fc
        .record({
          cuts: fc.uniqueArray(fc.integer({ min: 1, max: Math.max(1, size - 1) }), {
            maxLength: 12,
          }),
          statuses: fc.array(fc.constantFrom(...BLOCK_STATUSES.slice(0, 4)), {
            minLength: 13,
            maxLength: 13,
          }),
          position: fc.nat(size),
          state: fc.constantFrom(
            '?' as const,
            '*' as const,
            '%' as const,
            '/' as const,
            '-' as const,
            '+' as const,
          ),
          pass: fc.integer({ min: 1, max: 5 }),
        })
        .map(({ cuts, statuses, position, state, pass }) => {
          const starts = [0, ...cuts.filter((cut) => cut < size).sort((a, b) => a - b)];
          const codes = starts.map((_, i) => BLOCK_STATUSES.indexOf(statuses[i] as '?'));
          const map = RescueMap.fromRuns({ starts, codes, count: starts.length, end: size });
          return { heading: [], position, state, pass, map };
        });
    fc.assert(
      fc.property(
        disks.chain((disk) => fc.tuple(fc.constant(disk), anyMapfile(disk.size))),
        fc.tuple(fc.nat(900), fc.nat(900)),
        fc.boolean(),
        ([disk, mapfile], [from, length], isReversed) => {
          const pos = from % disk.size;
          const domain = Domain.whole(pos, Math.min(disk.size, pos + length + 1));
          const store = new MemoryMapStore(mapfile);
          const { map, end } = run(disk, { store, domain, isReversed });
          expect(end).toBe('finished');
          const part = map.slice(domain.start, domain.end);
          expect(part.sizeOf('?') + part.sizeOf('*') + part.sizeOf('/')).toBe(0);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('stopping after any read and resuming ends in the same map and bytes', () => {
    fc.assert(
      // Ours only: resumed, GNU's manner may pass blocks over, and then ends in another map.
      fc.property(disks, fc.nat(400), fc.boolean(), (disk, stopAt, isReversed) => {
        const whole = new MemoryTarget();
        const expected = run(disk, { target: whole, isReversed });
        const store = new MemoryMapStore();
        const target = new MemoryTarget();
        let reads = 0;
        const signal = {
          get aborted() {
            return reads++ >= stopAt;
          },
        };
        const first = run(disk, { store, target, signal, isReversed });
        const last = first.end === 'aborted' ? run(disk, { store, target, isReversed }) : first;
        expect(last.end).toBe('finished');
        expect(blocksOf(last.map)).toEqual(blocksOf(expected.map));
        target.extend(disk.size);
        whole.extend(disk.size);
        expect(Buffer.compare(target.bytes, whole.bytes)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('any cutting into chunks, in any order, gives the map and bytes of one go', () => {
    const cuttings = fc.tuple(
      disks,
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(1000), { minLength: 250, maxLength: 250 }),
    );
    fc.assert(
      fc.property(cuttings, ([disk, sectors, order]) => {
        const chunkSize = sectors * SECTOR;
        const whole = new MemoryTarget();
        const expected = run(disk, { target: whole });
        whole.extend(disk.size);
        const chunks = Array.from({ length: Math.ceil(disk.size / chunkSize) }, (_, i) => i);
        chunks.sort((a, b) => (order[a % 250] as number) - (order[b % 250] as number));
        const store = new MemoryMapStore();
        let merged = RescueMap.ofOne(0, disk.size);
        const image = new Uint8Array(disk.size);
        for (const number of chunks) {
          const pos = number * chunkSize;
          const domain = Domain.whole(pos, Math.min(disk.size, pos + chunkSize));
          const target = new MemoryTarget();
          const { map } = run(disk, { store, target, domain });
          const part = map.slice(domain.start, domain.end);
          for (const range of part.ranges('+')) {
            image.set(target.bytes.subarray(range.pos, range.pos + range.size), range.pos);
          }
          merged = unionOf(part, merged);
        }
        expect(blocksOf(merged)).toEqual(blocksOf(expected.map));
        expect(blocksOf((store.stored as Mapfile).map)).toEqual(blocksOf(expected.map));
        expect(Buffer.compare(image, whole.bytes)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the two drivers', () => {
  test('make the same reads, with ports that answer at once and with ports that promise', async () => {
    const disk: Disk = {
      size: 800,
      bad: [
        { pos: 100, size: 30 },
        { pos: 500, size: 3 },
      ],
    };
    const blocking = optionsFor(disk, {});
    const result = rescueBlocking(blocking);
    const inner = optionsFor(disk, {});
    const target = new MemoryTarget();
    const clock: Clock = new VirtualClock();
    const later = await rescue({
      ...inner,
      clock,
      source: {
        name: 'later',
        size: disk.size,
        sectorSize: SECTOR,
        read: async (pos, into) => inner.source.read(pos, into),
      },
      target: {
        name: 'later',
        write: async (pos, bytes) => target.write(pos, bytes),
        extend: async (size) => target.extend(size),
        sync: async () => target.sync(),
      },
    });
    expect(inner.source.reads).toEqual(blocking.source.reads);
    expect(blocksOf(later.map)).toEqual(blocksOf(result.map));
  });

  test('the blocking one refuses a port that promises', () => {
    const options = optionsFor({ size: 10, bad: [] }, {});
    const source = {
      ...options.source,
      name: 'x',
      size: 10,
      sectorSize: 4,
      read: async () => ({ copied: 0, errno: undefined }),
    };
    expect(() => rescueBlocking({ ...options, source })).toThrow(TypeError);
  });
});
