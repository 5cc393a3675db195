/**
 * Differential fuzzer of `rescue ddrescuelog`: random mapfiles and command lines, ours in process, GNU's as a
 * program, in the same directory with the same files and input. Deterministic in the seed.
 *
 *     npx tsx scripts/fuzz-ddrescuelog.ts --cases 5000 --seed 1
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Draw, FAMILIES, type Family } from './fuzz-ddrescuelog-cases.ts';
import { answers, differs, type LogCase, shellOf } from './fuzz-ddrescuelog-run.ts';

export interface FuzzLogOptions {
  readonly cases: number;
  readonly seed: number;
  /** Only these families of operations; all by default. */
  readonly families?: readonly Family[];
  /** Stop after so many differences. Default 10. */
  readonly failuresMax?: number;
  /** Gets each shrunk difference as text that can be pasted into a shell. */
  readonly onFailure?: (report: string) => void;
}

export interface FuzzLogResult {
  /** Cases run in each family. */
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: number;
}

/** Runs the cases; needs the oracle. */
export function fuzzDdrescuelog(options: FuzzLogOptions): FuzzLogResult {
  const { cases, seed, families = FAMILIES, failuresMax = 10, onFailure } = options;
  const counts: Record<string, number> = {};
  let failures = 0;
  for (let i = 0; i < cases && failures < failuresMax; i++) {
    const draw = new Draw(seed * 1_000_003 + i);
    const family = families[i % families.length] as Family;
    const drawn = draw.case(family);
    counts[family] = (counts[family] ?? 0) + 1;
    if (!differs(drawn)) continue;
    failures++;
    onFailure?.(describe(shrink(drawn), { seed, index: i }));
  }
  return { counts, failures };
}

/** A smaller case that still differs: fewer words, fewer lines. */
function shrink(failing: LogCase): LogCase {
  let best = failing;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const smaller of smallerThan(best)) {
      if (!differs(smaller)) continue;
      best = smaller;
      isSmaller = true;
      break;
    }
  }
  return best;
}

function* smallerThan(big: LogCase): Generator<LogCase> {
  for (let i = 0; i < big.words.length; i++) {
    yield { ...big, words: big.words.filter((_, at) => at !== i) };
  }
  for (const [name, content] of Object.entries(big.files)) {
    const lines = content.split('\n');
    for (let i = 0; i < lines.length; i++) {
      const fewer = lines.filter((_, at) => at !== i).join('\n');
      if (fewer !== content) yield { ...big, files: { ...big.files, [name]: fewer } };
    }
  }
  const half = Math.floor(big.input.length / 2);
  if (half > 0) {
    yield { ...big, input: big.input.subarray(0, half) };
    yield { ...big, input: big.input.subarray(half) };
    yield { ...big, input: big.input.subarray(0, -1) };
  }
}

function describe(failing: LogCase, { seed, index }: { seed: number; index: number }): string {
  const { ours, theirs } = answers(failing);
  return [
    `--- seed ${seed}, case ${index}`,
    shellOf(failing),
    `theirs: ${JSON.stringify(theirs, undefined, 1)}`,
    `ours:   ${JSON.stringify(ours, undefined, 1)}`,
    '',
  ].join('\n');
}

function main(): void {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
      family: { type: 'string', multiple: true },
    },
  });
  const { counts, failures } = fuzzDdrescuelog({
    cases: Number(values.cases),
    seed: Number(values.seed),
    ...(values.family === undefined ? {} : { families: values.family as Family[] }),
    onFailure: (report) => process.stdout.write(`${report}\n`),
  });
  for (const [family, count] of Object.entries(counts)) {
    process.stdout.write(`${family.padEnd(12)} ${count}\n`);
  }
  process.stdout.write(`seed ${values.seed}: ${failures} differences\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main();
}
