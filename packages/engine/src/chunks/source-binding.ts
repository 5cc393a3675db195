/**
 * A map belongs to one source. With another disk of the same size a finished map would read nothing and call
 * it saved, and an unfinished one would mix two disks into one image.
 */
import { RescueError } from '../errors.ts';
import { sameByNumber, sameIdentity } from '../identity.ts';
import { type Partition, readPartitions } from '../partition-table.ts';
import type { ReadOutcome, Source, SourceIdentity } from '../ports.ts';
import type { Manifest } from './manifest.ts';
import { checkSamples } from './samples.ts';

/** A map and the source that is to be read with it. */
export interface Binding {
  /** The map's path. */
  readonly map: string;
  readonly manifest: Manifest;
  readonly source: Source;
  /** Where the map ends; a map that says nothing of its source may tell by that. */
  readonly end?: number | undefined;
  /** The map goes on with chunks: an image's map would lose its image. Default false. */
  readonly isForChunks?: boolean;
}

/** Looks whether a map is of a source. Reads a few sectors, and only ones that came well before. @throws RescueError `map-mismatch` naming both */
export function checkBinding(binding: Binding): void {
  const { map, manifest, source, end } = binding;
  refuseOtherKind(binding);
  const begun = manifest.sourceSize;
  if (begun !== undefined && source.size !== undefined && begun !== source.size) {
    throw otherSize(binding, begun);
  }
  const isShort = begun === undefined && end !== undefined && end < (source.size ?? 0);
  if (isShort && partitionOf(source, end) !== undefined) throw otherSize(binding, end);
  const verdict = sameIdentity(manifest.identity ?? {}, source.identity ?? {});
  if (verdict === 'different') {
    const here = describeSource({ identity: source.identity, size: source.size });
    throw mismatch(
      map,
      `belongs to ${describeSource(ofManifest(manifest))}; ${source.name} is ${here}`,
    );
  }
  const isByNumber = sameByNumber(manifest.identity ?? {}, source.identity ?? {});
  const samples = (manifest.samples ?? []).slice(0, isByNumber ? FEW_SAMPLES : undefined);
  const { same, different } = checkSamples(source, samples);
  // An adapter may tell a number of its own for every disk that is put into it. A few bytes may change on one disk.
  if (different.length === 0 || (isByNumber && same.length > 0)) return;
  throw mismatch(
    map,
    `belongs to another disk than ${source.name}: of ${samples.length} places that are remembered, ${different.length} hold other bytes now, the first at position ${different[0]?.pos}`,
  );
}

/** What is read again of a disk that tells who it is. */
const FEW_SAMPLES = 4;

/** A disk in words: model, serial number and size, as far as they are known. */
export function describeSource(what: {
  readonly identity: SourceIdentity | undefined;
  readonly size: number | undefined;
}): string {
  const { model, serial, wwn, partitionUuid, backingFile } = what.identity ?? {};
  const parts = [
    ...(serial === undefined ? [] : [`serial number ${serial}`]),
    ...(serial === undefined && wwn !== undefined ? [`WWN ${wwn}`] : []),
    ...(partitionUuid === undefined ? [] : [`partition ${partitionUuid}`]),
    ...(backingFile === undefined ? [] : [`image ${backingFile}`]),
    ...(what.size === undefined ? [] : [`${what.size} bytes`]),
  ];
  return `${model ?? 'a source'} (${parts.join(', ')})`;
}

/** What a manifest knows of its source, for {@link describeSource}. */
export function ofManifest({
  identity,
  sourceSize,
}: Manifest): Parameters<typeof describeSource>[0] {
  return { identity, size: sourceSize };
}

function refuseOtherKind({ map, manifest, isForChunks }: Binding): void {
  const { kind, chunk } = manifest;
  const what = {
    chunk: `the map of ${chunk === undefined ? 'a chunk' : `chunk ${chunk}`}`,
    plan: 'a plan, which only says what is to be read',
    receipt: 'the receipt of another PC',
    image: isForChunks ? 'the map of an image that was merged' : undefined,
    none: chunk === undefined ? undefined : `the map of chunk ${chunk}`,
  }[kind ?? 'none'];
  if (what === undefined) return;
  throw new RescueError('map-mismatch', `${map} is ${what}, not the map of the whole rescue.`, {
    path: map,
    hint: 'Give the common map (its name is common.map unless --map said otherwise), or a new name to begin anew. To take it all the same say --adopt.',
  });
}

function otherSize({ map, source }: Binding, begun: number): RescueError {
  const partition = partitionOf(source, begun);
  const what = `was begun with a source of ${begun} bytes; ${source.name} has ${source.size}`;
  if (partition === undefined) return mismatch(map, what);
  return new RescueError(
    'map-mismatch',
    `${map} ${what}. It fits partition ${partition.number} of it, which begins at position ${partition.pos}.`,
    {
      path: map,
      hint: `Give that partition as the source, or move the map: rescue map shift ${map} --by ${partition.pos} --output NEW.map`,
    },
  );
}

/** A map of a partition, used with the whole disk. */
function partitionOf(source: Source, size: number): Partition | undefined {
  const read = (pos: number, length: number): Uint8Array | undefined => {
    const bytes = source.allocate?.(length) ?? new Uint8Array(length);
    const { copied } = source.read(pos, bytes) as ReadOutcome;
    return copied === length ? bytes : undefined;
  };
  return readPartitions(read, source.sectorSize).find((partition) => partition.size === size);
}

function mismatch(map: string, what: string): RescueError {
  return new RescueError('map-mismatch', `${map} ${what}.`, {
    path: map,
    hint: 'lsblk -o NAME,SIZE,MODEL,SERIAL shows which disk is which. Another disk needs a map of its own (--map; the third argument of copy); if it is the right one all the same, say --adopt.',
  });
}
