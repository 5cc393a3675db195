/** Rows: what a run of our command costs besides its work: its start, and its memory. */
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkSameBytes } from './bench-compare.ts';
import { contest } from './bench-contest.ts';
import { MIB, stripes, writeMap, writeNoise } from './bench-input.ts';
import { rescueProgram, timeOf } from './bench-program.ts';
import { missingMemory } from './bench-room.ts';
import type { Figures, Row, World } from './bench-row.ts';

export function processRows(isQuick: boolean): readonly Row[] {
  const count = isQuick ? 100_000 : 1_000_000;
  return [
    {
      name: 'rescue --version, beside node -e 0',
      goal: 1.5,
      measure: (world) =>
        contest(world, {
          ours: { program: rescueProgram('--version') },
          theirs: { program: { words: [process.execPath, '-e', '0'] } },
          isTheirsGnu: false,
          rounds: isQuick ? 10 : 20,
        }),
    },
    {
      name: `peak memory of a rescue with a map of ${count.toLocaleString('en')} blocks and clusters of 16 MiB`,
      goal: 220,
      missing: (world) => missingMemory(world, 1024 * MIB),
      measure: (world) => peakMemory(world, count),
    },
  ];
}

const BLOCK = 4096;
const NEW_SIZE = 64 * MIB;

/** Writes the most memory that the process had to the file in PEAK_FILE, in KiB. */
const AT_EXIT = `
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
if (isMainThread) {
  process.on('exit', () => {
    writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS));
  });
}
`;

/** An old map of many blocks, and behind them an area that was not tried, so that there is something to copy. */
async function peakMemory(world: World, count: number): Promise<Figures> {
  const at = (name: string): string => join(world.memory, name);
  const size = count * BLOCK + NEW_SIZE;
  const fresh = { pos: size - NEW_SIZE, size: NEW_SIZE };
  writeNoise(at('source'), size, [fresh]);
  writeMap(at('before.map'), '?', [...stripes(count, BLOCK, ['+', '-']), [NEW_SIZE, '?']]);
  writeFileSync(at('at-exit.mjs'), AT_EXIT);
  const program = {
    ...rescueProgram('ddrescue', '-c32768', at('source'), 'image', 'map'),
    env: { NODE_OPTIONS: `--import=${pathToFileURL(at('at-exit.mjs'))}`, PEAK_FILE: at('peak') },
  };
  const values: number[] = [];
  const oursMs: number[] = [];
  for (let round = 0; round < 3; round++) {
    copyFileSync(at('before.map'), at('map'));
    writeFileSync(at('image'), '');
    truncateSync(at('image'), size);
    const ms = await timeOf(program, { cwd: world.memory, signal: world.signal });
    if (round === 0) checkSameBytes(at('source'), at('image'));
    oursMs.push(ms as number);
    values.push((Number(readFileSync(at('peak'), 'utf8')) * 1024) / 1e6);
  }
  return { values, unit: 'MB', oursMs, theirsMs: [] };
}
