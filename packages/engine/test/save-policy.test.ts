import { rescueBlocking } from '@chunkrescue/engine';
import {
  MemoryMapStore,
  MemoryTarget,
  SimulatedSource,
  VirtualClock,
} from '@chunkrescue/engine/testing';
import { RescueMap } from '@chunkrescue/mapfile';
import { expect, test } from 'vitest';

const CLUSTER = 512;
const READ_MS = 100;

/** When the map of a run was saved, in milliseconds since it began, and how many bytes it claimed. */
function saves(seconds: number): { ms: number; claimed: number }[] {
  const clock = new VirtualClock();
  const size = CLUSTER * ((seconds * 1000) / READ_MS);
  const source = new SimulatedSource({ size, clock, readMs: READ_MS });
  const seen: { ms: number; claimed: number }[] = [];
  class Store extends MemoryMapStore {
    override save(mapfile: Parameters<MemoryMapStore['save']>[0]): void {
      super.save(mapfile);
      const { map } = this.stored ?? { map: RescueMap.ofOne(0, 0) };
      seen.push({ ms: clock.now(), claimed: map.sizeOf('+') });
    }
  }
  const ports = { source, target: new MemoryTarget(), store: new Store(), clock };
  rescueBlocking({ ...ports, settings: { clusterSize: CLUSTER } });
  return seen;
}

test('a killed run loses five seconds of reading at most in its beginning, and half a minute later', () => {
  const all = saves(120);
  expect(all[0]).toEqual({ ms: 0, claimed: 0 });
  const [first, ...later] = all.slice(1);
  expect(first?.ms).toBeLessThanOrEqual(5000 + READ_MS);
  expect(first?.claimed).toBeGreaterThanOrEqual((4 * CLUSTER * 1000) / READ_MS);
  const times = [first?.ms ?? 0, ...later.map(({ ms }) => ms)];
  expect(times.length).toBeGreaterThan(3);
  for (const [i, ms] of times.slice(1).entries()) {
    expect(ms - (times[i] as number)).toBeLessThanOrEqual(30_000 + READ_MS);
  }
});
