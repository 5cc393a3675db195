/**
 * Gives every parser of text or bytes from outside what accidents and enemies make of them, and looks whether
 * the parser's laws hold:
 *
 *     npx tsx scripts/fuzz-input.ts --cases 1500000 --seed 1 --jobs 2
 *
 * The same seed gives the same inputs. Prints as JSON how many inputs each parser was given, and ends with 1
 * when a law was broken. `--law merge` tries one law only, `--only 17` one case. `--giants 100` tries inputs of
 * a hundred million characters instead.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FILE_LAWS } from './fuzz-input-files.ts';
import { GIANTS, tryGiant } from './fuzz-input-giants.ts';
import { type InputLaw, tried, type Violation } from './fuzz-input-law.ts';
import { LINE_LAWS } from './fuzz-input-lines.ts';
import { MAP_LAWS } from './fuzz-input-maps.ts';
import { Random, seedOf } from './fuzz-random.ts';

export const LAWS: readonly InputLaw[] = [...MAP_LAWS, ...LINE_LAWS, ...FILE_LAWS];
const SHARES = LAWS.reduce((sum, { share }) => sum + share, 0);

export interface InputFuzzing {
  readonly cases: number;
  readonly seed: number;
  /** Default all, each as often as its share says. */
  readonly law?: string | undefined;
  /** Tries the cases `first`, `first + step`, … Default 0 and 1. */
  readonly first?: number;
  readonly step?: number;
  /** Stops when so many inputs broke a law. Default 20. */
  readonly violationsMax?: number;
}

export interface InputResult {
  readonly seed: number;
  /** Inputs a law. */
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

export function fuzzInput(options: InputFuzzing): InputResult {
  const { cases, seed, law: name, first = 0, step = 1, violationsMax = 20 } = options;
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  for (let index = first; index < cases; index += step) {
    const own = seedOf(seed, index);
    const random = new Random(own);
    const law = lawOf(random, name);
    counts[law.name] = (counts[law.name] ?? 0) + 1;
    const violation = tried(law, random, index);
    if (violation !== undefined) violations.push(violation);
    if (violations.length >= violationsMax) break;
  }
  return { seed, counts, violations };
}

function lawOf(random: Random, name: string | undefined): InputLaw {
  if (name !== undefined) {
    const law = LAWS.find((each) => each.name === name);
    if (law === undefined) throw new Error(`No law is called ${name}.`);
    return law;
  }
  let at = random.int(0, SHARES - 1);
  return LAWS.find(({ share }) => {
    at -= share;
    return at < 0;
  }) as InputLaw;
}

const SELF = fileURLToPath(import.meta.url);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '1' },
      law: { type: 'string' },
      only: { type: 'string' },
      giants: { type: 'string' },
      /** Set by a run with several jobs for its parts: which of how many. */
      part: { type: 'string' },
    },
  });
  const jobs = Number(values.jobs);
  if (jobs > 1 && values.part === undefined) {
    const words = [...process.argv.slice(2), '--seed', values.seed];
    const parts = Array.from({ length: jobs }, (_, i) => inPart(`${i}/${jobs}`, words));
    return report(joined(await Promise.all(parts)));
  }
  if (values.giants !== undefined) return tryGiants(Number(values.giants) * 1_000_000);
  const [first = 0, step = 1] = (values.part ?? '0/1').split('/').map(Number);
  const only = values.only === undefined ? undefined : Number(values.only);
  const result = fuzzInput({
    cases: only === undefined ? Number(values.cases) : only + 1,
    seed: Number(values.seed),
    law: values.law,
    first: only ?? first,
    step,
  });
  if (values.part === undefined) report(result);
  else process.stdout.write(JSON.stringify(result));
}

function tryGiants(size: number): void {
  for (const name of Object.keys(GIANTS)) {
    const startMs = performance.now();
    tryGiant(name, size);
    const { rss } = process.memoryUsage();
    const took = Math.round(performance.now() - startMs);
    console.log(JSON.stringify({ giant: name, size, ms: took, mib: Math.round(rss / 2 ** 20) }));
  }
}

function inPart(part: string, words: readonly string[]): Promise<InputResult> {
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const args = ['--import', tsx, SELF, ...words, '--part', part];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as InputResult);
      else reject(new Error(`part ${part} ended with ${code}`));
    });
  });
}

function joined(results: readonly InputResult[]): InputResult {
  const counts: Record<string, number> = {};
  for (const result of results) {
    for (const [law, count] of Object.entries(result.counts)) {
      counts[law] = (counts[law] ?? 0) + count;
    }
  }
  const violations = results.flatMap((result) => result.violations);
  return { seed: results[0]?.seed ?? 0, counts, violations };
}

function report({ seed, counts, violations }: InputResult): void {
  for (const { law, seed: index, message, input } of violations) {
    console.error(`case ${index} (${law}): ${message}\n  ${input}\n`);
  }
  const inputs = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(JSON.stringify({ seed, inputs, violations: violations.length, counts }, null, 2));
  if (violations.length > 0) process.exitCode = 1;
}

if (process.argv[1] === SELF) await main();
