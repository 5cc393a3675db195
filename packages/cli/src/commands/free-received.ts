/**
 * Makes room on the stick: what the other PC has is deleted. A chunk that is gone can be asked nothing any more, so
 * that what its map knows is in the common map before, and what the common map knows of it has arrived.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ChunkMapFacts,
  type ChunkPair,
  firstDataIn,
  isRawName,
  type Manifest,
  manifestComments,
  mapHeading,
  mapNameOf,
  namesIn,
  type Receipt,
  RescueError,
  readChunkMap,
  readManifest,
  sealedMapStore,
} from '@chunkrescue/engine';
import { Domain, type Mapfile, type RescueMap, unionOf } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';

/** What is known before anything is deleted. */
export interface Freeing {
  readonly out: string;
  /** The receipt that lies there: only that one says what may be deleted. */
  readonly receipt: Receipt | undefined;
  /** The map of the whole source. */
  readonly common: string;
  /** What it says; undefined where there is none. */
  readonly mapfile: Mapfile | undefined;
  /** What it is to say of the rescue when it is made anew. */
  readonly manifest: Manifest;
}

/**
 * Deletes the chunks whose very map is in the receipt; the others stay. Returns the common map with what the deleted
 * ones knew. @throws RescueError `map-write` before anything is deleted
 */
export function freeReceived(freeing: Freeing, context: Context): Mapfile | undefined {
  const { out, receipt } = freeing;
  const freed: Found[] = [];
  const [kept, behind]: [string[], string[]] = [[], []];
  for (const name of namesIn(out)) {
    if (!isRawName(name)) continue;
    const raw = join(out, name);
    const pair = { raw, map: mapNameOf(raw) };
    const facts = factsIn(pair, receipt?.job);
    if (facts === undefined) continue;
    const found = { name, pair, facts };
    if (receipt === undefined || !isReceived(facts, receipt)) kept.push(name);
    else if (isBehind(found, receipt, freeing.mapfile?.map)) behind.push(name);
    else freed.push(found);
  }
  const mapfile = takenOver(freeing, freed);
  for (const { pair } of freed) {
    rmSync(pair.raw);
    rmSync(pair.map);
  }
  tellFreed({ out, freed: freed.map(({ name }) => name), kept, behind }, context);
  return mapfile;
}

interface Found {
  readonly name: string;
  readonly pair: ChunkPair;
  readonly facts: ChunkMapFacts;
}

/** The very map is named, and all that it claims is in the image. */
function isReceived({ seal, mapfile }: ChunkMapFacts, { merged, map }: Receipt): boolean {
  const isNamed = seal !== undefined && merged.has(seal);
  return isNamed && Domain.fromMap(mapfile.map).subtract(Domain.fromMap(map)).isEmpty;
}

/** This very file holds what was read and has not arrived: ddrescue went on with it, and its own map knows nothing of that. */
function isBehind(
  { pair, facts }: Found,
  { map }: Receipt,
  common: RescueMap | undefined,
): boolean {
  const { range, layout, packing } = facts.manifest;
  // Into a compressed one ddrescue cannot write.
  if (common === undefined || range === undefined || packing !== undefined) return false;
  const read = Domain.fromMap(common).clip(range.pos, range.pos + range.size);
  const onTheWay = read.subtract(Domain.fromMap(map));
  // Where our layout has it, or where ddrescue puts it by itself.
  const offsets = layout === 'compact' ? [range.pos, 0] : [0];
  return offsets.some((offset) => firstDataIn(pair.raw, onTheWay, { offset }) !== undefined);
}

/** The common map with what those chunks know, saved where that is news to it. */
function takenOver(
  { common, mapfile, manifest }: Freeing,
  chunks: readonly Found[],
): Mapfile | undefined {
  if (chunks.length === 0) return mapfile;
  let map = mapfile?.map;
  for (const { facts } of chunks) {
    map = map === undefined ? facts.mapfile.map : unionOf(map, facts.mapfile.map);
  }
  if (map === undefined) return mapfile;
  const known = readManifest(mapfile?.heading ?? []);
  if (mapfile !== undefined && known.job !== undefined && isSame(mapfile.map, map)) return mapfile;
  // A map without a job is proved to be of this one by these chunks only.
  const heading = known.job === undefined ? headingOf(manifest, chunks) : mapfile?.heading;
  const start = { position: 0, state: '?', pass: 1 } as const;
  const taken = { ...start, ...mapfile, heading: heading ?? [], map };
  sealedMapStore(common).save(taken);
  return taken;
}

/** A union only adds, so equal sums are equal maps. */
function isSame(a: RescueMap, b: RescueMap): boolean {
  return (['+', '-', '/', '*'] as const).every((status) => a.sizeOf(status) === b.sizeOf(status));
}

function headingOf(manifest: Manifest, chunks: readonly Found[]): string[] {
  const now = new Date();
  const samples = chunks.flatMap(({ facts }) => facts.manifest.samples ?? []);
  const comments = manifestComments({ ...manifest, samples });
  return mapHeading({ startTime: now, now, message: 'Made anew from chunks', comments });
}

function factsIn(pair: ChunkPair, job: string | undefined): ChunkMapFacts | undefined {
  if (!existsSync(pair.map)) return undefined;
  try {
    const facts = readChunkMap(pair);
    return job === undefined || facts.manifest.job === job ? facts : undefined;
  } catch (error) {
    if (error instanceof RescueError) return undefined;
    throw error;
  }
}

function tellFreed(
  what: {
    readonly out: string;
    readonly freed: readonly string[];
    readonly kept: readonly string[];
    readonly behind: readonly string[];
  },
  { report }: Context,
): void {
  const { out, freed, kept, behind } = what;
  const list = (names: readonly string[]): string => names.join(', ');
  if (freed.length > 0) {
    report.result(
      { type: 'freed', chunks: freed },
      `Deleted here, since the other PC has them: ${list(freed)}.`,
    );
  }
  if (kept.length > 0) {
    report.note(`Kept, since no receipt in ${out} names them: ${list(kept)}.`);
  }
  if (behind.length > 0) {
    report.note(
      `Kept, since they hold data that their own maps do not know and the image does not have: ${list(behind)}. If ddrescue went on with these very files: read them with --chunk N --trust-target, then merge again.`,
    );
  }
}
