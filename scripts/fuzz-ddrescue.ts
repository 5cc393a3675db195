/**
 * Asks GNU ddrescue and ours to do the same, many times, and tells where they differ:
 *
 *     npx tsx scripts/fuzz-ddrescue.ts --cases 20000 --seed 1 --jobs 2
 *
 * The same seed gives the same cases. A difference counts when it shows three times; it is then cut down to a
 * command line for `sh`. `--self` runs GNU on both sides, and must find nothing. `--only 17` runs one case,
 * `--family huge` one family.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type FuzzCase, shellLine } from './fuzz-case.ts';
import { compareCase, isExpected } from './fuzz-expected.ts';
import { FAMILY_NAMES, fuzzCase } from './fuzz-families.ts';
import { type Compared, compareOnce, type Difference, gnuSide, type Side } from './fuzz-run.ts';
import { shrink } from './fuzz-shrink.ts';
import { missingOracle } from './oracle.ts';

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  /** What is compared with GNU. */
  readonly ours: Side;
  /** Whether the differences that are meant are differences; for GNU on both sides. Default false. */
  readonly isGnu?: boolean;
  /** Default all. */
  readonly families?: readonly string[];
  /** Runs the cases `first`, `first + step`, … Default 0 and 1. */
  readonly first?: number;
  readonly step?: number;
  /** Stops when so many cases differ. Default without limit. */
  readonly failuresMax?: number;
  /** Runs spent to cut a case down. Default 150. */
  readonly shrinkTries?: number;
  readonly onFailure?: (failure: Failure) => void;
}

export interface Failure {
  readonly index: number;
  readonly family: string;
  readonly differences: readonly Difference[];
  /** A line for `sh` in an empty directory. */
  readonly line: string;
}

export interface FuzzResult {
  readonly seed: number;
  /** Cases a family. */
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** Cases that GNU did not end. */
  readonly hangs: number;
  /** Cases that differed, but not three times. */
  readonly unsteady: number;
  readonly reads: number;
}

export function fuzzDdrescue(options: FuzzOptions): FuzzResult {
  const { cases, seed, ours, isGnu = false, families, first = 0, step = 1 } = options;
  const counts: Record<string, number> = {};
  const failures: Failure[] = [];
  const sums = { hangs: 0, unsteady: 0, reads: 0 };
  const compare = (each: FuzzCase): Compared =>
    isGnu ? compareOnce(each, ours) : compareCase(each, ours);
  for (let index = first; index < cases; index += step) {
    const each = fuzzCase(seed, index, families);
    counts[each.family] = (counts[each.family] ?? 0) + 1;
    const compared = compare(each);
    sums.reads += compared.reads;
    if (compared.hangs) sums.hangs++;
    if (compared.differences.length === 0) continue;
    if (!isSteady(each, compare)) {
      sums.unsteady++;
      continue;
    }
    const failure = cutDown(each, index, { compare, tries: options.shrinkTries ?? 150 });
    options.onFailure?.(failure);
    failures.push(failure);
    if (failures.length >= (options.failuresMax ?? Number.POSITIVE_INFINITY)) break;
  }
  return { seed, counts, failures, ...sums };
}

/** Enough for hundreds of runs, unless the machine is busy. */
const SHRINK_MS = 30_000;

type Compare = (each: FuzzCase) => Compared;

/** A second that ticks at a bad moment differs once. */
function isSteady(each: FuzzCase, compare: Compare): boolean {
  return [1, 2].every(() => compare(each).differences.length > 0);
}

function cutDown(
  each: FuzzCase,
  index: number,
  { compare, tries }: { compare: Compare; tries: number },
): Failure {
  const what = compare(each).differences[0]?.what;
  const shows = (candidate: FuzzCase): boolean =>
    isExpected(candidate) === isExpected(each) &&
    compare(candidate).differences.some((difference) => difference.what === what);
  const smallest = shrink(each, shows, { triesMax: tries, timeMs: SHRINK_MS });
  const { differences } = compare(smallest);
  return { index, family: each.family, differences, line: shellLine(smallest) };
}

/** A failure as text: the line for `sh`, then each difference. */
export function failureText({ index, family, differences, line }: Failure): string {
  const shown = differences.map(
    ({ what, gnu, ours }) => `    ${what}\n      gnu:  ${gnu}\n      ours: ${ours}`,
  );
  return [`case ${index} (${family})`, `  ${line}`, ...shown].join('\n');
}

const SELF = fileURLToPath(import.meta.url);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '1' },
      only: { type: 'string' },
      family: { type: 'string' },
      failures: { type: 'string', default: '50' },
      tries: { type: 'string', default: '150' },
      self: { type: 'boolean', default: false },
      /** Set by a run with several jobs for its parts: which of how many. */
      part: { type: 'string' },
    },
  });
  const missing = missingOracle();
  if (missing !== undefined) throw new Error(missing);
  const jobs = Number(values.jobs);
  if (values.only === undefined && values.part === undefined && jobs > 1) {
    return inParts(jobs, [...process.argv.slice(2), '--seed', values.seed]);
  }
  const [first = 0, step = 1] = (values.part ?? '0/1').split('/').map(Number);
  const only = values.only === undefined ? undefined : Number(values.only);
  const result = fuzzDdrescue({
    cases: only === undefined ? Number(values.cases) : only + 1,
    seed: Number(values.seed),
    ours: values.self ? gnuSide : (await import('./fuzz-ours.ts')).ourSide,
    isGnu: values.self,
    first: only ?? first,
    step,
    failuresMax: Number(values.failures),
    shrinkTries: Number(values.tries),
    onFailure: (failure) => console.log(failureText(failure)),
    ...(values.family === undefined ? {} : { families: [values.family] }),
  });
  if (values.part !== undefined) console.log(`${RESULT}${JSON.stringify(result)}`);
  else report(result);
}

const RESULT = 'result ';

/** Runs itself `jobs` times, each time with every `jobs`th case. */
async function inParts(jobs: number, words: readonly string[]): Promise<void> {
  const parts = Array.from({ length: jobs }, (_, i) => runPart(`${i}/${jobs}`, words));
  const results = await Promise.all(parts);
  const counts: Record<string, number> = {};
  for (const result of results) {
    for (const [family, count] of Object.entries(result.counts)) {
      counts[family] = (counts[family] ?? 0) + count;
    }
  }
  const sum = (of: 'hangs' | 'unsteady' | 'reads'): number =>
    results.reduce((total, result) => total + result[of], 0);
  report({
    seed: results[0]?.seed ?? 0,
    counts,
    failures: results.flatMap(({ failures }) => failures),
    hangs: sum('hangs'),
    unsteady: sum('unsteady'),
    reads: sum('reads'),
  });
}

function runPart(part: string, words: readonly string[]): Promise<FuzzResult> {
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const args = ['--import', tsx, SELF, ...words, '--part', part];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let pending = '';
    let result: FuzzResult | undefined;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (pending + text).split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith(RESULT)) result = JSON.parse(line.slice(RESULT.length)) as FuzzResult;
        else console.log(line);
      }
    });
    child.on('close', (code) => {
      if (result === undefined) reject(new Error(`part ${part} ended with ${code}`));
      else resolve(result);
    });
  });
}

function report({ seed, counts, failures, hangs, unsteady, reads }: FuzzResult): void {
  const families = FAMILY_NAMES.filter((name) => counts[name] !== undefined);
  for (const name of families) console.log(`${String(counts[name]).padStart(7)}  ${name}`);
  const cases = Object.values(counts).reduce((total, count) => total + count, 0);
  console.log(
    `seed ${seed}: ${cases} cases, ${reads} reads, ${failures.length} differ,`,
    `${unsteady} differed once, ${hangs} without an end`,
  );
  process.exitCode = failures.length > 0 ? 1 : 0;
}

if (process.argv[1] === SELF) await main();
