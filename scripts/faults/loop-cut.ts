/** SQLite's second loop: the power fails after each operation, and the disk keeps what it likes. */
import { Domain } from '@chunkrescue/mapfile';
import { Random } from '../fuzz-random.ts';
import { DiskStates, type NameRule } from './disk-states.ts';
import { judge } from './judge.ts';
import { continued, resume } from './loop-kill.ts';
import type { Operation } from './operation.ts';
import { type Prepared, restore } from './scenario.ts';
import { isPassing, readTree, type Tree } from './tree.ts';

export interface CutResult {
  readonly prefixes: number;
  readonly states: number;
  readonly withClaims: number;
  readonly resumed: number;
  readonly failures: readonly string[];
}

export interface CutOptions {
  readonly rule: NameRule;
  readonly seed: number;
  /** In one of so many states the job is given again. */
  readonly resumesEach: number;
  /** What the program would have done otherwise, to see that it is noticed. */
  readonly sabotage?: (operations: readonly Operation[]) => readonly Operation[];
  /** The program was killed before this call, and started again. */
  readonly killedAt?: number;
  readonly failuresMax?: number;
  /** The power fails after one of so many operations, and after the last one. Default 1. */
  readonly each?: number;
}

export function cutLoop(prepared: Prepared, options: CutOptions): CutResult {
  const { scenario, before, places } = prepared;
  const {
    rule,
    seed,
    resumesEach,
    sabotage = (same) => same,
    failuresMax = 20,
    each = 1,
  } = options;
  const run = continued(prepared, options.killedAt);
  const end = readTree(places.dir);
  const operations = sabotage(run.operations);
  const disk = new DiskStates({ before, folders: scenario.folders, operations, rule });
  const random = new Random(seed);
  const failures: string[] = [];
  let [prefixes, states, withClaims, resumed] = [0, 0, 0, 0];
  let floor = Domain.of([]);
  while (disk.next() && failures.length < failuresMax) {
    const operation = operations[prefixes++] as Operation;
    if (operation.kind === 'saved') floor = Domain.of(operation.claims);
    if (prefixes % each !== 0 && prefixes !== operations.length) continue;
    const where = `${scenario.name}, ${rule}, seed ${seed}, cut after operation ${prefixes} of ${operations.length} (${nameOf(operation)})`;
    for (const tree of disk.states(random)) {
      states++;
      const { problems, claims } = judge(tree, scenario.truth);
      if (!claims.isEmpty) withClaims++;
      const found = [...problems];
      const lost = floor.subtract(claims);
      if (!lost.isEmpty) found.push(`${lost.size} bytes were saved and are not claimed any more`);
      if (prefixes === operations.length) found.push(...notDurable(tree, end));
      if (found.length === 0 && states % resumesEach === 0) {
        restore(prepared, tree);
        const again = resume(prepared, run.result);
        if (again === undefined) resumed++;
        else found.push(again);
      }
      failures.push(...found.map((problem) => `${where}, state ${states}: ${problem}`));
      if (failures.length >= failuresMax) break;
    }
  }
  return { prefixes, states, withClaims, resumed, failures };
}

/** The program has ended: what it made must be there. */
function notDurable(tree: Tree, end: Tree): string[] {
  const lost: string[] = [];
  for (const [path, bytes] of end) {
    if (isPassing(path) || path.endsWith('.bak')) continue;
    if (!tree.get(path)?.equals(bytes)) lost.push(`${path} is not durable though it has ended`);
  }
  return lost;
}

function nameOf(operation: Operation): string {
  return 'path' in operation ? `${operation.kind} ${operation.path}` : operation.kind;
}
