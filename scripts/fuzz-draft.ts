/** What the families of cases are made of: a disk, maps, and spellings of numbers. */
import {
  claimedEnd,
  type DataSpec,
  type FileSpec,
  type FuzzCase,
  hex,
  type MapBlock,
  type MapSpec,
  type Piece,
} from './fuzz-case.ts';
import type { Random } from './fuzz-random.ts';

/** A case while it is made. */
export interface Draft {
  readonly random: Random;
  readonly family: string;
  size: number;
  sector: number;
  cluster: number;
  /** Where the domain begins in input and output, as far as options say. */
  inputPos: number;
  outputPos: number;
  options: string[][];
  operands: string[];
  files: Record<string, FileSpec>;
  stdin: string;
  /** Whether the output may hold less than the map claims. */
  isShort: boolean;
}

const SECTORS = [1, 2, 7, 16, 100, 512, 512, 1000, 1024, 2048, 2048, 4096];

const STATES = '??**//--++';

const PROGRESS = ['?+', '?*+', '?*+-', '*+-', '*/+-', '/-+', '/-', '+-', '?*/-+', '?*/-'];

const STATUS_STATES = '????*%%/--FG++';

/** A disk of chosen size with text on it; `in`, `out` and `map` are the operands. */
export function newDraft(random: Random, family: string): Draft {
  const sector = random.chance(55) ? 512 : random.pick(SECTORS);
  const sectors = random.size(1, random.chance(85) ? 700 : 5000);
  const tail = random.chance(50) ? 0 : random.int(0, sector - 1);
  const draft: Draft = {
    random,
    family,
    size: Math.max(1, (sectors - 1) * sector + tail + (tail === 0 ? sector : 0)),
    sector,
    cluster: Math.max(1, Math.floor(65536 / sector)),
    inputPos: 0,
    outputPos: 0,
    options: [],
    operands: ['@in', '@out', '@map'],
    files: {},
    stdin: '',
    isShort: false,
  };
  if (sector !== 512) draft.options.push(['-b', String(sector)]);
  if (random.chance(65)) useCluster(draft, random.size(1, random.chance(80) ? 40 : 1000));
  draft.files['in'] = textOn(random, draft.size);
  return draft;
}

export function useCluster(draft: Draft, cluster: number): void {
  draft.options = draft.options.filter(([first]) => first !== '-c');
  // One sector a read over a big disk would be too many reads.
  const sectors = Math.ceil(draft.size / draft.sector);
  draft.cluster = Math.max(cluster, Math.ceil(sectors / 3000));
  draft.options.push(['-c', String(draft.cluster)]);
}

/** Numbers on the disk, with holes of zeros in most. */
export function textOn(random: Random, size: number): DataSpec {
  const pieces: Piece[] = [{ pos: 0, size, text: random.int(0, 99) * 1000 }];
  if (random.chance(60)) {
    pieces.length = 0;
    for (let pos = 0; pos < size && pieces.length < 8; ) {
      const length = Math.min(size - pos, random.size(1, size));
      if (random.chance(65)) pieces.push({ pos, size: length, text: random.int(0, 99) * 1000 });
      pos += length;
    }
  }
  return { kind: 'data', size, pieces };
}

interface MapChoice {
  /** Cuts anywhere, equal neighbours, a gap in front, an end that is not the disk's. */
  readonly isOdd?: boolean;
  /** States that may occur; a choice by default. */
  readonly states?: string;
  readonly blocksMax?: number;
}

/** A map of the draft's disk, with any status line. */
export function someMap(draft: Draft, choice: MapChoice = {}): MapSpec {
  const { random, size, sector, cluster } = draft;
  const { isOdd = false, states = random.pick([...PROGRESS, STATES]), blocksMax = 24 } = choice;
  const unit = random.pick(isOdd ? [1, 1, sector, cluster * sector] : [sector, cluster * sector]);
  const cuts = new Set<number>([0]);
  for (let i = random.chance(60) ? random.int(1, blocksMax) : random.size(1, 8); i > 1; i--) {
    const cut = random.int(0, Math.floor(size / unit)) * unit;
    if (cut < size) cuts.add(cut);
  }
  const starts = [...cuts].sort((a, b) => a - b);
  const end = isOdd ? oddEnd(random, size) : size;
  let blocks: MapBlock[] = starts
    .filter((pos) => pos < end)
    .map((pos, i, all) => ({
      pos,
      size: (all[i + 1] ?? end) - pos,
      status: random.pick([...states]),
    }));
  if (!isOdd) blocks = merged(blocks);
  if (isOdd && random.chance(25)) blocks = blocks.slice(random.int(0, 2));
  return { kind: 'map', statusLine: someStatusLine(random, size, starts), blocks };
}

function oddEnd(random: Random, size: number): number {
  if (random.chance(50)) return size;
  return random.chance(60) ? random.int(1, size) : size + random.size(1, size);
}

function someStatusLine(random: Random, size: number, cuts: readonly number[]): string {
  const near = random.pick(cuts) + (random.chance(30) ? random.int(0, 600) : 0);
  const pos = random.chance(60) ? near : random.int(0, size + (random.chance(10) ? size : 0));
  const pass = random.pick([1, 1, 1, 2, 2, 3, 4, 5, random.int(1, 300)]);
  return `${hex(pos)} ${random.pick([...STATUS_STATES])} ${pass}`;
}

export function merged(blocks: readonly MapBlock[]): MapBlock[] {
  const result: MapBlock[] = [];
  for (const block of blocks) {
    const last = result.at(-1);
    if (last?.status === block.status && last.pos + last.size === block.pos) {
      result[result.length - 1] = { ...last, size: last.size + block.size };
    } else result.push(block);
  }
  return result;
}

/** Gives the rescue an earlier map; the output follows in `closeDraft`. */
export function addMap(draft: Draft, choice?: MapChoice): void {
  draft.files['map'] = someMap(draft, choice);
}

/** One of GNU's spellings of a number. */
export function spelled({ random, sector, options }: Draft, value: number): string {
  const isPlain = sector === 512 && !options.some(([first]) => first === '-b');
  if (value > 0 && random.chance(40)) {
    if (isPlain && value % 512 === 0 && random.chance(50)) return `${value / 512}s`;
    if (value % 1024 === 0) return `${value / 1024}Ki${random.pick(['', 'B'])}`;
    if (value % 1000 === 0) return `${value / 1000}k`;
    if (random.chance(30)) return `0${value.toString(8)}`;
    return `0x${value.toString(16)}`;
  }
  return String(value);
}

/**
 * The draft as a case. An output of an earlier run holds all that the map claims: one that does not is a
 * difference that is meant, and has a family of its own.
 */
export function closeDraft(draft: Draft): FuzzCase {
  const { random, family, operands, stdin, isShort } = draft;
  const { map } = draft.files;
  const claimed = claimedEnd(map);
  const needed = claimed + Math.max(0, draft.outputPos - draft.inputPos);
  const out = draft.files['out'];
  if (operands[1] === '@out' && claimed > 0 && !isShort) {
    const isSparse = draft.options.some(([first]) => first === '-S');
    if (out === undefined) {
      const size = needed + (random.chance(30) ? random.size(1, 2000) : 0);
      const isHuge = size > 1 << 23;
      draft.files['out'] =
        isSparse || isHuge || random.chance(50)
          ? { kind: 'data', size, pieces: [] }
          : textOn(random, size);
    } else if (out.kind === 'data' && out.size < needed) {
      draft.files['out'] = { ...out, size: needed };
    }
  }
  return {
    family,
    options: inOrder(draft),
    operands,
    files: draft.files,
    stdin,
  };
}

/** `-b` stays in front: it changes what `s` means behind it. */
function inOrder({ random, options }: Draft): string[][] {
  const first = options.filter(([word]) => word === '-b');
  return [...first, ...random.shuffle(options.filter(([word]) => word !== '-b'))];
}
