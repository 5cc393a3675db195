/** A large disk image that is quickly made: a sparse file with data where it matters, and where it fails. */
import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { RescueMap } from '@chunkrescue/mapfile';

const MIB = 1024 * 1024;
const SECTOR = 512;

/**
 * 48 areas from one sector to 64 KiB all over a disk of 101 MiB or more, some across borders of chunks, and an
 * unreadable tail.
 */
export function badAreas(diskSize: number): RescueMap {
  const map = RescueMap.ofOne(0, diskSize, '+');
  const sectors = [1, 2, 8, 33, 1, 128, 130, 3];
  const step = Math.floor(diskSize / 46 / SECTOR);
  for (let i = 0; i < 45; i++) {
    const pos = (i * step + 7 * i + 11) * SECTOR;
    map.set(pos, pos + (sectors[i % sectors.length] as number) * SECTOR, '-');
  }
  for (const border of [96 * MIB, 100 * MIB]) {
    map.set(border - 20 * SECTOR, border + 7 * SECTOR, '-');
  }
  map.set(diskSize - 300 * 1024, diskSize, '-');
  return map;
}

/** A sparse file with data around all that is bad, and here and there besides. */
export function writeDisk(path: string, bad: RescueMap): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const fd = openSync(path, 'wx');
  const write = (pos: number, end: number): void => {
    const bytes = cipher.update(Buffer.alloc(Math.min(end, bad.end) - pos));
    writeSync(fd, bytes, 0, bytes.length, pos);
  };
  for (let pos = 0; pos < bad.end; pos += 32 * MIB) write(pos, pos + 3 * MIB + 512);
  for (const { pos, size } of bad.ranges('-')) write(Math.max(0, pos - 65536), pos + size + 65536);
  closeSync(fd);
  truncateSync(path, bad.end);
}

/** Makes the image what a perfect rescue gives: zeros where it is bad. */
export function eraseAreas(path: string, bad: RescueMap): void {
  const fd = openSync(path, 'r+');
  for (const { pos, size } of bad.ranges('-')) writeSync(fd, new Uint8Array(size), 0, size, pos);
  closeSync(fd);
}
