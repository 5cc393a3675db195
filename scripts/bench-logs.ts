/** Rows: ddrescuelog on large maps. */
import { join } from 'node:path';
import { checkSameBlocks, checkSameBytes } from './bench-compare.ts';
import { contest, sameWords } from './bench-contest.ts';
import { stripes, writeMap } from './bench-input.ts';
import type { Row, World } from './bench-row.ts';

const BLOCK = 4096;

export function logRows(isQuick: boolean): readonly Row[] {
  const count = isQuick ? 100_000 : 1_000_000;
  const shown = count.toLocaleString('en');
  const rounds = isQuick ? 3 : 5;
  const inputs = (world: World): readonly [string, string] => {
    const maps = [join(world.memory, 'one.map'), join(world.memory, 'other.map')] as const;
    writeMap(maps[0], '/', stripes(count, BLOCK, ['+', '/']));
    writeMap(maps[1], '?', stripes(count, BLOCK, ['?', '/', '?', '+']));
    return maps;
  };
  return [
    {
      name: `ddrescuelog -z of two maps of ${shown} blocks`,
      goal: 0.8,
      measure: async (world) => {
        const [one, other] = inputs(world);
        const program = { output: 'union.map' };
        return await contest(world, {
          ...sameWords('ddrescuelog', ['-z', other, one], { program }),
          rounds,
          compare: (a, b) => checkSameBlocks(join(a, 'union.map'), join(b, 'union.map')),
        });
      },
    },
    {
      name: `ddrescuelog -t of a map of ${shown} blocks`,
      goal: 1.6,
      measure: async (world) => {
        const [one] = inputs(world);
        return await contest(world, {
          ...sameWords('ddrescuelog', ['-t', one], { program: { output: 'summary' } }),
          rounds,
          compare: (a, b) => checkSameBytes(join(a, 'summary'), join(b, 'summary')),
        });
      },
    },
  ];
}
