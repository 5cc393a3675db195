/** SQLite's first loop: the program is killed at each call that changes something. */
import { Domain } from '@chunkrescue/mapfile';
import { type Call, FaultFiles, type Plan } from './fault-files.ts';
import { judge, resultOf } from './judge.ts';
import type { Operation } from './operation.ts';
import { forgetOwners, type Prepared, restore, runJob } from './scenario.ts';
import { readTree } from './tree.ts';

/** What was tried and what went wrong. */
export interface LoopResult {
  readonly tried: number;
  /** Of these, where something was claimed already. */
  readonly withClaims: number;
  /** How often the same job, given again, came to its end. */
  readonly resumed: number;
  readonly failures: readonly string[];
}

/** An undisturbed run: what it did and what came of it. */
export interface Undisturbed {
  readonly calls: readonly Call[];
  readonly operations: readonly Operation[];
  readonly result: string;
}

export function undisturbed(prepared: Prepared): Undisturbed {
  return continued(prepared, undefined);
}

/** A run that was killed before a call, and the one that went on from there to the end. */
export function continued(prepared: Prepared, killedAt: number | undefined): Undisturbed {
  restore(prepared);
  const { refuses } = prepared.scenario;
  const layer = new FaultFiles(prepared.places.dir, (call) =>
    call.number === killedAt ? { kind: 'stop', isHalf: false } : refuses?.(call),
  );
  if (killedAt !== undefined) {
    layer.run(() => runJob(prepared, layer));
    forgetOwners(prepared.places.dir);
  }
  const outcome = layer.run(() => runJob(prepared, layer));
  if (outcome.kind === 'threw') throw outcome.error;
  const tree = readTree(prepared.places.dir);
  const left = [...tree.keys()].find((path) => path.endsWith('.spare'));
  if (left !== undefined) throw new Error(`${left} is left behind`);
  const result = resultOf(tree, prepared.scenario.truth);
  return { calls: layer.calls, operations: layer.operations, result };
}

/**
 * Kills before each call, and in the middle of each write. What is there after a call is what is there before the
 * next one.
 */
export function killLoop(
  prepared: Prepared,
  how: { readonly choose?: (call: Call) => boolean; readonly lies?: Plan } = {},
): LoopResult {
  const { calls, result } = undisturbed(prepared);
  const { choose = () => true, lies = () => undefined } = how;
  const failures: string[] = [];
  let [tried, withClaims, resumed] = [0, 0, 0];
  for (const call of calls.filter(choose)) {
    for (const isHalf of call.size > 1 ? [false, true] : [false]) {
      tried++;
      const where = `${prepared.scenario.name}, killed ${isHalf ? 'in' : 'before'} call ${call.number} (${call.name} ${call.path})`;
      const one = killOne(prepared, (each) =>
        each.number === call.number ? { kind: 'stop', isHalf } : lies(each),
      );
      if (one.hasClaims) withClaims++;
      const problems = [...one.problems];
      const again = resume(prepared, result);
      if (again === undefined) resumed++;
      else problems.push(again);
      failures.push(...problems.map((problem) => `${where}: ${problem}`));
    }
  }
  return { tried, withClaims, resumed, failures };
}

function killOne(
  prepared: Prepared,
  plan: Plan,
): { readonly hasClaims: boolean; readonly problems: readonly string[] } {
  restore(prepared);
  const { refuses } = prepared.scenario;
  const layer = new FaultFiles(prepared.places.dir, (call) => plan(call) ?? refuses?.(call));
  const outcome = layer.run(() => runJob(prepared, layer));
  const { problems, claims } = judge(readTree(prepared.places.dir), prepared.scenario.truth);
  const found = [...problems];
  if (outcome.kind !== 'stopped') found.push(`it was not killed, it ${outcome.kind}`);
  const lost = lastSaved(layer.operations).subtract(claims);
  if (!lost.isEmpty) found.push(`${lost.size} bytes were saved and are not claimed any more`);
  return { hasClaims: !claims.isEmpty, problems: found };
}

/** What the last save that was told of claimed. */
export function lastSaved(operations: readonly Operation[]): Domain {
  const last = operations.findLast(({ kind }) => kind === 'saved');
  return Domain.of(last?.kind === 'saved' ? last.claims : []);
}

/** Gives the same job again; returns what was not as it must be. */
export function resume(prepared: Prepared, result: string): string | undefined {
  const { dir } = prepared.places;
  forgetOwners(dir);
  try {
    runJob(prepared);
  } catch (error) {
    return `given again: ${String(error)}`;
  }
  const now = resultOf(readTree(dir), prepared.scenario.truth);
  return now === result
    ? undefined
    : `given again it ends otherwise:\n${now}\ninstead of\n${result}`;
}
