/** What of a disk cannot be read. */
import type { MapBlock } from './fuzz-case.ts';
import type { Draft } from './fuzz-draft.ts';

/** Adds `-H test`, unless the disk stays whole. */
export function addFaults(draft: Draft): void {
  const { random, size } = draft;
  const faults = random.chance(6) ? [] : chooseFaults(draft);
  if (faults.length === 0 && random.chance(50)) return;
  const good = invert(faults, size);
  // Without a readable block the size would be unknown, and the rescue endless.
  if (good.length === 0) good.push({ pos: Math.max(0, size - 1), size: 1 });
  const status = random.pick(['-', '-', '*', '/', '?']);
  const blocks: MapBlock[] = [];
  let end = 0;
  for (const range of good) {
    if (range.pos > end) blocks.push({ pos: end, size: range.pos - end, status });
    for (const part of random.chance(10) ? halves(range) : [range]) {
      blocks.push({ ...part, status: '+' });
    }
    end = range.pos + range.size;
  }
  if (end < size) blocks.push({ pos: end, size: size - end, status });
  if (random.chance(5)) blocks.push({ pos: size, size: random.size(1, size), status: '+' });
  if (blocks.length > 1 && blocks[0]?.status !== '+' && random.chance(8)) blocks.shift();
  draft.files['test'] = { kind: 'map', statusLine: '0 ? 1', blocks };
  draft.options.push(['-H', '@test']);
}

interface Part {
  readonly pos: number;
  readonly size: number;
}

function halves({ pos, size }: Part): Part[] {
  const half = Math.floor(size / 2);
  if (half === 0) return [{ pos, size }];
  return [
    { pos, size: half },
    { pos: pos + half, size: size - half },
  ];
}

/** Unordered, overlapping; `invert` makes sense of them. */
function chooseFaults({ random, size, sector, cluster }: Draft): Part[] {
  const faults: Part[] = [];
  const sectors = Math.ceil(size / sector);
  const add = (pos: number, length: number): void => {
    if (length > 0) faults.push({ pos, size: length });
  };
  const scatter = (count: number, sizeMax: number): void => {
    for (let i = 0; i < count; i++) {
      add(random.int(0, sectors - 1) * sector, random.size(1, sizeMax) * sector);
    }
  };
  switch (random.int(0, 7)) {
    case 0:
      scatter(random.size(1, 30), 1);
      break;
    case 1:
      scatter(random.int(1, 3), Math.ceil(sectors / 2));
      break;
    case 2: {
      // One head of several is dead.
      const period = random.size(2, cluster * 4) * sector;
      const bad = random.size(1, period - 1);
      for (let pos = random.int(0, period); pos < size && faults.length < 60; pos += period) {
        add(pos, bad);
      }
      break;
    }
    case 3:
      for (let i = random.size(1, 12); i > 0; i--) {
        add(random.int(0, size - 1), random.size(1, size));
      }
      break;
    case 4:
      add(0, size - random.size(0, Math.min(size - 1, sector * 4)));
      break;
    case 5:
      add(0, random.size(1, size));
      if (random.chance(50)) add(size - random.size(1, size), size);
      break;
    default:
      scatter(random.size(1, 8), cluster);
      scatter(random.size(1, 12), 3);
  }
  return faults;
}

function invert(faults: readonly Part[], size: number): Part[] {
  const good: Part[] = [];
  let end = 0;
  for (const fault of [...faults].sort((a, b) => a.pos - b.pos)) {
    if (fault.pos > end && end < size) {
      good.push({ pos: end, size: Math.min(fault.pos, size) - end });
    }
    end = Math.max(end, fault.pos + fault.size);
  }
  if (end < size) good.push({ pos: end, size: size - end });
  return good;
}
