/** `rescue merge`: puts chunks into one image, in any order, as they come. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  assertDistinctFiles,
  finalPath,
  isRawName,
  type MergeEvent,
  type MergeJob,
  mapNameOf,
  namesIn,
  receiptIn,
  statOf,
} from '@chunkrescue/engine';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { type ExitStatus, UsageError } from '../exit.ts';
import { type OutputArguments, withOutputOptions } from '../options/shared.ts';
import { tellChunk, tellEmptied, tellImage } from './merge-tell.ts';
import { refuseMountedImage } from './source-guard.ts';
import { manifestAt } from './stored-map.ts';
import { withLockedMap } from './world.ts';

export interface MergeArguments extends OutputArguments {
  files: string[];
  map: string | undefined;
  force: boolean;
  unfinished: boolean;
  'same-disk': boolean;
  replace: boolean;
  'trust-holes': boolean;
  'new-image': boolean;
  'no-receipt': boolean;
  'allow-mounted': boolean;
}

export function mergeOptions(argv: Argv): Argv<MergeArguments> {
  const own = argv
    .positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Chunks or directories with chunks, and last the image',
    })
    .options({
      map: {
        type: 'string',
        requiresArg: true,
        describe: "The image's map [default: IMAGE.map, final.map for final.raw]",
      },
      force: {
        type: 'boolean',
        default: false,
        describe: 'Write into an existing image that no map knows',
      },
      unfinished: {
        type: 'boolean',
        default: false,
        describe: 'Take what is in chunks whose reading was interrupted',
      },
      'same-disk': {
        type: 'boolean',
        default: false,
        describe: 'Chunks that seem to be of another disk are copies of the same one',
      },
      replace: {
        type: 'boolean',
        default: false,
        describe: "Where chunk and image differ in bytes that both have, take the chunk's",
      },
      'trust-holes': {
        type: 'boolean',
        default: false,
        describe: 'Holes in chunks of other tools are zeros of the disk (ddrescue -S)',
      },
      'new-image': {
        type: 'boolean',
        default: false,
        describe: 'Begin another image of a rescue whose chunks went into one already',
      },
      'no-receipt': {
        type: 'boolean',
        default: false,
        describe: 'Write no receipt beside the chunks',
      },
      'allow-mounted': {
        type: 'boolean',
        default: false,
        describe: 'Write into an image that is mounted for writing',
      },
    });
  return withOutputOptions(own)
    .example('$0 merge chunk*.raw final.raw', 'all chunks here, in any order')
    .example('$0 merge /media/stick/chunk07.raw final.raw', 'one more chunk into the same image')
    .strict() as unknown as Argv<MergeArguments>;
}

export async function merge(args: MergeArguments, context: Context): Promise<ExitStatus> {
  const image = args.files.at(-1);
  const names = args.files.slice(0, -1);
  const map = args.map ?? mapOfImage(image ?? '');
  const emptied = names.filter((name) => isEmptied(name, map));
  const raws = names
    .filter((name) => !emptied.includes(name))
    .flatMap((name) => chunksIn(name, image ?? ''));
  if (image === undefined || names.length === 0) {
    throw new UsageError('Say which chunks and which image: rescue merge chunk*.raw final.raw');
  }
  if (image.includes('*') || raws.some((raw) => raw.includes('*') && !existsSync(raw))) {
    throw new UsageError(
      `There is no file ${raws.find((raw) => raw.includes('*')) ?? image} here.`,
    );
  }
  if (statOf(image)?.isDirectory()) {
    throw new UsageError(`The last name is the image to write, and ${image} is a directory.`);
  }
  if (/\.map$/.test(image)) {
    throw new UsageError(`The last name is the image to write, and ${image} is a map.`);
  }
  if (existsSync(`${image}.map`) && args.map === undefined && /\.raw$/.test(image)) {
    throw new UsageError(
      `The last name is the image to write, and ${image} looks like a chunk: ${image}.map is there. If it is the image, say --map ${image}.map.`,
    );
  }
  // The same chunk given twice is one.
  const chunks = [...new Set(raws.map(finalPath))].map((path) => {
    const raw = raws.find((each) => finalPath(each) === path) as string;
    return { raw, map: mapNameOf(raw) };
  });
  assertDistinctFiles([
    ...chunks.map(({ raw }) => ({ role: 'chunk', path: raw })),
    ...chunks.map((chunk) => ({ role: "chunk's map", path: chunk.map })),
    { role: 'image', path: image },
    { role: "image's map", path: map },
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
  refuseMountedImage(image, args);
  const job: MergeJob = {
    chunks,
    image,
    map,
    isForced: args.force,
    takesUnfinished: args.unfinished,
    isSameDisk: args['same-disk'],
    replaces: args.replace,
    trustsHoles: args['trust-holes'],
    startsAnew: args['new-image'],
    givesReceipt: !args['no-receipt'],
    commandLine: context.commandLine,
  };
  const onEvent = (event: MergeEvent): void => {
    if (event.type === 'merging') context.report.work(event.raw, event.done, event.total);
    else tellChunk(event.chunk, context);
  };
  const following = { signal: context.trap.signal, onEvent };
  for (const name of emptied) tellEmptied(folderOf(name), image, context);
  const result = await withLockedMap(map, (worker) => worker.merge(job, following));
  const folders = [...emptied.map(folderOf), ...chunks.map(({ raw }) => dirname(raw))];
  return tellImage(result, { image, map, folders: [...new Set(folders)] }, context);
}

function mapOfImage(image: string): string {
  return `${image.replace(/\.(raw|img|dd|bin)$/, '')}.map`;
}

/** Chunks of this very rescue were there, went into the image, and were deleted (`read --free`). */
function isEmptied(name: string, map: string): boolean {
  const isFolder = statOf(name)?.isDirectory() === true;
  const isPattern = /^chunk.*\*.*$/.test(basename(name)) && !existsSync(name);
  const { job } = manifestAt(map);
  if (job === undefined || !(isFolder || isPattern)) return false;
  const folder = folderOf(name);
  if (statOf(folder)?.isDirectory() !== true || receiptIn(folder, job) === undefined) return false;
  return !namesIn(folder).some((each) => isRawName(each) && isChunk(join(folder, each)));
}

/** The folder that is meant, where a pattern found nothing there. */
function folderOf(name: string): string {
  return statOf(name)?.isDirectory() ? name : dirname(name);
}

/** The files behind a name: itself, or all chunks in a folder. @throws UsageError */
function chunksIn(name: string, image: string): string[] {
  const stat = statOf(name);
  if (stat === undefined && statOf(mapNameOf(name)) === undefined) {
    throw new UsageError(`There is no file ${name} here. Is the stick mounted?`);
  }
  if (!stat?.isDirectory()) return [name];
  const found = namesIn(name)
    .filter((each) => isRawName(each) && each !== basename(image))
    .map((each) => join(name, each))
    .filter(isChunk);
  if (found.length === 0)
    throw new UsageError(`There is no chunk in ${name}. Is the stick mounted?`);
  return found;
}

/** Images and other people's files may lie beside the chunks. */
function isChunk(raw: string): boolean {
  if (/^chunk\d/.test(basename(raw))) return true;
  return manifestAt(mapNameOf(raw)).kind === 'chunk';
}
