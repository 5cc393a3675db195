/** Disks of several GiB, of which little can be read. */
import { hex } from './fuzz-case.ts';
import { addMap, type Draft, spelled } from './fuzz-draft.ts';
import { addDirection, addPhases } from './fuzz-extras.ts';

const GIB = 2 ** 30;

/** Positions past 2^31 and 2^32, with little that can be read. */
export function addHuge(draft: Draft): void {
  const { random } = draft;
  const size = Math.floor((random.int(1, 6000) / 1000) * GIB) + random.pick([0, 0, 1, 511, 700]);
  draft.size = size;
  draft.options = [];
  const places = Array.from({ length: random.int(1, 6) }, () => random.int(0, size - 1));
  const pieces = places.map((pos) => ({
    pos,
    size: Math.min(random.size(1, 100_000), size - pos),
    text: random.int(0, 99) * 1000,
  }));
  draft.files['in'] = { kind: 'data', size, pieces };
  if (random.chance(50)) hugeMostlyBad(draft, places);
  else hugeDomain(draft, places);
  if (random.chance(30)) addDirection(draft);
  if (random.chance(30)) draft.options.push(['-S']);
}

/** The sector is big, so that a phase that tries all ends soon. */
function hugeMostlyBad(draft: Draft, places: readonly number[]): void {
  const { random, size } = draft;
  draft.sector = random.pick([2 ** 20, 2 ** 20, 2 ** 19]);
  draft.options.push(['-b', spelled(draft, draft.sector)]);
  draft.cluster = random.int(1, 8);
  draft.options.push(['-c', String(draft.cluster)]);
  const blocks: { pos: number; size: number; status: string }[] = [];
  let end = 0;
  for (const place of [...places].sort((a, b) => a - b)) {
    const pos = random.chance(50) ? place : place - (place % draft.sector);
    if (pos <= end) continue;
    const length = Math.min(random.size(1, 2 * 2 ** 20), size - pos);
    blocks.push({ pos: end, size: pos - end, status: '-' }, { pos, size: length, status: '+' });
    end = pos + length;
  }
  if (end < size) {
    blocks.push({ pos: end, size: size - end, status: '-' });
    if (random.chance(60)) blocks.push({ pos: size, size: 1, status: '+' });
  }
  if (!blocks.some(({ status }) => status === '+'))
    blocks.push({ pos: size, size: 1, status: '+' });
  draft.files['test'] = { kind: 'map', statusLine: '0 ? 1', blocks };
  draft.options.push(['-H', '@test']);
  if (random.chance(30)) addMap(draft, { states: '?*/-' });
  if (random.chance(30)) addPhases(draft);
}

function hugeDomain(draft: Draft, places: readonly number[]): void {
  const { random, size } = draft;
  draft.sector = 512;
  const start = random.pick(places);
  const length = Math.min(random.size(1, 2_000_000), size - start);
  if (random.chance(50)) {
    draft.inputPos = start;
    draft.outputPos = random.chance(50) ? start : random.int(0, 5000);
    draft.options.push(['-i', spelled(draft, start)], ['-s', spelled(draft, length)]);
    if (draft.outputPos !== start) draft.options.push(['-o', String(draft.outputPos)]);
  } else {
    const lines = ['0 ? 1', `0 ${hex(Math.max(1, start))} -`];
    lines.push(`${hex(Math.max(1, start))} ${hex(length)} +`);
    draft.files['domain'] = { kind: 'text', text: `${lines.join('\n')}\n` };
    draft.options.push(['-m', '@domain']);
  }
  const bad = Array.from({ length: random.int(0, 4) }, () => start + random.int(0, length));
  const blocks: { pos: number; size: number; status: string }[] = [];
  let end = 0;
  for (const place of bad.sort((a, b) => a - b)) {
    const pos = place - (place % 512);
    if (pos <= end) continue;
    const area = random.size(1, 100) * 512;
    blocks.push({ pos: end, size: pos - end, status: '+' }, { pos, size: area, status: '-' });
    end = pos + area;
  }
  blocks.push({ pos: end, size: Math.max(1, size - end), status: '+' });
  draft.files['test'] = { kind: 'map', statusLine: '0 ? 1', blocks };
  draft.options.push(['-H', '@test']);
}
