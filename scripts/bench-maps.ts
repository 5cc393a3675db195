/** Rows: rescues whose time is not that of copying: many sectors one by one, many blocks in the map. */
import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSameBlocks, checkSameBytes } from './bench-compare.ts';
import { contest, sameWords } from './bench-contest.ts';
import { MIB, stripes, writeMap, writeNoise } from './bench-input.ts';
import { missingMemory } from './bench-room.ts';
import type { Figures, Row, World } from './bench-row.ts';

const SECTOR = 512;
const BLOCK = 4096;

export function mapRows(isQuick: boolean): readonly Row[] {
  const sectors = isQuick ? 40_000 : 400_000;
  return [
    {
      name: `scrape ${thousands(sectors)} sectors of 512 bytes that can be read`,
      goal: 1.3,
      missing: (world) => missingMemory(world, 4 * sectors * SECTOR),
      measure: (world) => scraping(world, sectors * SECTOR),
    },
    manyBlocks({ count: isQuick ? 20_000 : 200_000, goal: 0.4, rounds: 2, timeoutMs: 60_000 }),
    manyBlocks({
      count: isQuick ? 50_000 : 1_000_000,
      goal: 0.05,
      rounds: 1,
      timeoutMs: isQuick ? 5000 : 215_000,
    }),
  ];
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}

async function scraping(world: World, size: number): Promise<Figures> {
  const [source, before] = [join(world.memory, 'source'), join(world.memory, 'before.map')];
  writeNoise(source, size);
  writeMap(before, '/', [[size, '/']]);
  return await contest(world, {
    ...sameWords('ddrescue', [source, 'image', 'map'], {
      prepare: (dir) => copyFileSync(before, join(dir, 'map')),
    }),
    rounds: 3,
    check: (dir) => checkSameBytes(source, join(dir, 'image')),
    compare: (ours, theirs) => checkSameBlocks(join(ours, 'map'), join(theirs, 'map')),
  });
}

interface ManyBlocks {
  readonly count: number;
  readonly goal: number;
  readonly rounds: number;
  /** When GNU's is killed, which takes minutes for what it does in a second for a tenth of the blocks. */
  readonly timeoutMs: number;
}

/** Every other block waits for scraping, and of each of those the first half is bad. */
function manyBlocks({ count, goal, rounds, timeoutMs }: ManyBlocks): Row {
  const size = count * BLOCK;
  return {
    name: `rescue with a map of ${thousands(count)} blocks, every other one to be scraped and half bad`,
    goal,
    missing: (world) => missingMemory(world, 1.5 * size),
    measure: async (world) => {
      const at = (name: string): string => join(world.memory, name);
      const [source, before, truth] = [at('source'), at('before.map'), at('truth.map')];
      // Sparse, or memory would not do; the noise is in blocks of both kinds.
      writeNoise(source, size, everySixteenthMib(size));
      writeMap(before, '/', stripes(count, BLOCK, ['+', '/']));
      writeMap(truth, '+', halfBad(count));
      const { ours, theirs } = sameWords('ddrescue', ['-H', truth, source, 'image', 'map'], {
        prepare: (dir) => {
          copyFileSync(before, join(dir, 'map'));
          writeFileSync(join(dir, 'image'), '');
          truncateSync(join(dir, 'image'), size);
        },
      });
      return await contest(world, {
        ours,
        theirs: { ...theirs, program: { ...theirs.program, timeoutMs } },
        rounds,
        check: (dir) => checkSameBlocks(truth, join(dir, 'map')),
        compare: (one, other) => checkSameBytes(join(one, 'image'), join(other, 'image')),
      });
    },
  };
}

function* everySixteenthMib(size: number): Generator<{ pos: number; size: number }> {
  for (let pos = 0; pos + MIB <= size; pos += 16 * MIB) yield { pos, size: MIB };
}

function* halfBad(count: number): Generator<readonly [size: number, status: string]> {
  yield [BLOCK, '+'];
  for (let i = 1; i < count; i += 2) {
    yield [BLOCK / 2, '-'];
    yield [i + 1 < count ? BLOCK / 2 + BLOCK : BLOCK / 2, '+'];
  }
}
