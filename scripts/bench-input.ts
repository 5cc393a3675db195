/** What the benchmarks read: bytes that no file system can leave out, and maps of many blocks. */
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';

export const MIB: number = 1024 * 1024;
const SECTOR = 512;

/**
 * Writes a file of `size` bytes, noise throughout; or sparse, with noise in `ranges` only. No two sectors of it
 * are alike: in the first bytes of each is its position, so that bytes at a wrong place are found.
 */
export function writeNoise(
  path: string,
  size: number,
  ranges: Iterable<{ readonly pos: number; readonly size: number }> = [{ pos: 0, size }],
): void {
  const block = randomFillSync(Buffer.alloc(8 * MIB));
  const fd = openSync(path, 'w');
  for (const range of ranges) {
    const end = range.pos + range.size;
    for (let pos = range.pos; pos < end; pos += block.length) {
      const length = Math.min(block.length, end - pos);
      for (let at = 0; at < length; at += SECTOR) block.writeDoubleLE(pos + at + 1, at);
      writeSync(fd, block, 0, length, pos);
    }
  }
  ftruncateSync(fd, size);
  // Or it would be written while the time is taken.
  fsyncSync(fd);
  closeSync(fd);
}

/** Writes a mapfile with the blocks, each given by its size and status, one after the other. */
export function writeMap(
  path: string,
  state: string,
  blocks: Iterable<readonly [size: number, status: string]>,
): void {
  const fd = openSync(path, 'w');
  let text = `# Mapfile of a benchmark\n0x0 ${state} 1\n`;
  let pos = 0;
  for (const [size, status] of blocks) {
    text += `0x${pos.toString(16)} 0x${size.toString(16)} ${status}\n`;
    pos += size;
    if (text.length > MIB) {
      writeSync(fd, text);
      text = '';
    }
  }
  writeSync(fd, text);
  closeSync(fd);
}

/** Blocks of one size with statuses in turn. */
export function* stripes(
  count: number,
  size: number,
  statuses: readonly string[],
): Generator<readonly [size: number, status: string]> {
  for (let i = 0; i < count; i++) yield [size, statuses[i % statuses.length] as string];
}
