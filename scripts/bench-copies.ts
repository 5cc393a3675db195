/** Rows: copying what can be read, from memory to memory and from disk to disk. */
import { join } from 'node:path';
import { checkSameBlocks, checkSameBytes } from './bench-compare.ts';
import { contest, sameWords } from './bench-contest.ts';
import { MIB, writeNoise } from './bench-input.ts';
import { copyMs, directReadMs, directWriteMs } from './bench-limits.ts';
import { missingDisk, missingMemory } from './bench-room.ts';
import type { Figures, Row, World } from './bench-row.ts';

export function copyRows(isQuick: boolean): readonly Row[] {
  return [
    memoryRow(isQuick, 'clusters of 16 MiB', ['-c', '32768']),
    memoryRow(isQuick, 'the default clusters', []),
    diskRow((isQuick ? 256 : 4096) * MIB, '1 MiB', '-c256'),
    diskRow((isQuick ? 256 : 2048) * MIB, '4 MiB', '-c1024'),
  ];
}

function memoryRow(isQuick: boolean, clusters: string, words: readonly string[]): Row {
  const size = (isQuick ? 256 : 2048) * MIB;
  return {
    name: `copy ${size / MIB} MiB from memory to memory, ${clusters}`,
    goal: 0.85,
    missing: (world) => missingMemory(world, 3.5 * size),
    measure: (world) => {
      const source = join(world.memory, 'source');
      return copies(world, {
        source,
        size,
        base: world.memory,
        words,
        rounds: isQuick ? 2 : 5,
        limit: () => copyMs(world, source),
      });
    },
  };
}

function diskRow(size: number, clusters: string, option: string): Row {
  return {
    name: `copy ${size / MIB} MiB from disk to disk, both direct, clusters of ${clusters}`,
    goal: 0.75,
    missing: (world) => missingDisk(world, 4 * size),
    measure: (world) => {
      const source = join(world.disk, 'source');
      return copies(world, {
        source,
        size,
        base: world.disk,
        words: ['-d', '-D', '-b4096', option],
        rounds: 2,
        limit: async () =>
          Math.max(await directReadMs(world, source), await directWriteMs(world, source)),
      });
    },
  };
}

interface Copies {
  readonly source: string;
  readonly size: number;
  readonly base: string;
  readonly words: readonly string[];
  readonly rounds: number;
  readonly limit: () => Promise<number>;
}

async function copies(world: World, plan: Copies): Promise<Figures> {
  const { source, size, words, ...rest } = plan;
  writeNoise(source, size);
  return await contest(world, {
    ...sameWords('ddrescue', [...words, source, 'image', 'map']),
    ...rest,
    check: (dir) => checkSameBytes(source, join(dir, 'image')),
    compare: (ours, theirs) => checkSameBlocks(join(ours, 'map'), join(theirs, 'map')),
  });
}
