/** Whether what maps say of files is so. It knows the disk, and nothing of the engine but the format. */
import { gunzipSync } from 'node:zlib';
import { sealState } from '@chunkrescue/engine';
import { Domain, parseMapfile, type Range, type RescueMap } from '@chunkrescue/mapfile';
import { isPassing, type Tree } from './tree.ts';

/** A file that may have bytes of the disk. */
export interface Holder {
  readonly raw: string;
  readonly range: Range;
  /** Position of the disk at which the file begins. */
  readonly offset: number;
  readonly isPacked?: boolean;
}

export interface Truth {
  readonly disk: Buffer;
  /** Each map, with the files that may have what it claims. */
  readonly maps: ReadonlyMap<string, readonly Holder[]>;
  /** The map that knows of everything; saved claims must stay in it. */
  readonly main: string;
  /** What may be left behind without harm. */
  readonly leftovers?: readonly string[];
}

export interface Verdict {
  readonly problems: readonly string[];
  /** What the main map claims. */
  readonly claims: Domain;
}

export function judge(tree: Tree, truth: Truth): Verdict {
  const problems: string[] = [];
  let claims = Domain.of([]);
  for (const [path, bytes] of tree) {
    if (isPassing(path) || !/\.map(\.bak)?$/.test(path)) continue;
    const map = mapIn(path, bytes, problems);
    const holders = truth.maps.get(path.replace(/\.bak$/, ''));
    if (map === undefined || holders === undefined) continue;
    const claimed = Domain.fromMap(map);
    if (path === truth.main) claims = claimed;
    for (const holder of ofOne(holders))
      problems.push(...untrue(tree, truth, { path, claimed, holder }));
    const elsewhere = holders.reduce(
      (left, { range }) => left.subtract(Domain.of([range])),
      claimed,
    );
    if (!elsewhere.isEmpty) problems.push(`${path} claims what no file is for`);
  }
  if (!tree.has(truth.main) && tree.has(`${truth.main}.bak`)) {
    problems.push(`${truth.main} is gone`);
  }
  return { problems, claims };
}

function mapIn(path: string, bytes: Buffer, problems: string[]): RescueMap | undefined {
  const text = bytes.toString('latin1');
  try {
    if (text.trim() === '') throw new Error('it is empty');
    if (sealState(text) === 'broken') throw new Error('its checksum does not fit');
    return parseMapfile(text).map;
  } catch (error) {
    problems.push(`${path} is torn: ${(error as Error).message}`);
    return undefined;
  }
}

/** The files for one range belong together: one of them must have it. */
function ofOne(holders: readonly Holder[]): readonly (readonly Holder[])[] {
  const byRange = new Map<string, Holder[]>();
  for (const holder of holders) {
    const key = `${holder.range.pos}+${holder.range.size}`;
    byRange.set(key, [...(byRange.get(key) ?? []), holder]);
  }
  return [...byRange.values()];
}

function untrue(
  tree: Tree,
  { disk }: Truth,
  asked: { path: string; claimed: Domain; holder: readonly Holder[] },
): string[] {
  const { path, claimed, holder } = asked;
  const troubles: string[] = [];
  for (const { raw, range, offset, isPacked } of holder) {
    const bytes = contentOf(tree.get(raw), isPacked ?? false);
    const wrong = [...claimed.clip(range.pos, range.pos + range.size).ranges()].find(
      ({ pos, size }) => {
        const there = bytes.subarray(pos - offset, pos - offset + size);
        return !there.equals(disk.subarray(pos, pos + size));
      },
    );
    if (wrong === undefined) return [];
    troubles.push(`${path} claims ${wrong.pos}+${wrong.size}, and ${raw} does not have it`);
  }
  return troubles;
}

function contentOf(bytes: Buffer | undefined, isPacked: boolean): Buffer {
  if (bytes === undefined) return Buffer.alloc(0);
  if (!isPacked) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return Buffer.alloc(0);
  }
}

/** What must be the same however often a job was disturbed: blocks of the maps, lengths, how many files. */
export function resultOf(tree: Tree, truth: Truth): string {
  const lines: string[] = [];
  for (const [path, bytes] of tree) {
    if (isPassing(path) || path.endsWith('.bak') || truth.leftovers?.includes(path)) continue;
    // The name of a map that is kept as a proof has a part of its checksum, and that has the date in it.
    const name = path.replace(/-[0-9a-f]{8}\.map$/, '-SEAL.map');
    const text = path.endsWith('.map') ? blocksOf(bytes) : `${bytes.length} bytes`;
    lines.push(`${name}: ${/\.gz$/.test(path) ? 'packed' : text}`);
  }
  const verdict = judge(tree, truth);
  return [...lines.sort(), ...verdict.problems].join('\n');
}

function blocksOf(bytes: Buffer): string {
  const { map, state } = parseMapfile(bytes.toString('latin1'));
  const blocks: string[] = [];
  for (let i = 0; i < map.count; i++) blocks.push(`${map.posAt(i)}${map.statusAt(i)}`);
  return `${state} ${blocks.join(' ')} ${map.end}`;
}
