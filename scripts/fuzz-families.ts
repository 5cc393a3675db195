/** The kinds of cases. One row a family: what it adds to a disk to make its point. */
import { addUnusable } from './fuzz-broken.ts';
import type { FuzzCase } from './fuzz-case.ts';
import { addMap, closeDraft, type Draft, newDraft, useCluster } from './fuzz-draft.ts';
import {
  addDirection,
  addDomain,
  addExtras,
  addLimits,
  addPasses,
  addPhases,
  addRetrim,
  addRetry,
  addSkip,
  enlarge,
  maybeMap,
} from './fuzz-extras.ts';
import { addFaults } from './fuzz-faults.ts';
import {
  addBadData,
  addEndOfInput,
  addLoose,
  addOutput,
  addSameFile,
  addShortOutput,
  addSizeCheck,
} from './fuzz-files.ts';
import { addHuge } from './fuzz-huge.ts';
import { addCommands, addFill, addGenerate } from './fuzz-modes.ts';
import { Random, seedOf } from './fuzz-random.ts';
import { addSpelling, addWrongWords } from './fuzz-words.ts';

export type Family = (draft: Draft) => void;

const FAMILIES: Readonly<Record<string, Family>> = {
  plain: (draft) => addFaults(draft),
  cluster(draft) {
    addFaults(draft);
    maybeMap(draft, 30);
    useCluster(draft, draft.random.pick([1, 2, 3, 7, 16, 127, 128, 129, 4096, 5000]));
  },
  skip(draft) {
    enlarge(draft);
    addFaults(draft);
    maybeMap(draft, 30);
    addSkip(draft);
  },
  'copying passes'(draft) {
    addFaults(draft);
    maybeMap(draft, 50);
    addPasses(draft);
  },
  phases(draft) {
    addFaults(draft);
    maybeMap(draft, 40);
    addPhases(draft);
  },
  retry(draft) {
    addFaults(draft);
    if (draft.random.chance(50)) addMap(draft, { states: '-+', blocksMax: 30 });
    addRetry(draft);
  },
  direction(draft) {
    addFaults(draft);
    maybeMap(draft, 40);
    addDirection(draft);
    if (draft.random.chance(40)) addRetry(draft);
  },
  limits(draft) {
    addFaults(draft);
    maybeMap(draft, 40);
    addLimits(draft);
  },
  retrim(draft) {
    addFaults(draft);
    addMap(draft, { states: draft.random.pick(['?*/-+', '/-+', '-+', '*/-', '?-']) });
    addRetrim(draft);
  },
  'complete only'(draft) {
    addFaults(draft);
    if (draft.random.chance(95)) addMap(draft, { isOdd: draft.random.chance(60) });
    draft.options.push(['-C']);
  },
  domain(draft) {
    addFaults(draft);
    maybeMap(draft, 40);
    addDomain(draft);
  },
  output(draft) {
    addFaults(draft);
    maybeMap(draft, 30);
    addOutput(draft);
  },
  'size check': addSizeCheck,
  time: addTime,
  'bad-sector data': addBadData,
  'check on error'(draft) {
    addFaults(draft);
    maybeMap(draft, 30);
    draft.options.push(['-J']);
    if (draft.random.chance(30)) addDirection(draft);
  },
  'same file': addSameFile,
  spelling: addSpelling,
  'wrong words': addWrongWords,
  'unusable files': addUnusable,
  fill: addFill,
  generate: addGenerate,
  commands: addCommands,
  'no mapfile'(draft) {
    addFaults(draft);
    draft.operands.pop();
    addExtras(draft, draft.random.int(0, 2));
  },
  resume(draft) {
    addFaults(draft);
    addMap(draft);
    addExtras(draft, draft.random.int(0, 1));
  },
  'odd map'(draft) {
    addFaults(draft);
    addMap(draft, { isOdd: true });
    addExtras(draft, draft.random.int(0, 1));
  },
  loose: addLoose,
  huge: addHuge,
  'end of input': addEndOfInput,
  logs: addLogs,
  wild(draft) {
    if (draft.random.chance(20)) enlarge(draft);
    addFaults(draft);
    if (draft.random.chance(60)) addMap(draft, { isOdd: draft.random.chance(40) });
    addExtras(draft, draft.random.int(3, 6));
  },
  'short output': addShortOutput,
};

export const FAMILY_NAMES: readonly string[] = Object.keys(FAMILIES);

/** The `index`th case of a run; the same for the same seed. */
export function fuzzCase(
  seed: number,
  index: number,
  families: readonly string[] = FAMILY_NAMES,
): FuzzCase {
  const random = new Random(seedOf(seed, index));
  const family = families[index % families.length] as string;
  const draft = newDraft(random, family);
  (FAMILIES[family] as Family)(draft);
  if (random.chance(8)) draft.options.push(['-q']);
  return closeDraft(draft);
}

/** Pauses are simulated, so that seconds pass with errors only. */
function addTime(draft: Draft): void {
  const { random } = draft;
  addFaults(draft);
  maybeMap(draft, 20);
  draft.options.push([
    `--pause-on-error=s${random.pick(['1', '2', '5', '60', '3m', '0.1', '1/2'])}`,
  ]);
  const chosen = random.int(0, 4);
  if (chosen <= 1)
    draft.options.push(['-T', random.pick(['0', '1', '3', '10', '100', '2m', '1h'])]);
  if (chosen >= 1 && chosen <= 2) {
    draft.options.push(['-E', random.pick(['0', '1', '512', '1k', '10k', '100k', '1M'])]);
  }
  if (chosen === 3) {
    draft.options.push(['-a', random.pick(['0', '1k', '10k', '1M', '1G'])], ['--delay-slow=0']);
    if (random.chance(50)) draft.options.push([`--max-slow-reads=${random.int(0, 5)}`]);
    if (random.chance(20)) draft.options.push(['--reset-slow']);
  }
  if (random.chance(3)) draft.options.push(['--mapfile-interval=0']);
}

function addLogs(draft: Draft): void {
  const { random } = draft;
  addFaults(draft);
  maybeMap(draft, 40);
  draft.options.push(['--log-events=@events']);
  if (random.chance(30)) draft.files['events'] = { kind: 'text', text: '# older\n' };
  if (random.chance(30)) draft.options.push(['-v']);
  if (random.chance(20)) draft.options.push(['-P3']);
  addExtras(draft, random.int(0, 2));
}
