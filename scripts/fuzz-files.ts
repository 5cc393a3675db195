/** Families about the files: outputs that exist, inputs that end, one file for both, garbage for errors. */
import { claimedEnd, type MapSpec, type Piece } from './fuzz-case.ts';
import { addMap, type Draft, someMap, spelled, textOn } from './fuzz-draft.ts';
import { addDirection, addDomain, addExtras, maybeMap } from './fuzz-extras.ts';
import { addFaults } from './fuzz-faults.ts';

export function addOutput(draft: Draft): void {
  const { random, size } = draft;
  const isSparse = random.chance(25);
  const { map } = draft.files;
  // Sparse writes leave old data where zeros belong, which ours does not: empty outputs only.
  if (isSparse) draft.options.push(['-S']);
  if (random.chance(50)) {
    const length = random.size(0, size * 2);
    draft.files['out'] = isSparse
      ? { kind: 'data', size: length, pieces: [] }
      : random.chance(40)
        ? { ...(draft.files['in'] as typeof draft.files.in & object) }
        : textOn(random, Math.max(1, length));
  }
  if (random.chance(25) && (map === undefined || random.chance(10))) draft.options.push(['-t']);
  if (random.chance(25)) draft.options.push(['-p']);
  if (random.chance(35)) draft.options.push(['-W']);
  if (random.chance(15)) draft.options.push(['-y']);
  if (random.chance(15)) draft.options.push(['-f']);
  if (random.chance(10)) draft.options.push(['-d']);
  if (random.chance(6)) draft.options.push(['-D']);
  if (random.chance(10)) draft.options.push(['-O']);
  if (random.chance(30)) draft.options.push(['-x', spelled(draft, random.size(0, size * 2))]);
  if (random.chance(40)) addDomain(draft);
  if (random.chance(8)) {
    draft.operands[1] = '/dev/null';
    draft.options.push(['-f']);
  }
}

export function addSizeCheck(draft: Draft): void {
  const { random, size } = draft;
  addFaults(draft);
  maybeMap(draft, 80);
  if (random.chance(60)) draft.options.push(['-I']);
  if (random.chance(50)) {
    const length = random.chance(30) ? size : random.size(0, size * 2);
    if (random.chance(90)) draft.files['out'] = { kind: 'data', size: length, pieces: [] };
    draft.options.push(['-s', 'output']);
    if (random.chance(30)) {
      draft.inputPos = random.int(0, size - 1);
      draft.outputPos = draft.inputPos;
      draft.options.push(['-i', String(draft.inputPos)]);
    }
  }
}

export function addBadData(draft: Draft): void {
  const { random, size, sector } = draft;
  const text = random.pick(['BAD', 'garbage', '0']);
  const pieces: Piece[] = [{ pos: 0, size, text: 1000 }];
  for (let i = random.size(1, 12); i > 0; i--) {
    let pos = random.int(0, size - 1);
    if (random.chance(85)) pos -= pos % sector;
    // Cut where the word would be out of step with the sector, it is no bad sector.
    const length = random.chance(70) ? sector : random.size(1, size);
    for (let at = pos, n = 0; at < Math.min(size, pos + length) && n < 40; at += sector, n++) {
      pieces.push({ pos: at, size: Math.min(sector, size - at), text });
    }
  }
  draft.files['in'] = { kind: 'data', size, pieces };
  const length = random.chance(85) ? sector + random.int(0, 20) : random.size(0, sector);
  draft.files['bad'] = { kind: 'data', size: length, pieces: [{ pos: 0, size: length, text }] };
  draft.options.push(['--bad-sector-data=@bad']);
  if (random.chance(20)) addFaults(draft);
  maybeMap(draft, 30);
  addExtras(draft, random.int(0, 1));
}

export function addSameFile(draft: Draft): void {
  const { random, size } = draft;
  addFaults(draft);
  draft.operands[1] = random.pick(['@in', '@in', '@in', '@alias']);
  if (draft.operands[1] === '@alias') draft.files['alias'] = { kind: 'link', to: 'in' };
  if (random.chance(85)) draft.options.push(['--same-file']);
  if (random.chance(70)) {
    draft.inputPos = random.int(0, size - 1);
    draft.outputPos = random.int(0, size * 2);
    draft.options.push(['-i', String(draft.inputPos)], ['-o', String(draft.outputPos)]);
    draft.options.push(['-s', String(random.size(1, size))]);
  }
  if (random.chance(30)) addDirection(draft);
}

export function addLoose(draft: Draft): void {
  const { random, size, sector } = draft;
  const loosened = (): MapSpec => {
    const map = someMap(draft, { states: random.pick(['+-', '+-', '+?-', '+']) });
    let blocks = random.shuffle(map.blocks).slice(0, random.int(1, map.blocks.length));
    if (random.chance(50)) {
      const { pos, size: length, status } = random.pick(blocks);
      blocks = [...blocks, { pos: pos + Math.floor(length / 2), size: length, status }];
    }
    if (!blocks.some(({ status }) => status === '+')) {
      blocks.push({ pos: size, size: sector, status: '+' });
    }
    return { ...map, blocks };
  };
  draft.options.push(['-L']);
  const chosen = random.int(1, 3);
  if ((chosen & 1) !== 0) {
    draft.files['test'] = loosened();
    draft.options.push(['-H', '@test']);
  }
  if ((chosen & 2) !== 0) {
    draft.files['domain'] = loosened();
    draft.options.push(['-m', '@domain']);
  }
  maybeMap(draft, 30);
}

export function addEndOfInput(draft: Draft): void {
  const { random, size } = draft;
  switch (random.int(0, 4)) {
    case 0:
      draft.files['in'] = { kind: 'data', size: 0, pieces: [] };
      if (random.chance(50)) draft.options.push(['-s', String(random.size(1, 5000))]);
      break;
    case 1:
      draft.operands[0] = '/dev/zero';
      draft.options.push(['-s', String(random.size(1, 300_000))]);
      if (random.chance(30)) addFaults(draft);
      break;
    case 2:
      draft.operands[0] = '/dev/null';
      if (random.chance(50)) draft.options.push(['-s', String(random.size(1, 5000))]);
      break;
    default:
      // The map ends behind the input.
      addMap(draft, { states: random.pick(['?', '?*', '?*/-', '*-', '/-', '+?']) });
      draft.files['in'] = textOn(random, random.int(1, size));
      draft.options.push(['-C']);
      addExtras(draft, random.int(0, 2));
  }
}

/** An output that lacks what the map claims. Ours refuses, and does as GNU only when told to. */
export function addShortOutput(draft: Draft): void {
  const { random } = draft;
  addFaults(draft);
  const map = someMap(draft, { states: '+?-' });
  const [first, ...others] = map.blocks;
  if (first === undefined) return;
  const blocks = [{ ...first, status: '+' }, ...others];
  draft.files['map'] = { ...map, blocks };
  const claimed = claimedEnd({ ...map, blocks });
  if (random.chance(60)) draft.files['out'] = textOn(random, random.int(1, claimed) - 1 || 1);
  if (claimed === 1) delete draft.files['out'];
  draft.isShort = true;
}
