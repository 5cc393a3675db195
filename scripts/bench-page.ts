/** The page of the benchmarks, in Markdown. */
import { availableParallelism, cpus } from 'node:os';
import { VERSION } from '@chunkrescue/engine';
import type { Machine } from './bench-machine.ts';
import { type Figures, median, type Result } from './bench-row.ts';

export interface PageFacts {
  readonly isQuick: boolean;
  readonly missingOracle: string | undefined;
  readonly results: readonly Result[];
  readonly given: Machine;
}

export function benchPage({ isQuick, missingOracle, results, given }: PageFacts): string {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${availableParallelism()} processors (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  const gnu = missingOracle === undefined ? 'GNU ddrescue 1.30' : `no ddrescue (${missingOracle})`;
  const command = isQuick ? 'npm run bench -- --quick' : 'npm run bench';
  const lines = [
    '# Benchmarks',
    '',
    `Made by \`${command}\` on ${date}: rescue ${VERSION}, Node ${process.version}, ${gnu}, ${machine}.`,
    'Generated; do not edit.',
    '',
    ...(isQuick
      ? ['**Quick: small inputs and few rounds. The goals are for the full run.**', '']
      : []),
    'Times are of whole processes, ours and the other in turn, and their results were the same. The other is GNU',
    'ddrescue (which a shell script of two lines starts, 1 ms) where no other is named. A ratio is ours / the other',
    'of one round: below 1, ours is faster. The limit is what the plainest tools need for the least that has to be',
    'done: `cp`, `dd`, the time of the errors. Times are medians; a ratio is of one round, so that the median ratio is',
    'not the ratio of the medians. What else the machine did is in the figures.',
    '',
    ...machineLines(given),
    '',
    '| what | goal | min | median | max | reached | ours, ms | other, ms | limit, ms |',
    '|---|---|---|---|---|---|---|---|---|',
    ...results.map((result) => line(result, isQuick)),
    '',
  ];
  return lines.join('\n');
}

/** What can be had here by doing two things at once: the rows of copies and merges cannot be better than that. */
function machineLines({ twoComputing, readingAndWriting }: Machine): readonly string[] {
  const disk =
    readingAndWriting === undefined
      ? ''
      : ` Reading and writing the disk at once took ${readingAndWriting.toFixed(2)} times as long as the` +
        '\nslower of both alone.';
  return [
    'What the machine gave to work that overlaps, just before: two processes that compute took ' +
      `${twoComputing.toFixed(2)} times as long`,
    `at once as one alone (1: two whole processors; 2: one).${disk}`,
  ];
}

function line({ row, figures }: Result, isQuick: boolean): string {
  if (typeof figures === 'string') {
    return `| ${row.name} | ≤ ${row.goal} | | | | skipped: ${figures} | | | |`;
  }
  const { values, unit = '', oursMs, theirsMs, limitMs = [] } = figures;
  const goal = `≤ ${row.goal}${unit && ` ${unit}`}`;
  const other = figures.killedAfterMs === undefined ? shownMs(theirsMs) : killed(figures);
  const cells = [row.name, goal, ...spread(figures), isQuick ? '' : reached(values, row.goal)];
  return `| ${[...cells, shownMs(oursMs), other, shownMs(limitMs.length === 0 ? [] : [Math.min(...limitMs)])].join(' | ')} |`;
}

function spread({ values, unit, killedAfterMs }: Figures): readonly string[] {
  const middle = median(values);
  if (middle === undefined) return ['', 'no oracle', ''];
  const bound = killedAfterMs === undefined ? '' : '< ';
  const shown = (value: number): string =>
    unit === undefined ? `${bound}${value.toFixed(value < 0.1 ? 3 : 2)}` : value.toFixed(0);
  return [Math.min(...values), middle, Math.max(...values)].map(shown);
}

function reached(values: readonly number[], goal: number): string {
  const middle = median(values);
  if (middle === undefined) return '';
  return middle <= goal ? 'yes' : '**no**';
}

function killed({ killedAfterMs = 0 }: Figures): string {
  return `killed after ${killedAfterMs}`;
}

function shownMs(times: readonly number[]): string {
  return median(times)?.toFixed(0) ?? '';
}
