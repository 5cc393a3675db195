/** Cuts a case down while it still shows the same difference. */
import type { FileSpec, Files, FuzzCase, MapSpec } from './fuzz-case.ts';
import { merged } from './fuzz-draft.ts';

export interface ShrinkLimits {
  readonly triesMax: number;
  readonly timeMs: number;
}

/** The smallest case found within the limits for which `isSame` still holds. */
export function shrink(
  first: FuzzCase,
  isSame: (candidate: FuzzCase) => boolean,
  { triesMax, timeMs }: ShrinkLimits,
): FuzzCase {
  let smallest = first;
  let tries = 0;
  const end = performance.now() + timeMs;
  for (let hasShrunk = true; hasShrunk; ) {
    hasShrunk = false;
    for (const candidate of smallerThan(smallest)) {
      if (hasEndlessTest(candidate)) continue;
      if (tries++ >= triesMax || performance.now() > end) return smallest;
      if (!isSame(candidate)) continue;
      smallest = candidate;
      hasShrunk = true;
      break;
    }
  }
  return smallest;
}

/** Nothing can be read, so the size is unknown, and the rescue has no end. */
function hasEndlessTest({ files }: FuzzCase): boolean {
  const { test } = files;
  return test?.kind === 'map' && !test.blocks.some(({ status }) => status === '+');
}

/** Boldest first. */
function* smallerThan(each: FuzzCase): Generator<FuzzCase> {
  for (let i = 0; i < each.options.length; i++) {
    yield withoutUnusedFiles({ ...each, options: each.options.toSpliced(i, 1) });
  }
  for (const name of Object.keys(each.files)) {
    if (name !== 'in' && !isNamed(each, name, { asOperand: false })) {
      yield { ...each, files: without(each.files, name) };
    }
  }
  if (each.stdin !== '') {
    const lines = each.stdin.split('\n');
    for (let i = 0; i < lines.length - 1; i++) {
      yield { ...each, stdin: lines.toSpliced(i, 1).join('\n') };
    }
  }
  yield* smallerDisks(each);
  for (const [name, spec] of Object.entries(each.files)) {
    for (const smaller of smallerSpecs(spec)) {
      yield { ...each, files: { ...each.files, [name]: smaller } };
    }
  }
}

/** Input and maps end sooner. */
function* smallerDisks(each: FuzzCase): Generator<FuzzCase> {
  const input = each.files['in'];
  if (input?.kind !== 'data' || input.size < 2) return;
  for (const part of [0.25, 0.5, 0.75, 0.9]) {
    const size = Math.max(1, Math.floor(input.size * part));
    for (const end of new Set([Math.ceil(size / 65536) * 65536, size - (size % 512), size])) {
      if (end <= 0 || end >= input.size) continue;
      const files: Record<string, FileSpec> = {};
      for (const [name, spec] of Object.entries(each.files)) files[name] = endedAt(spec, end);
      yield { ...each, files };
    }
  }
}

function endedAt(spec: FileSpec, end: number): FileSpec {
  if (spec.kind === 'data') {
    const pieces = spec.pieces
      .filter(({ pos }) => pos < end)
      .map((piece) => ({ ...piece, size: Math.min(piece.size, end - piece.pos) }));
    return { ...spec, size: Math.min(spec.size, end), pieces };
  }
  if (spec.kind !== 'map') return spec;
  const blocks = spec.blocks
    .filter(({ pos }) => pos < end)
    .map((block) => ({ ...block, size: Math.min(block.size, end - block.pos) }));
  return { ...spec, blocks };
}

function* smallerSpecs(spec: FileSpec): Generator<FileSpec> {
  if (spec.kind === 'data') {
    if (spec.pieces.length > 0) yield { ...spec, pieces: [] };
    for (let i = 0; i < spec.pieces.length && spec.pieces.length > 1; i++) {
      yield { ...spec, pieces: spec.pieces.toSpliced(i, 1) };
    }
  } else if (spec.kind === 'map') yield* smallerMaps(spec);
  else if (spec.kind === 'text') {
    const lines = spec.text.split('\n');
    for (let i = 0; i < lines.length - 1; i++) {
      yield { ...spec, text: lines.toSpliced(i, 1).join('\n') };
    }
  }
}

function* smallerMaps(map: MapSpec): Generator<MapSpec> {
  const { blocks } = map;
  if (map.statusLine !== '0 ? 1') yield { ...map, statusLine: '0 ? 1' };
  const joined = merged(blocks);
  if (joined.length < blocks.length) yield { ...map, blocks: joined };
  for (let i = 0; i < blocks.length && blocks.length > 1; i++) {
    const [block, before, next] = [blocks[i], blocks[i - 1], blocks[i + 1]];
    if (block === undefined) continue;
    if (before !== undefined && before.pos + before.size === block.pos) {
      const grown = { ...before, size: before.size + block.size };
      yield { ...map, blocks: blocks.toSpliced(i - 1, 2, grown) };
    }
    if (next !== undefined && block.pos + block.size === next.pos) {
      const grown = { ...next, pos: block.pos, size: block.size + next.size };
      yield { ...map, blocks: blocks.toSpliced(i, 2, grown) };
    }
    yield { ...map, blocks: blocks.toSpliced(i, 1) };
  }
}

function withoutUnusedFiles(each: FuzzCase): FuzzCase {
  let { files } = each;
  for (const name of Object.keys(files)) {
    if (
      !['in', 'out', 'map', 'alias'].includes(name) &&
      !isNamed(each, name, { asOperand: true })
    ) {
      files = without(files, name);
    }
  }
  return { ...each, files };
}

function isNamed(each: FuzzCase, name: string, { asOperand }: { asOperand: boolean }): boolean {
  const words = [...each.options.flat(), ...(asOperand ? each.operands : [])];
  return words.some((word) => word.includes(`@${name}`));
}

function without(files: Files, name: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
}
