/** `rescue copy`: the whole of a source into one image or onto one device, without chunks. */
import { dirname } from 'node:path';
import {
  assertDistinctFiles,
  type FileRescueJob,
  RescueError,
  readManifest,
  shellWord,
  statOf,
} from '@chunkrescue/engine';
import type { Mapfile } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit.ts';
import {
  careOf,
  type EngineArguments,
  engineSettings,
  type OutputArguments,
  withEngineOptions,
  withOutputOptions,
} from '../options/shared.ts';
import { goOnWords, withGoOnWords } from './read-again.ts';
import { manifestOf } from './rescue-identity.ts';
import { adviseDirect, runRescue, statusOfEnd, summary } from './run-rescue.ts';
import {
  chooseSource,
  refuseMountedImage,
  refuseSameDisk,
  type SourceArguments,
  withSourceOptions,
} from './source-guard.ts';
import { isMap, loadSealed } from './stored-map.ts';
import { keepCopy, warnOfVolatile } from './volatile-map.ts';
import { withLockedMap } from './world.ts';

export interface CopyArguments extends EngineArguments, OutputArguments, SourceArguments {
  source: string;
  target: string;
  map: string | undefined;
  force: boolean;
  'trust-target': boolean;
  reread: boolean;
}

export function copyOptions(argv: Argv): Argv<CopyArguments> {
  const own = argv
    .positional('source', {
      type: 'string',
      demandOption: true,
      describe: 'Failing device, or a file',
    })
    .positional('target', { type: 'string', demandOption: true, describe: 'Image to write' })
    .positional('map', { type: 'string', describe: 'Mapfile [default: TARGET.map]' })
    .options({
      force: {
        type: 'boolean',
        default: false,
        describe: 'Overwrite a device, or an existing file that no map knows',
      },
      'trust-target': {
        type: 'boolean',
        default: false,
        describe: 'The image holds what the map says, although it does not look like it',
      },
      reread: {
        type: 'boolean',
        default: false,
        describe: 'Read again what the map says was read already',
      },
    });
  return withOutputOptions(withEngineOptions(withSourceOptions(own)))
    .example('$0 copy /dev/sdb1 sdb1.img sdb1.map', 'the same again goes on where it stopped')
    .strict() as unknown as Argv<CopyArguments>;
}

export async function copy(args: CopyArguments, context: Context): Promise<ExitStatus> {
  const map = args.map ?? `${args.target}.map`;
  assertDistinctFiles([
    { role: 'source', path: args.source },
    { role: 'target', path: args.target },
    { role: 'map', path: map },
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
  const stopped = { chunk: undefined, lastChunk: 0, args: { reread: args.reread } };
  const kept = { map, copy: `${args.target}.copy.map` };
  const result = await withLockedMap(map, (worker) => {
    const mapfile = loadMapOf(args, map);
    const source = chooseSource(args, readManifest(mapfile?.heading ?? []), context);
    refuseMountedImage(args.target, args);
    for (const place of [args.target, dirname(args.target)]) {
      refuseSameDisk(place, source.path, args);
    }
    warnOfVolatile(kept, 'Give it a name on a disk, as the third argument.', context);
    const job: FileRescueJob = {
      source: source.path,
      direct: args.direct,
      ...careOf(args),
      ...(args['test-mode'] === undefined ? {} : { testMap: args['test-mode'] }),
      target: args.target,
      isForced: args.force,
      allowsMounted: args['allow-mounted'],
      map,
      manifest: manifestOf({ mapfile, source, isAdopted: args.adopt }),
      isAdopted: args.adopt,
      trustsTarget: args['trust-target'],
      isReread: args.reread,
      settings: engineSettings(args, source),
      targetSize: source.size,
      commandLine: context.commandLine,
    };
    return runRescue({ worker, job, label: 'copy' }, context).catch((error) => {
      throw withGoOnWords(error, stopped);
    });
  });
  keepCopy(kept);
  const { end, progress } = result;
  const record = { type: 'copy', target: args.target, map, end, ...progress };
  if (end === 'aborted') {
    context.report.result(record, `Stopped, saved. ${summary(progress)}. ${goOnWords(stopped)}`);
    return EXIT.incomplete;
  }
  context.report.result(record, `${summary(progress)}.\n  ${args.target}  ${map}`);
  adviseDirect(args.direct, progress.bad, context);
  return statusOfEnd(result, args.source);
}

/** The map; where image and map were given in each other's place, neither is touched. */
function loadMapOf(args: CopyArguments, map: string): Mapfile | undefined {
  try {
    const mapfile = loadSealed(map);
    if (mapfile !== undefined || !isSwapped(args)) return mapfile;
  } catch (error) {
    if (!(error instanceof RescueError) || !isSwapped(args)) throw error;
  }
  const words = [args.source, map, args.target].map(shellWord).join(' ');
  throw new UsageError(
    `The image comes first, then the map: rescue copy ${words}. ${args.target} ${statOf(args.target) === undefined ? 'has the name of' : 'seems to be'} a map. Nothing was written.`,
  );
}

/** Longer files are images: they are not read whole to find that out. */
const LOOK_MAX = 4 * 1024 * 1024;

/** Asked where the third argument is no map. */
function isSwapped({ target, map }: CopyArguments): boolean {
  if (map === undefined) return false;
  if (/\.map$/.test(target) && !/\.map$/.test(map)) return true;
  const stat = statOf(target);
  return stat?.isFile() === true && stat.size <= LOOK_MAX && isMap(target);
}
