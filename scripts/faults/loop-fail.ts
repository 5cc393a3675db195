/** SQLite's third loop: each call fails, once or from then on. */
import { asWorldTrouble, RescueError } from '@chunkrescue/engine';
import { type Call, type Fault, FaultFiles, type Plan, Runaway } from './fault-files.ts';
import { judge, resultOf } from './judge.ts';
import { type LoopResult, lastSaved, resume, undisturbed } from './loop-kill.ts';
import { type Prepared, restore, runJob } from './scenario.ts';
import { NotAll } from './scenarios.ts';
import { readTree } from './tree.ts';

/** How calls fail: `place` fails on in the folder of the first one only, as a stick that was pulled. */
export type Lasting = 'once' | 'place' | 'everywhere';

export interface FailResult extends LoopResult {
  /** Runs that came to their end all the same. */
  readonly ended: number;
  /** Runs that ended with an error, by its code. */
  readonly codes: Readonly<Record<string, number>>;
}

export interface FailOptions {
  readonly faults: readonly Fault[];
  readonly lasting: readonly Lasting[];
  readonly choose?: (call: Call) => boolean;
}

export function failLoop(prepared: Prepared, options: FailOptions): FailResult {
  const { choose = () => true } = options;
  const { calls, result } = undisturbed(prepared);
  const failures: string[] = [];
  const codes: Record<string, number> = {};
  let [tried, withClaims, resumed, ended] = [0, 0, 0, 0];
  for (const call of calls.filter(choose)) {
    for (const fault of options.faults) {
      if ((fault.kind === 'short' || fault.kind === 'fail-half') && call.size < 2) continue;
      for (const lasting of options.lasting) {
        tried++;
        const plan = planFor(call, fault, lasting);
        const one = failOne(prepared, { plan, callsMax: calls.length * 3 + 200, result });
        const problems = [...one.problems];
        if (one.hasClaims) withClaims++;
        if (one.code === undefined) ended++;
        else codes[one.code] = (codes[one.code] ?? 0) + 1;
        const again = resume(prepared, result);
        if (again === undefined) resumed++;
        else problems.push(again);
        const what = 'errno' in fault ? `${fault.kind} ${fault.errno}` : fault.kind;
        const where = `${prepared.scenario.name}, ${what} ${lasting} from call ${call.number} (${call.name} ${call.path})`;
        failures.push(...problems.map((problem) => `${where}: ${problem}`));
      }
    }
  }
  return { tried, withClaims, resumed, ended, codes, failures };
}

function planFor(first: Call, fault: Fault, lasting: Lasting): Plan {
  const folder = folderOf(first);
  return (call) => {
    if (call.number === first.number) return fault;
    if (lasting === 'once' || call.number < first.number) return undefined;
    return lasting === 'everywhere' || folderOf(call) === folder ? fault : undefined;
  };
}

function folderOf({ path }: Call): string | undefined {
  return path.split('/')[0];
}

interface One {
  readonly code: string | undefined;
  readonly hasClaims: boolean;
  readonly problems: readonly string[];
}

function failOne(
  prepared: Prepared,
  how: { readonly plan: Plan; readonly callsMax: number; readonly result: string },
): One {
  restore(prepared);
  const { dir } = prepared.places;
  const { truth, refuses } = prepared.scenario;
  const plan: Plan = (call) => how.plan(call) ?? refuses?.(call);
  const layer = new FaultFiles(dir, plan, how.callsMax);
  const outcome = layer.run(() => runJob(prepared, layer));
  const tree = readTree(dir);
  const { problems, claims } = judge(tree, truth);
  const found = [...problems];
  const lost = lastSaved(layer.operations).subtract(claims);
  if (!lost.isEmpty) found.push(`${lost.size} bytes were saved and are not claimed any more`);
  let code: string | undefined;
  if (outcome.kind === 'ended') {
    const now = resultOf(tree, truth);
    if (now !== how.result)
      found.push(`it ended well, but with\n${now}\ninstead of\n${how.result}`);
  } else if (outcome.kind === 'threw') {
    const error = asWorldTrouble(outcome.error);
    code = error instanceof RescueError ? error.code : error instanceof NotAll ? 'told' : 'crash';
    if (code === 'crash') found.push(stackOf(error));
    if (error instanceof Runaway) found.push('it goes on and on');
  }
  return { code, hasClaims: !claims.isEmpty, problems: found };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
