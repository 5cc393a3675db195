/**
 * Ours and another program at the same work, in turn: A B A B. A ratio is of neighbours, so that what else the
 * machine does is in both. After the first round the results are compared; a benchmark of wrong results fails.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Program, rescueProgram, timeOf } from './bench-program.ts';
import type { Figures, World } from './bench-row.ts';
import { oracleProgram } from './oracle.ts';

const LIMIT_ROUNDS = 2;

/** One of the two. Each has a directory of its own, empty before each run; `dir` is that. */
export interface Side {
  readonly program: Program;
  /** Puts there what the program needs. */
  readonly prepare?: (dir: string) => void | Promise<void>;
}

export interface Contest {
  readonly ours: Side;
  readonly theirs: Side;
  /** Whether theirs is GNU's, which may not be here. Default true. */
  readonly isTheirsGnu?: boolean;
  /** Default: the row's directory in memory. */
  readonly base?: string;
  readonly rounds: number;
  /** Milliseconds that the least possible takes; asked in the first rounds. */
  readonly limit?: () => Promise<number>;
  /** Throws when what a side made, in its directory, is wrong. */
  readonly check?: (dir: string) => void | Promise<void>;
  /** Throws when the two made different things. */
  readonly compare?: (ours: string, theirs: string) => void;
}

export async function contest(world: World, plan: Contest): Promise<Figures> {
  const { isTheirsGnu = true, base = world.memory, rounds, limit } = plan;
  const dirs = [join(base, 'ours'), join(base, 'theirs')] as const;
  const isAlone = isTheirsGnu && world.missingOracle !== undefined;
  const sides = isAlone ? [plan.ours] : [plan.ours, plan.theirs];
  const times: [number[], number[]] = [[], []];
  const limitMs: number[] = [];
  let killedAfterMs: number | undefined;
  // Once for nothing: a machine that has not used some of its memory for long is slow to give it.
  await limit?.();
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const dir = dirs[i] as string;
      // In a later round this makes room for the next run; in the first, both are wanted for the comparison.
      if (round > 0 || i === 0) rmSync(dirs[1 - i] as string, { recursive: true, force: true });
      await renew(dir, side);
      const ms = await timeOf(side.program, { cwd: dir, signal: world.signal });
      const { timeoutMs } = side.program;
      if (ms === undefined) killedAfterMs = timeoutMs;
      times[i as 0 | 1].push(ms ?? (timeoutMs as number));
      if (round === 0 && ms !== undefined) await plan.check?.(dir);
    }
    if (round === 0 && !isAlone && killedAfterMs === undefined) plan.compare?.(...dirs);
    if (limit !== undefined && round < LIMIT_ROUNDS) {
      for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
      limitMs.push(await limit());
    }
  }
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  const [oursMs, theirsMs] = times;
  const values = theirsMs.map((ms, i) => (oursMs[i] as number) / ms);
  return { values, oursMs, theirsMs, limitMs, ...(killedAfterMs && { killedAfterMs }) };
}

async function renew(dir: string, side: Side): Promise<void> {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  await side.prepare?.(dir);
}

/** Ours and GNU's with the same words. */
export function sameWords(
  tool: 'ddrescue' | 'ddrescuelog',
  words: readonly string[],
  more: Omit<Side, 'program'> & { readonly program?: Omit<Program, 'words'> } = {},
): { readonly ours: Side; readonly theirs: Side } {
  const { program, ...side } = more;
  const ours = { ...program, ...rescueProgram(tool, ...words) };
  const theirs = { ...program, words: [oracleProgram(tool), ...words] as const };
  return { ours: { ...side, program: ours }, theirs: { ...side, program: theirs } };
}
