/** A read that a source of one's own answers late, or never. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type RescueEvent, rescue, type Source } from '@chunkrescue/engine';
import { byteOfDisk, MemoryMapStore, MemoryTarget } from '@chunkrescue/engine/testing';
import { expect, test } from 'vitest';

const SIZE = 64 * 1024;
const SETTINGS = { clusterSize: 4096 };

/** Hangs at the ninth read until it is let go. */
function hanging(): { source: Source; letGo: () => void; isHanging: () => boolean } {
  let reads = 0;
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const source: Source = {
    name: 'far disk',
    size: SIZE,
    sectorSize: 512,
    async read(pos, into) {
      reads++;
      if (reads === 9) await gate;
      for (let i = 0; i < into.length; i++) into[i] = byteOfDisk(pos + i);
      return { copied: into.length, errno: undefined };
    },
  };
  return { source, letGo, isHanging: () => reads === 9 };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

test('is given up when the run is stopped, with everything saved that came before', async () => {
  const { source, isHanging, letGo } = hanging();
  const [store, target] = [new MemoryMapStore(), new MemoryTarget()];
  const abort = new AbortController();
  const ports = { source, target, store, settings: SETTINGS };
  const running = rescue({ ...ports, signal: abort.signal });
  await until(isHanging);
  abort.abort();
  expect((await running).end).toBe('aborted');
  expect(store.stored?.map.sizeOf('+')).toBe(8 * 4096);
  letGo();
  expect((await rescue(ports)).end).toBe('finished');
  expect(store.stored?.map.sizeOf('+')).toBe(SIZE);
});

test('holds up no save, and is told of', async () => {
  const { source, isHanging, letGo } = hanging();
  const [store, target] = [new MemoryMapStore(), new MemoryTarget()];
  const events: RescueEvent[] = [];
  const running = rescue({
    ...{ source, target, store, settings: SETTINGS },
    saveIntervalMs: () => 1000,
    onEvent: (event) => events.push(event),
  });
  await until(isHanging);
  await until(() => store.stored?.map.sizeOf('+') === 8 * 4096);
  expect(events.some(({ type }) => type === 'waiting')).toBe(true);
  letGo();
  expect((await running).end).toBe('finished');
});
