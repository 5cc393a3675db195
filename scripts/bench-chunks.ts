/** Row: putting chunks into one image, which GNU's does with a run for each. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkSameBlocks, checkSameBytes } from './bench-compare.ts';
import { contest } from './bench-contest.ts';
import { MIB, writeNoise } from './bench-input.ts';
import { copyMs } from './bench-limits.ts';
import { rescueProgram, run } from './bench-program.ts';
import { missingMemory } from './bench-room.ts';
import type { Figures, Row, World } from './bench-row.ts';
import { oracleProgram } from './oracle.ts';

const CHUNK_MIB = 16;

export function chunkRows(isQuick: boolean): readonly Row[] {
  const count = isQuick ? 16 : 64;
  return [
    {
      name: `merge ${count} chunks of ${CHUNK_MIB} MiB with their digests, beside as many runs of ddrescue -m`,
      goal: 0.65,
      missing: (world) => missingMemory(world, 4.5 * count * CHUNK_MIB * MIB),
      measure: (world) => merging(world, count),
    },
  ];
}

const LOOP = `
for chunk in "$1"/chunk*.raw; do
  "$0" -q -m "\${chunk%.raw}.map" "$chunk" final.raw final.map || exit
done`;

async function merging(world: World, count: number): Promise<Figures> {
  const [source, chunks] = [join(world.memory, 'source'), join(world.memory, 'chunks')];
  writeNoise(source, count * CHUNK_MIB * MIB);
  mkdirSync(chunks);
  const cut = ['--all', '--chunk-size', `${CHUNK_MIB}MiB`, '--out', chunks, '--no-check'];
  await run(rescueProgram('read', source, ...cut), { cwd: world.memory, signal: world.signal });
  const names = readdirSync(chunks);
  const raws = names.filter((name) => name.endsWith('.raw')).map((name) => join(chunks, name));
  const withoutReceipts = (): void => {
    for (const name of readdirSync(chunks)) {
      if (!names.includes(name)) rmSync(join(chunks, name), { recursive: true });
    }
  };
  return await contest(world, {
    ours: { program: rescueProgram('merge', ...raws, 'final.raw'), prepare: withoutReceipts },
    theirs: { program: { words: ['sh', '-c', LOOP, oracleProgram('ddrescue'), chunks] } },
    rounds: world.isQuick ? 2 : 4,
    limit: () => copyMs(world, source),
    check: (dir) => checkSameBytes(source, join(dir, 'final.raw')),
    compare: (ours, theirs) => checkSameBlocks(join(ours, 'final.map'), join(theirs, 'final.map')),
  });
}
