/** The rescue that a map belongs to. */
import { join } from 'node:path';
import {
  CHUNK_FORMAT,
  checkBinding,
  checkSamples,
  type Manifest,
  namesIn,
  openFileSource,
  RescueError,
  randomId,
  readManifest,
  sameIdentity,
} from '@chunkrescue/engine';
import { Domain, type Mapfile } from '@chunkrescue/mapfile';
import type { FoundSource } from './source-guard.ts';
import { manifestAt } from './stored-map.ts';

/** Where a map is from, and what may prove it. */
export interface MapOrigin {
  readonly mapfile: Mapfile | undefined;
  readonly source: FoundSource;
  /** Chunks there know their rescue when ddrescue dropped our comments from the map. */
  readonly out?: string;
  /** The map's own path: what ddrescue replaced lies beside it, and knows it, too. */
  readonly common?: string;
  /** The map was begun with something else, as far as can be seen: from now on it is another rescue. */
  readonly isAdopted: boolean;
}

/** The rescue that a map belongs to, or a new one. */
export function manifestOf(origin: MapOrigin): Manifest {
  const { mapfile, source, isAdopted } = origin;
  const known = readManifest(mapfile?.heading ?? []);
  const fromChunk = known.job === undefined ? provenManifest(origin) : undefined;
  const { identity } = source;
  return {
    format: CHUNK_FORMAT,
    job: (isAdopted ? undefined : (known.job ?? fromChunk?.job)) ?? randomId(),
    sourceSize: source.size,
    ...(Object.keys(identity).length > 0 && { identity }),
    ...chunkSizeOf(known, fromChunk),
  };
}

/**
 * A map that rescue did not write, with claims that no chunk here proves, may be a plan, or tell of another
 * image: to believe it would be to leave those bytes unread.
 */
export function refuseUnproven(path: string, origin: MapOrigin): void {
  const { mapfile, source, out } = origin;
  if (mapfile === undefined || mapfile.map.sizeOf('+') === 0) return;
  const manifest = readManifest(mapfile.heading);
  if (manifest.job !== undefined) return;
  refuseOther(path, { mapfile, source, manifest });
  if (provenManifest(origin) !== undefined) return;
  throw new RescueError(
    'map-mismatch',
    `${path} says that ${mapfile.map.sizeOf('+')} bytes were rescued, but rescue read did not write it, and no chunk in ${out} proves that. It may be a plan, or the map of another image.`,
    {
      path,
      hint: 'A plan goes behind --domain-map. If ddrescue read those bytes into another image say --carried: then the rest is read. If ddrescue wrote these chunks say --trust-target; to believe the map as it is say --adopt.',
    },
  );
}

/** What is certainly of another disk, or no map of a rescue at all, is told as such. */
function refuseOther(
  map: string,
  known: { readonly mapfile: Mapfile; readonly source: FoundSource; readonly manifest: Manifest },
): void {
  const { mapfile, manifest } = known;
  const source = openFileSource(known.source.path, { direct: false });
  try {
    checkBinding({ map, manifest, source, end: mapfile.map.end, isForChunks: true });
    if (claimsEnd(mapfile) > known.source.size) {
      throw new RescueError(
        'map-mismatch',
        `${map} says that bytes up to ${claimsEnd(mapfile)} were rescued; ${source.name} has ${source.size}.`,
        { path: map, hint: 'Is this map from another disk? lsblk -b shows the sizes.' },
      );
    }
  } finally {
    source.close();
  }
}

function claimsEnd({ map }: Mapfile): number {
  return Domain.fromMap(map).end;
}

function chunkSizeOf(
  known: Manifest,
  fromChunk: Manifest | undefined,
): Pick<Manifest, 'chunkSize'> {
  const chunkSize = known.chunkSize ?? fromChunk?.chunkSize;
  return chunkSize === undefined ? {} : { chunkSize };
}

const CHUNK_MAP = /^chunk\d+(?:\.raw\.(?:gz|zst))?\.map$/;

/** What lies there may be of another disk of the same size: only what is proved counts. */
function provenManifest({ source: found, out, common, mapfile }: MapOrigin): Manifest | undefined {
  const { path, size } = found;
  const inFolder = out === undefined ? [] : namesIn(out).filter((name) => CHUNK_MAP.test(name));
  // A new rescue has nothing to do with what an older one left.
  const replaced = common === undefined || mapfile === undefined ? [] : [`${common}.bak`];
  // Without chunks and without a map nothing is asked, and no disk is opened for it.
  if (inFolder.length + replaced.length === 0) return undefined;
  const source = openFileSource(path, { direct: false });
  try {
    for (const map of [...inFolder.map((name) => join(out as string, name)), ...replaced]) {
      const manifest = manifestAt(map);
      if (manifest.job === undefined || manifest.sourceSize !== size) continue;
      const verdict = sameIdentity(manifest.identity ?? {}, source.identity);
      const { same, different } = checkSamples(source, manifest.samples ?? []);
      const isProved = verdict === 'same' || same.length > 0;
      if (verdict !== 'different' && isProved && different.length === 0) return manifest;
    }
  } finally {
    source.close();
  }
  return undefined;
}
