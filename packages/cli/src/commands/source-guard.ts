/** Which disk is read, and what must not be read or written together with it. */
import {
  checkSamples,
  findSource,
  liesOn,
  type Manifest,
  mountsOfDevice,
  RescueError,
  statOf,
} from '@chunkrescue/engine';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import type { EngineArguments } from '../options/shared.ts';
import { inspectSource, type SourceFacts } from './world.ts';

/** Options about which disk may be read. */
export interface SourceArguments extends Pick<EngineArguments, 'direct' | 'test-mode'> {
  readonly source: string;
  readonly adopt: boolean;
  readonly 'allow-mounted': boolean;
  readonly 'allow-same-disk': boolean;
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
        look: (source) => {
          const { same, different } = checkSamples(source, samples);
          return different.length > 0 ? 'different' : same.length > 0 ? 'same' : 'unknown';
        },
      });
  if (path !== args.source) {
    context.report.warning(
      `${args.source} is not the disk that this rescue was begun with; ${path} is. Reading ${path}.`,
    );
  }
  refuseMounted(path, args, context);
  const facts = inspectSource(path, args);
  context.report.detail(`${path}: ${sectorsOf(facts)}`);
  return { ...facts, path };
}

function sectorsOf({ sectorSize, physicalSectorSize }: SourceFacts): string {
  const medium = physicalSectorSize === sectorSize ? '' : ` (${physicalSectorSize} on the medium)`;
  return `sectors of ${sectorSize} bytes${medium}`;
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

/** What is rescued must not be written onto the disk that fails, under whatever name. */
export function refuseSameDisk(
  target: string,
  source: string,
  args: Pick<SourceArguments, 'allow-same-disk'>,
): void {
  if (args['allow-same-disk'] || !(liesOn(target, source) || liesOn(source, target))) return;
  throw new RescueError(
    'in-use',
    `${target} lies on ${source} itself, the disk that is to be read.`,
    {
      path: target,
      hint: 'Write to another disk or a stick: each write to a failing disk can destroy more of it. To do it all the same say --allow-same-disk.',
    },
  );
}

/** The options that insist on a disk. */
export function withSourceOptions<T>(
  argv: Argv<T>,
): Argv<T & Omit<SourceArguments, 'source' | keyof EngineArguments>> {
  return argv.options({
    adopt: {
      type: 'boolean',
      default: false,
      describe: 'Go on with the map although it seems to be of another source',
    },
    'allow-mounted': {
      type: 'boolean',
      default: false,
      describe: 'Read or write what is mounted for writing',
    },
    'allow-same-disk': {
      type: 'boolean',
      default: false,
      describe: 'Write onto the very disk that is read',
    },
  }) as never;
}
