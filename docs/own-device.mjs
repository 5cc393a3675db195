// Rescues a device of your own: anything that can read at a position. Run it with `node docs/own-device.mjs`.
import { rescue } from '@chunkrescue/engine';
import { MemoryMapStore, MemoryTarget } from '@chunkrescue/engine/testing';

const disk = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * i) % 251);
const read = (pos, into) => {
  const end = Math.min(pos + into.length, disk.length);
  if (pos < 300_032 && end > 299_008) return { copied: 0, errno: 'EIO' }; // two bad sectors
  into.set(disk.subarray(pos, end));
  return { copied: end - pos, errno: undefined };
};
const source = { name: 'my device', size: disk.length, sectorSize: 512, read };
const [target, store, half] = [new MemoryTarget(), new MemoryMapStore(), new AbortController()];
const onEvent = ({ type, progress }) => {
  console.log(type, progress.rescued);
  if (progress.rescued > disk.length / 2) half.abort();
};
const first = await rescue({ source, target, store, onEvent, progressMs: 0, signal: half.signal });
const { map } = await rescue({ source, target, store }); // the map in the store says where to go on
console.log(`${first.end} half-way, then:`);
for (const { pos, size, status } of map.blocks()) {
  const isRight = disk.subarray(pos, pos + size).every((byte, i) => byte === target.bytes[pos + i]);
  console.log(pos, size, status, isRight ? 'right' : 'unreadable');
}
