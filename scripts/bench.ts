/**
 * Measures us beside GNU ddrescue and beside what the machine can do, and writes docs/benchmarks.md:
 *
 *     npm run bench [-- [--quick] [--dry] [--only TEXT] [--disk DIR]]
 *
 * `--quick` takes small inputs, and only prints; so do `--dry`, and `--only`, which runs the rows whose name
 * contains TEXT. `--disk` names a folder on a disk for the rows that want one; default is the system's folder
 * for temporary files. A row that cannot be measured here is skipped by name; a wrong result ends it all.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chunkRows } from './bench-chunks.ts';
import { copyRows } from './bench-copies.ts';
import { deviceRows } from './bench-devices.ts';
import { digestRows } from './bench-digests.ts';
import { logRows } from './bench-logs.ts';
import { type Machine, machine } from './bench-machine.ts';
import { mapRows } from './bench-maps.ts';
import { benchPage } from './bench-page.ts';
import { processRows } from './bench-process.ts';
import { type Figures, median, type Result, type Row, type World } from './bench-row.ts';
import { missingOracle } from './oracle.ts';

const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      dry: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      disk: { type: 'string', default: tmpdir() },
    },
  });
  const { quick: isQuick, only, disk } = values;
  const rows = allRows(isQuick).filter(({ name }) => name.includes(only));
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const dirs = [mkdtempSync(join(memory, 'bench-')), mkdtempSync(join(disk, 'bench-'))] as const;
  const removeDirs = (): void => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  };
  // Also where the event loop never comes to an end.
  process.once('exit', removeDirs);
  const world = { isQuick, missingOracle: missingOracle(), signal: interruption() };
  const results: Result[] = [];
  let given: Machine | undefined;
  try {
    given = await machine({ ...world, memory: dirs[0], disk: dirs[1] });
    for (const row of rows) {
      const [inMemory, onDisk] = [join(dirs[0], 'row'), join(dirs[1], 'row')];
      mkdirSync(inMemory);
      mkdirSync(onDisk);
      results.push(await measured(row, { ...world, memory: inMemory, disk: onDisk }));
      rmSync(inMemory, { recursive: true });
      rmSync(onDisk, { recursive: true });
    }
  } catch (error) {
    if (!world.signal.aborted) throw error;
    process.stderr.write('\nended by a signal\n');
    return;
  } finally {
    removeDirs();
  }
  const text = benchPage({ isQuick, missingOracle: world.missingOracle, results, given });
  process.stdout.write(text);
  if (!isQuick && !values.dry && only === '') writeFileSync(PAGE, text);
}

function allRows(isQuick: boolean): readonly Row[] {
  return [deviceRows, copyRows, mapRows, logRows, chunkRows, processRows, digestRows].flatMap(
    (rows) => rows(isQuick),
  );
}

/** Says on standard error how far it is. */
async function measured(row: Row, world: World): Promise<Result> {
  const missing = row.missing?.(world);
  process.stderr.write(`${row.name}: `);
  const startMs = performance.now();
  const figures = missing ?? (await row.measure(world));
  const shown = typeof figures === 'string' ? `skipped, ${figures}` : middleOf(figures);
  const seconds = (performance.now() - startMs) / 1000;
  process.stderr.write(`${shown} (measured in ${seconds.toFixed(1)} s)\n`);
  return { row, figures };
}

function middleOf({ values, unit }: Figures): string {
  const middle = median(values);
  if (middle === undefined) return 'no ratio';
  return unit === undefined ? `ratio ${middle.toFixed(3)}` : `${middle.toFixed(0)} ${unit}`;
}

/** Aborts on Ctrl-C, so that whatever a row began is taken away on the way out. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => {
      process.exitCode = 130;
      controller.abort();
    });
  }
  return controller.signal;
}

await main();
