/** Options that decide how a rescue goes; any of them may come with any other. */
import { addMap, type Draft, someMap, spelled, textOn, useCluster } from './fuzz-draft.ts';
import type { Family } from './fuzz-families.ts';

const EXTRAS: readonly Family[] = [
  addSkip,
  addPasses,
  addPhases,
  addRetry,
  addDirection,
  addDirection,
  addLimits,
  addRetrim,
  addDomain,
];

export function addExtras(draft: Draft, count: number): void {
  for (const add of draft.random.shuffle(EXTRAS).slice(0, count)) {
    if (add !== addDirection || !draft.options.some(([first]) => first === '-R')) add(draft);
  }
}

export function maybeMap(draft: Draft, percent: number): void {
  if (draft.random.chance(percent)) addMap(draft, { isOdd: draft.random.chance(25) });
}

/** Skips are 64 KiB at least, which a small disk never sees twice. */
export function enlarge(draft: Draft): void {
  const { random } = draft;
  draft.sector = 512;
  draft.options = draft.options.filter(([first]) => first !== '-b' && first !== '-c');
  draft.size = random.int(300_000, 2_500_000);
  draft.files['in'] = textOn(random, draft.size);
  draft.cluster = 128;
  if (random.chance(70)) useCluster(draft, random.size(2, 128));
}

export function addSkip(draft: Draft): void {
  const { random } = draft;
  const sizes = ['64Ki', '65537', '66k', '100_000', '128Ki', '0x20000', '1M'];
  const initial = random.pick(['', '0', ...sizes]);
  const max = random.pick(['64Ki', '70000', '128Ki', '200000', '1Mi', '1Gi']);
  if (initial === '' || (initial === '64Ki' && random.chance(50))) {
    draft.options.push([`-K${initial},${initial === '' ? max : '64Ki'}`]);
  } else draft.options.push([`-K${initial}`]);
}

export function addPasses(draft: Draft): void {
  const range = draft.random.pick([
    '0',
    '1',
    '2',
    '3',
    '4',
    '1,2',
    '1-2',
    '2-4',
    '1,4',
    '1-4',
    '1,3-4',
  ]);
  draft.options.push([`--cpass=${range}`]);
}

export function addPhases(draft: Draft): void {
  for (const option of ['-n', '-N', '--no-trim']) {
    if (draft.random.chance(50)) draft.options.push([option]);
  }
}

export function addRetry(draft: Draft): void {
  // For ever would never end on a disk in test mode.
  draft.options.push([`-r${draft.random.pick([0, 1, 1, 2, 2, 3])}`]);
}

export function addDirection(draft: Draft): void {
  const options = draft.random.pick([[['-R']], [['-u']], [['-R'], ['-u']], [['-R']]]);
  draft.options.push(...options);
}

export function addLimits(draft: Draft): void {
  const { random } = draft;
  const chosen = random.int(0, 3);
  if (chosen < 2) draft.options.push(['-e', `${random.pick(['', '+'])}${random.size(0, 12)}`]);
  if (chosen > 0 && chosen < 3) draft.options.push(['-X', String(random.size(0, 60))]);
  if (chosen === 3) draft.options.push([`-X${random.size(0, 8)}`]);
}

export function addRetrim(draft: Draft): void {
  draft.options.push(...draft.random.pick([[['-A']], [['-M']], [['-A'], ['-M']]]));
}

export function addDomain(draft: Draft): void {
  const { random, size, sector } = draft;
  const place = (max: number): number => {
    const pos = random.int(0, max);
    return random.chance(50) ? pos : pos - (pos % sector);
  };
  if (draft.options.some(([first]) => first === '-i' || first === '-s' || first === '-m')) return;
  const chosen = random.int(1, 15);
  if ((chosen & 1) !== 0) {
    draft.inputPos = random.chance(4) ? size + random.int(0, 9) : place(size - 1);
    draft.outputPos = draft.inputPos;
    draft.options.push(['-i', spelled(draft, draft.inputPos)]);
  }
  if ((chosen & 2) !== 0) {
    const length = random.chance(5) ? random.pick([0, -1]) : place(size + size / 4);
    draft.options.push(['-s', length < 0 ? '-1' : spelled(draft, length)]);
  }
  if ((chosen & 4) !== 0) {
    draft.outputPos = place(size);
    draft.options.push(['-o', spelled(draft, draft.outputPos)]);
  }
  if ((chosen & 8) !== 0) {
    const states = random.pick(['+-', '+?', '+', '?+-', '?-']);
    draft.files['domain'] = someMap(draft, { isOdd: random.chance(40), states });
    draft.options.push(['-m', '@domain']);
  }
  if (random.chance(15)) draft.options.push(['-x', spelled(draft, place(size * 2))]);
}
