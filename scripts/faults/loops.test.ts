/**
 * Every rescue is killed, cut off from its power, and refused by its disk, at each call that changes a file. One
 * world is always the same, the other one is new each time.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random, seedOf } from '../fuzz-random.ts';
import type { Call, Fault } from './fault-files.ts';
import { cutLoop } from './loop-cut.ts';
import { failLoop, type Lasting } from './loop-fail.ts';
import { killLoop, undisturbed } from './loop-kill.ts';
import { type Prepared, prepared, type Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { randomWorld, type World } from './world.ts';

const FRESH_SEED = Date.now() % 1_000_000;
const SECTORS_MAX = 14;

/** How calls fail; each call with one of them, so that all of them meet all kinds of calls. */
const FAILURES: readonly (readonly [Fault, Lasting])[] = [
  [{ kind: 'fail', errno: 'EIO' }, 'once'],
  [{ kind: 'fail', errno: 'ENOSPC' }, 'place'],
  [{ kind: 'short' }, 'once'],
  [{ kind: 'fail', errno: 'EROFS' }, 'everywhere'],
  [{ kind: 'fail-half', errno: 'ENOSPC' }, 'place'],
  [{ kind: 'fail', errno: 'EIO' }, 'place'],
  [{ kind: 'fail', errno: 'EDQUOT' }, 'once'],
  [{ kind: 'short' }, 'everywhere'],
  [{ kind: 'fail', errno: 'EINTR' }, 'once'],
  [{ kind: 'fail', errno: 'ENODEV' }, 'everywhere'],
];

let base: string;

beforeAll(() => {
  base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'faults-'));
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

const RANDOM: World = randomWorld(new Random(3), SECTORS_MAX);
const FIXED: World = { ...RANDOM, chunkSize: RANDOM.disk.length - 2048, saveIntervalMs: 0 };

describe.each(scenarios(FIXED))('$name', (scenario) => {
  loops(scenario, { calls: 40, each: 1, seed: 3 });
});

describe.each(scenarios(randomWorld(new Random(FRESH_SEED), SECTORS_MAX)))(
  `$name (seed ${FRESH_SEED})`,
  (scenario) => {
    loops(scenario, { calls: 20, each: 14, seed: FRESH_SEED });
  },
);

/** Reads long enough to be gathered and written later, and rarely saved. */
const GATHERED: World = {
  ...randomWorld(new Random(5), 180),
  clusterSize: 16 * 1024,
  saveIntervalMs: 0.4,
};

describe.each(
  scenarios(GATHERED).filter(({ name }) => /^(copy|read, (sparse|compact))$/.test(name)),
)('$name, written behind', (scenario) => {
  loops(scenario, { calls: 40, each: 4, seed: 5 });
});

/** `calls`: as many there are at least; `each`: one of so many is disturbed. */
function loops(
  scenario: Scenario,
  { calls: callsMin, each, seed }: { calls: number; each: number; seed: number },
): void {
  const choose = ({ number }: Call): boolean => (number + seed) % each === 0;
  const ready = (): { job: Prepared; count: number } => {
    const job = prepared(scenario, base);
    const count = undisturbed(job).calls.length;
    expect(count).toBeGreaterThan(callsMin);
    return { job, count };
  };

  test('what it claims is there, and it goes on, whenever it is killed', () => {
    const { job, count } = ready();
    const { tried, withClaims, resumed, failures } = killLoop(job, { choose });
    expect(failures.join('\n')).toBe('');
    expect(tried).toBeGreaterThanOrEqual(Math.floor(count / each));
    expect(resumed).toBe(tried);
    // Few of a short run's calls come after a save.
    if (each === 1) expect(withClaims).toBeGreaterThan(0);
  });

  test.each(['strict', 'journal'] as const)(
    'nothing is claimed in vain and nothing saved is lost when the power fails (names: %s)',
    (rule) => {
      const { job } = ready();
      const cut = cutLoop(job, { rule, seed, resumesEach: 25 });
      expect(cut.failures.join('\n')).toBe('');
      expect(cut.states).toBeGreaterThan(cut.prefixes);
      expect(cut.withClaims).toBeGreaterThan(0);
      expect(cut.resumed).toBeGreaterThan(0);
    },
  );

  test('nor when the power fails after a kill and a new start', () => {
    const { job, count } = ready();
    const random = new Random(seedOf(seed, count));
    // Files are made in the first calls, and the last ones leave nothing to do.
    const kills = [12, 14, 16, 18, random.int(1, count - 1), count - 6, count - 3];
    for (const killedAt of kills.filter((number) => number < count)) {
      const how = { rule: 'strict', seed, resumesEach: 400, killedAt } as const;
      expect(cutLoop(job, how).failures.join('\n')).toBe('');
    }
  });

  test('a failed call ends it with an error or does no harm, and it goes on afterwards', () => {
    const { job, count } = ready();
    let [tried, resumed] = [0, 0];
    const codes = new Set<string>();
    for (const [index, [fault, kind]] of FAILURES.entries()) {
      const isChosen = ({ number }: Call): boolean =>
        (number + seed) % FAILURES.length === index &&
        choose({ number: Math.floor((number + seed) / FAILURES.length) } as Call);
      const failed = failLoop(job, { faults: [fault], lasting: [kind], choose: isChosen });
      expect(failed.failures.join('\n')).toBe('');
      tried += failed.tried;
      resumed += failed.resumed;
      for (const code of Object.keys(failed.codes)) codes.add(code);
    }
    expect(tried).toBeGreaterThan((count / each) * 0.5 - 10);
    expect(resumed).toBe(tried);
    // What ends it is told as what it is, not as what went wrong while it tidied up after that.
    // What is removed besides, old receipts and copies of a chunk's map, is told as what it is: trouble of the system's.
    const isPlain = !/compressed|merge/.test(scenario.name);
    if (isPlain) expect([...codes]).not.toContain('system');
    if (each === 1) expect([...codes]).toEqual(expect.arrayContaining(['map-write']));
  });
}
