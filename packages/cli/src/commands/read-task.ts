/** What `rescue read` knows before it reads: the disk, the rescue that it belongs to, the place to write. */

import { dirname, join } from 'node:path';
import {
  CHUNK_FORMAT,
  checkSamples,
  findSource,
  isVolatile,
  liesOn,
  type Manifest,
  mountsOfDevice,
  namesIn,
  openFileSource,
  RescueError,
  randomId,
  readManifest,
  sameIdentity,
  statOf,
} from '@chunkrescue/engine';
import type { Mapfile } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import type { EngineArguments } from '../options/shared.ts';
import { inspectSource, loadMap, type SourceFacts } from './world.ts';

/** Options about which disk may be read. */
export interface SourceArguments extends Pick<EngineArguments, 'direct' | 'test-mode'> {
  readonly source: string;
  readonly adopt: boolean;
  readonly 'allow-mounted': boolean;
}

/** A source that was found and may be read. */
export interface FoundSource extends SourceFacts {
  /** Its name now; not always the one that was given. */
  readonly path: string;
}

/** Finds the disk, which may have another name today, and refuses one that is in use. */
export function chooseSource(
  args: SourceArguments,
  known: Manifest,
  context: Context,
): FoundSource {
  const { identity, sourceSize, samples = [] } = known;
  const path = args.adopt
    ? args.source
    : findSource(args.source, {
        identity,
        size: sourceSize,
        isOther: (source) => checkSamples(source, samples).different.length > 0,
      });
  if (path !== args.source) {
    context.report.warning(
      `${args.source} is not the disk that this rescue was begun with; ${path} is. Reading ${path}.`,
    );
  }
  refuseMounted(path, args, context);
  return { ...inspectSource(path, args), path };
}

/** A file system that changes while it is read gives an image that never existed. */
function refuseMounted(path: string, args: SourceArguments, context: Context): void {
  if (statOf(path) === undefined) return;
  const mounts = mountsOfDevice(path);
  const writable = mounts.find((mount) => !mount.isReadOnly);
  if (writable !== undefined && !args['allow-mounted']) {
    throw new RescueError(
      'in-use',
      `${path} is mounted at ${writable.folder} and can be written to; it may change while it is read, and every write makes it worse.`,
      {
        path,
        hint: `Unmount it (umount ${writable.folder}), or at least mount it read-only. To read it all the same say --allow-mounted.`,
      },
    );
  }
  const mount = writable ?? mounts[0];
  if (mount !== undefined) {
    context.report.warning(`${path} is mounted at ${mount.folder}; leave it alone meanwhile.`);
  }
}

/** An image that a file system lives in at the same time is neither the disk nor a file system. */
export function refuseMountedImage(
  path: string,
  args: Pick<SourceArguments, 'allow-mounted'>,
): void {
  if (args['allow-mounted'] || statOf(path) === undefined) return;
  const mount = mountsOfDevice(path).find(({ isReadOnly }) => !isReadOnly);
  if (mount === undefined) return;
  throw new RescueError(
    'in-use',
    `${path} is to be written, and is mounted at ${mount.folder} for writing.`,
    {
      path,
      hint: `Unmount it (umount ${mount.folder}); what the system writes there would be mixed into the image. To write all the same say --allow-mounted.`,
    },
  );
}

/** What is rescued must not be written onto the disk that fails. */
export function refuseSameDisk(
  folder: string,
  source: string,
  args: Pick<SourceArguments, 'allow-mounted'>,
): void {
  if (args['allow-mounted'] || !liesOn(folder, source)) return;
  throw new RescueError(
    'in-use',
    `${folder} lies on ${source} itself, the disk that is to be read.`,
    {
      path: folder,
      hint: 'Write to another disk or a stick: each write to a failing disk can destroy more of it.',
    },
  );
}

/** A map in a live system's memory is gone when it is switched off. */
export function warnOfVolatile(map: string, out: string, context: Context): void {
  if (!isVolatile(dirname(map))) return;
  const copy = isVolatile(out) ? '' : ` A copy is kept in ${out}.`;
  context.report.warning(
    `${map} lies in memory and is lost when this PC is switched off or restarts. Put it on a disk with --map.${copy}`,
  );
}

/** The rescue that a map belongs to, or a new one. ddrescue drops our comments; the chunks still know. */
export function manifestOf(
  mapfile: Mapfile | undefined,
  { out, source }: { readonly out: string; readonly source: FoundSource },
): Manifest {
  const known = readManifest(mapfile?.heading ?? []);
  const fromChunk = known.job === undefined ? manifestInFolder(out, source) : undefined;
  const { identity } = source;
  return {
    format: CHUNK_FORMAT,
    job: known.job ?? fromChunk?.job ?? randomId(),
    sourceSize: source.size,
    ...(Object.keys(identity).length > 0 && { identity }),
    ...chunkSizeOf(known, fromChunk),
  };
}

function chunkSizeOf(
  known: Manifest,
  fromChunk: Manifest | undefined,
): Pick<Manifest, 'chunkSize'> {
  const chunkSize = known.chunkSize ?? fromChunk?.chunkSize;
  return chunkSize === undefined ? {} : { chunkSize };
}

/** Chunks that lie there may be of another disk of the same size: only what is proved counts. */
function manifestInFolder(out: string, { path, size }: FoundSource): Manifest | undefined {
  const source = openFileSource(path, { direct: false });
  try {
    for (const name of namesIn(out)) {
      if (!/^chunk\d+\.map$/.test(name)) continue;
      const manifest = readManifest(loadMap(join(out, name))?.heading ?? []);
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
