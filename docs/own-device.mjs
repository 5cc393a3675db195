// Rescues a device of your own: anything that can read at a position. Run it with `node docs/own-device.mjs`.
import { rescue } from '@chunkrescue/engine';
import { MemoryMapStore, MemoryTarget } from '@chunkrescue/engine/testing';

const disk = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * i) % 251);
const bad = (pos, end) => pos < 300_032 && end > 299_008; // two sectors that cannot be read
const source = {
  name: 'my device',
  size: disk.length,
  sectorSize: 512,
  read(pos, into) {
    const end = Math.min(pos + into.length, disk.length);
    if (bad(pos, end)) return { copied: 0, errno: 'EIO' };
    into.set(disk.subarray(pos, end));
    return { copied: end - pos, errno: undefined };
  },
};
const [target, store] = [new MemoryTarget(), new MemoryMapStore()];
const half = new AbortController();
function onEvent(event) {
  if (event.type === 'phase') console.log(`${event.phase}, pass ${event.pass}, ${event.direction}`);
  if (event.progress.rescued > disk.length / 2) half.abort();
}
const first = await rescue({ source, target, store, onEvent, progressMs: 0, signal: half.signal });
console.log(`${first.end} after ${first.progress.rescued} bytes`);

const last = await rescue({ source, target, store }); // the map in the store says where to go on
for (const { pos, size, status } of last.map.blocks()) {
  const isTrue = target.bytes.subarray(pos, pos + size).every((byte, i) => byte === disk[pos + i]);
  console.log(pos, size, status, status === '+' && isTrue ? 'right' : 'unreadable');
}
