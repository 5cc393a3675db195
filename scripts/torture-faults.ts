/**
 * Random rescues, merges and compressed chunks under faults of the disk they write to: killed at every changing
 * call, cut from their power, refused by their disk; and the program as it is shipped, killed for real.
 *
 *     npx tsx scripts/torture-faults.ts --minutes 60 --seed 1 --kinds kill,cut,fail,program
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Call, Fault } from './faults/fault-files.ts';
import { killSweep, PROGRAM_JOBS } from './faults/kill-program.ts';
import { cutLoop } from './faults/loop-cut.ts';
import { failLoop, type Lasting } from './faults/loop-fail.ts';
import { killLoop, undisturbed } from './faults/loop-kill.ts';
import { type Prepared, prepared } from './faults/scenario.ts';
import { scenarios } from './faults/scenarios.ts';
import { randomWorld } from './faults/world.ts';
import { Random, seedOf } from './fuzz-random.ts';

const KINDS = ['kill', 'cut', 'fail', 'program'] as const;
type Kind = (typeof KINDS)[number];

const SECTORS_MAX = [14, 40, 200] as const;
const ERRNOS = ['EIO', 'ENOSPC', 'EROFS', 'EDQUOT', 'ENODEV', 'EINTR', 'EACCES'] as const;
const LASTING: readonly Lasting[] = ['once', 'place', 'everywhere'];
/** Of a run's calls so many are disturbed; of a long one's fewer, since each takes as long as the run. */
const CALLS_MAX = 300;
const CALLS_IN_ALL = 60_000;
const FAILURES_MAX = 10;

export interface TortureResult {
  readonly jobs: number;
  /** Kills, states after a cut, failed calls, or kills of the program, by kind. */
  readonly tried: Readonly<Record<Kind, number>>;
  /** Of these, where something was claimed. */
  readonly withClaims: number;
  /** Jobs that were given again and came to their end. */
  readonly resumed: number;
  readonly failures: readonly string[];
}

export async function tortureFaults(options: {
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly Kind[];
}): Promise<TortureResult> {
  const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'faults-'));
  const endMs = performance.now() + options.minutes * 60_000;
  const tried: Record<Kind, number> = { kill: 0, cut: 0, fail: 0, program: 0 };
  const failures: string[] = [];
  let [jobs, withClaims, resumed] = [0, 0, 0];
  try {
    while (performance.now() < endMs && failures.length < FAILURES_MAX) {
      const seed = seedOf(options.seed, jobs++);
      const random = new Random(seed);
      const kind = random.pick(options.kinds);
      const one = await oneJob(random, { kind, seed, base });
      tried[kind] += one.tried;
      withClaims += one.withClaims;
      resumed += one.resumed;
      failures.push(...one.failures.map((failure) => `job ${jobs - 1}, ${kind}: ${failure}`));
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return { jobs, tried, withClaims, resumed, failures };
}

interface Counts {
  readonly tried: number;
  readonly withClaims: number;
  readonly resumed: number;
  readonly failures: readonly string[];
}

async function oneJob(
  random: Random,
  { kind, seed, base }: { kind: Kind; seed: number; base: string },
): Promise<Counts> {
  if (kind === 'program') {
    return killSweep(random.pick(PROGRAM_JOBS), {
      base: join(base, 'program'),
      seed,
      killsMax: 60,
    });
  }
  const world = randomWorld(random, random.pick(SECTORS_MAX));
  const job = prepared(random.pick(scenarios(world)), base);
  const { length } = undisturbed(job).calls;
  const each = Math.ceil(length / Math.min(CALLS_MAX, CALLS_IN_ALL / length));
  const choose = ({ number }: Call): boolean => number % each === seed % each;
  if (kind === 'kill') return killLoop(job, { choose });
  if (kind === 'cut') return cut(random, { job, seed, length, each });
  const fault = randomFault(random);
  // An interrupted call is made again until it is not: no disk interrupts for ever.
  const isPassing = 'errno' in fault && fault.errno === 'EINTR';
  const lasting = isPassing ? ('once' as const) : random.pick(LASTING);
  return failLoop(job, { faults: [fault], lasting: [lasting], choose });
}

function cut(
  random: Random,
  { job, seed, length, each }: { job: Prepared; seed: number; length: number; each: number },
): Counts {
  const rule = random.pick(['strict', 'journal'] as const);
  const killedAt = random.chance(60) ? random.int(1, length - 1) : undefined;
  const how = { rule, seed, each, resumesEach: 50, ...(killedAt !== undefined && { killedAt }) };
  const { states, ...counts } = cutLoop(job, how);
  return { ...counts, tried: states };
}

function randomFault(random: Random): Fault {
  const errno = random.pick(ERRNOS);
  if (random.chance(20)) return { kind: 'short' };
  return random.chance(30) ? { kind: 'fail-half', errno } : { kind: 'fail', errno };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      kinds: { type: 'string', default: KINDS.join(',') },
    },
  });
  const startMs = performance.now();
  const kinds = KINDS.filter((kind) => values.kinds.split(',').includes(kind));
  const seed = Number(values.seed);
  const result = await tortureFaults({ minutes: Number(values.minutes), seed, kinds });
  console.log(JSON.stringify(result, undefined, 1));
  console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}
