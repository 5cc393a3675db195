/**
 * What the machine has to give to work that overlaps: without a second processor, or with a disk that reads no
 * faster while it does not write, nothing can be had by doing two things at once.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MIB, writeNoise } from './bench-input.ts';
import { directReadMs, directWriteMs } from './bench-limits.ts';
import { timeOf } from './bench-program.ts';
import { median, type World } from './bench-row.ts';

const ROUNDS = 3;
const DISK_SIZE = 1024 * MIB;
const COMPUTE = 'let sum = 0; for (let i = 0; i < 3e8; i++) sum += i % 7;';

export interface Machine {
  /** Time of two processes that compute at once, divided by that of one alone: 1 with two whole processors. */
  readonly twoComputing: number;
  /** Time of reading and writing the disk at once, divided by that of the slower of both alone; 1 is the best. */
  readonly readingAndWriting: number | undefined;
}

export async function machine(world: World): Promise<Machine> {
  return { twoComputing: await computing(world), readingAndWriting: await disk(world) };
}

async function computing({ memory: cwd, signal }: World): Promise<number> {
  const one = async (): Promise<number> => {
    const words = [process.execPath, '-e', COMPUTE] as const;
    return (await timeOf({ words }, { cwd, signal })) as number;
  };
  const ratios: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const alone = await one();
    ratios.push(Math.max(...(await Promise.all([one(), one()]))) / alone);
  }
  return median(ratios) as number;
}

async function disk(world: World): Promise<number | undefined> {
  const [source, noise] = [join(world.disk, 'source'), join(world.memory, 'source')];
  try {
    writeNoise(noise, DISK_SIZE);
    writeNoise(source, DISK_SIZE);
    const ratios: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const [readMs, writeMs] = [
        await directReadMs(world, source),
        await directWriteMs(world, noise),
      ];
      const both = Promise.all([directReadMs(world, source), directWriteMs(world, noise)]);
      ratios.push(Math.max(...(await both)) / Math.max(readMs, writeMs));
    }
    return median(ratios) as number;
  } catch (error) {
    if (world.signal.aborted) throw error;
    // No room, or a file system without direct reads: the rows of the disk say so too.
    return undefined;
  } finally {
    for (const file of [source, noise]) rmSync(file, { force: true });
  }
}
