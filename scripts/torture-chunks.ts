/**
 * Cuts, loses, damages, repeats and mixes up chunks, merges them in any order, and looks at every byte of the
 * image: what is claimed is the disk's, what is refused left no trace, what is whole got in.
 *
 *     npx tsx scripts/torture-chunks.ts --cases 100000 --seed 1
 *
 * A case is one merge of a random choice of chunks into a new image, in one to three calls.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BesideThread, type MergedChunk, type MergeJob, mergeChunks } from '@chunkrescue/engine';
import { Domain, parseMapfile, RescueMap, unionOf } from '@chunkrescue/mapfile';
import { Random, seedOf } from './fuzz-random.ts';
import { type Arrival, carry } from './torture-damage.ts';
import { makeWorld, type World } from './torture-world.ts';

/** Cases that share one disk and its chunks, which take longest to make. */
const CASES_PER_WORLD = 20;

export type Merge = typeof mergeChunks;

export interface TortureResult {
  readonly cases: number;
  readonly chunks: number;
  readonly refused: number;
  /** Merged and refused chunks by what happened to them. */
  readonly counts: Readonly<Record<string, { merged: number; refused: number }>>;
  /** What went wrong, with the seed of its world and the case in it. */
  readonly failures: readonly string[];
}

export function tortureChunks(options: {
  readonly cases: number;
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
  /** What is tortured; for trying whether a bad merge would be found. Default {@link mergeChunks}. */
  readonly merge?: Merge;
}): TortureResult {
  const { merge = mergeChunks } = options;
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'torture-'));
  const failures: string[] = [];
  const counts: Record<string, { merged: number; refused: number }> = {};
  let [chunks, refused] = [0, 0];
  try {
    for (let done = 0; done < options.cases; ) {
      const seed = seedOf(options.seed, done / CASES_PER_WORLD);
      const random = new Random(seed);
      const world = makeWorld(random, join(dir, 'source'));
      for (let i = 0; i < CASES_PER_WORLD; i++) {
        try {
          for (const { arrival, merged } of oneCase(random, {
            world,
            merge,
            dir: join(dir, 'image'),
          })) {
            const kind = arrival.damage ?? 'whole';
            const count = counts[kind] ?? { merged: 0, refused: 0 };
            counts[kind] = count;
            if (merged.refusal === undefined) count.merged++;
            else count.refused++;
            if (merged.refusal !== undefined) refused++;
            chunks++;
          }
        } catch (error) {
          const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
          failures.push(
            `seed ${options.seed}, world ${done / CASES_PER_WORLD}, case ${i}: ${text}`,
          );
        }
      }
      done += CASES_PER_WORLD;
      options.onProgress?.(done);
      if (failures.length >= 5) break;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return { cases: options.cases, chunks, refused, counts, failures };
}

interface Outcome {
  readonly arrival: Arrival;
  readonly merged: MergedChunk;
}

function oneCase(
  random: Random,
  { world, merge, dir }: { world: World; merge: Merge; dir: string },
): Outcome[] {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const job = { image: join(dir, 'final.raw'), map: join(dir, 'final.map'), givesReceipt: false };
  const outcomes: Outcome[] = [];
  const calls = random.int(1, 3);
  for (let call = 0; call < calls; call++) {
    const wanted = random.shuffle(world.chunks).slice(0, random.int(1, 6));
    const arrivals = wanted.map((chunk) => carry(random, chunk, world.chunks));
    const pairs = arrivals.map((arrival, i) => arrive(arrival, join(dir, `${call}-${i}`)));
    const how: Omit<MergeJob, 'chunks'> = { ...job, takesUnfinished: random.chance(70) };
    const before = { image: read(job.image), map: mapIn(job.map) };
    // Pieces are held between check and write, or read twice; they are too small for a thread of their own.
    const memory = random.chance(70) ? new BesideThread(1, random.int(2, 40)) : undefined;
    const following = { signal: { aborted: false }, onEvent: () => {}, ...(memory && { memory }) };
    const { chunks } = merge({ ...how, chunks: pairs }, following);
    memory?.close();
    const told = chunks.map((merged) => {
      const index = pairs.findIndex((pair) => pair.raw === merged.raw);
      return { arrival: arrivals[index] as Arrival, merged };
    });
    check(told, { world, job: how, before });
    outcomes.push(...told);
  }
  return outcomes;
}

/** Puts a chunk as it arrived into a folder. */
function arrive({ name, raw, map }: Arrival, folder: string): { raw: string; map: string } {
  mkdirSync(folder);
  const pair = { raw: join(folder, `${name}.raw`), map: join(folder, `${name}.map`) };
  if (raw !== undefined) writeFileSync(pair.raw, raw);
  if (map !== undefined) writeFileSync(pair.map, map);
  return pair;
}

interface Before {
  readonly image: Buffer;
  readonly map: RescueMap;
}

/** Throws when a byte of the image is not as it must be. */
function check(
  told: readonly Outcome[],
  { world, job, before }: { world: World; job: Omit<MergeJob, 'chunks'>; before: Before },
): void {
  const image = read(job.image);
  const map = mapIn(job.map);
  const taken = told.filter(({ merged }) => merged.refusal === undefined);
  const foreign = taken.find(({ arrival }) => arrival.origin.isForeign);
  const isForeignImage = foreign !== undefined || isOfForeign(before, world);
  // The first chunk decides of which disk an image is.
  const truth = isForeignImage ? world.other : world.disk;
  for (const { pos, size } of map.ranges('+')) {
    if (image.length < pos + size) throw new Error(`claims ${pos}+${size} beyond the image`);
    if (!image.subarray(pos, pos + size).equals(truth.subarray(pos, pos + size))) {
      throw new Error(`claims ${pos}+${size}, and the bytes are not the disk's`);
    }
  }
  if (map.count > 0 && image.length !== world.disk.length) throw new Error('has another length');
  const expected = taken.reduce(
    (all, { arrival }) => unionOf(all, arrival.origin.facts),
    before.map,
  );
  same(map, unionOf(expected, RescueMap.ofOne(0, map.end)));
  const untouched = Domain.whole(0, before.image.length).subtract(
    taken.reduce((all, { arrival }) => all.union(arrival.origin.claims), Domain.of([])),
  );
  for (const { pos, size } of untouched.ranges()) {
    if (!image.subarray(pos, pos + size).equals(before.image.subarray(pos, pos + size))) {
      throw new Error(`a refused chunk changed the image at ${pos}+${size}`);
    }
  }
  for (const { arrival, merged } of told) checkVerdict(arrival, merged, { job, isForeignImage });
}

function checkVerdict(
  { damage, origin, raw, map }: Arrival,
  { refusal, isRepeated }: MergedChunk,
  { job, isForeignImage }: { job: Omit<MergeJob, 'chunks'>; isForeignImage: boolean },
): void {
  const isWhole = damage === undefined || damage === 'grown' || damage === 'renamed';
  const isTakable = origin.isFinished || job.takesUnfinished;
  const isOfFirst = origin.job === '1111111111111111';
  if (isWhole && isTakable && isOfFirst && !isForeignImage && refusal !== undefined) {
    const isMixed = ['chunk-foreign', 'chunk-conflict'].includes(refusal.code);
    if (!isMixed) throw new Error(`refused a whole chunk: ${refusal.message}`);
  }
  if (!isTakable && !isRepeated && refusal === undefined && !(map?.equals(origin.map) === false)) {
    throw new Error('took an unfinished chunk');
  }
  const isMapBroken = damage === 'flipped-map' || damage === 'cut-map' || damage === 'lost-map';
  if (isMapBroken && refusal === undefined) throw new Error(`took a chunk with ${damage}`);
  if (damage === 'lost-raw' && refusal === undefined) throw new Error('took a chunk without data');
  if (damage === 'cut-raw' && origin.isFinished && raw?.length !== origin.raw.length && !refusal) {
    throw new Error('took a chunk that was cut short');
  }
}

function isOfForeign({ map, image }: Before, { disk }: World): boolean {
  return [...map.ranges('+')].some(
    ({ pos, size }) => !image.subarray(pos, pos + size).equals(disk.subarray(pos, pos + size)),
  );
}

function same(a: RescueMap, b: RescueMap): void {
  const text = (map: RescueMap): string =>
    [...map.blocks()].map(({ pos, size, status }) => `${pos}+${size}${status}`).join(' ');
  if (text(a) !== text(b)) throw new Error(`the map says ${text(a)}, not ${text(b)}`);
}

function read(path: string): Buffer {
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}

function mapIn(path: string): RescueMap {
  return existsSync(path) ? parseMapfile(readFileSync(path, 'utf8')).map : RescueMap.ofOne(0, 0);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
    },
  });
  const startMs = performance.now();
  const result = tortureChunks({ cases: Number(values.cases), seed: Number(values.seed) });
  console.log(JSON.stringify(result, undefined, 1));
  console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
