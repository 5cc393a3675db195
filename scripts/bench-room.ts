/** Whether a directory is what a row needs: has room, is on a disk, reads past the cache. */
import { closeSync, constants, openSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import type { World } from './bench-row.ts';

const GIB = 1024 ** 3;
/** What `statfs` says of file systems that are memory: tmpfs and ramfs. */
const MEMORY_TYPES: readonly number[] = [0x01021994, 0x858458f6];

/** Why so many bytes do not fit into memory; undefined when they do. */
export function missingMemory({ memory }: World, size: number): string | undefined {
  const isMemory = MEMORY_TYPES.includes(statfsSync(memory).type);
  const free = Math.min(freeIn(memory), isMemory ? freemem() : Infinity);
  return free < size ? `needs ${(size / GIB).toFixed(1)} GiB of free memory` : undefined;
}

/** Why this is no disk with so much room on which direct access works; undefined when it is. */
export function missingDisk({ disk }: World, size: number): string | undefined {
  const { type } = statfsSync(disk);
  if (MEMORY_TYPES.includes(type)) return 'needs a disk; name a folder of one with --disk';
  if (freeIn(disk) < size) return `needs ${(size / GIB).toFixed(1)} GiB on a disk (--disk)`;
  if (constants.O_DIRECT === undefined) return 'needs O_DIRECT';
  const path = join(disk, 'direct');
  try {
    closeSync(openSync(path, constants.O_CREAT | constants.O_RDWR | constants.O_DIRECT));
    return undefined;
  } catch {
    return 'needs a disk whose file system takes O_DIRECT (--disk)';
  } finally {
    rmSync(path, { force: true });
  }
}

function freeIn(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
