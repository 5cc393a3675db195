/** The least that the machine needs, measured with the plainest tools. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { timeOf } from './bench-program.ts';
import type { World } from './bench-row.ts';

/** Milliseconds of `cp` of the file, from memory to memory. */
export async function copyMs({ memory, signal }: World, source: string): Promise<number> {
  const copy = join(memory, 'copy');
  const ms = await timeOf({ words: ['cp', source, copy] }, { cwd: memory, signal });
  rmSync(copy);
  return ms as number;
}

/** Milliseconds of reading the file past the cache. */
export async function directReadMs({ memory, signal }: World, source: string): Promise<number> {
  const words = ['dd', `if=${source}`, 'of=/dev/null', 'bs=1M', 'iflag=direct'] as const;
  return (await timeOf({ words }, { cwd: memory, signal })) as number;
}

/** Milliseconds of writing as many bytes to disk past the cache. */
export async function directWriteMs({ disk, signal }: World, source: string): Promise<number> {
  const copy = join(disk, 'copy');
  const words = ['dd', `if=${source}`, `of=${copy}`, 'bs=1M', 'oflag=direct'] as const;
  const ms = await timeOf({ words }, { cwd: disk, signal });
  rmSync(copy);
  return ms as number;
}
