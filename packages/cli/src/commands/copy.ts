/** `rescue copy`: the whole of a source into one image or onto one device, without chunks. */
import { dirname } from 'node:path';
import { assertDistinctFiles, type FileRescueJob, readManifest } from '@chunkrescue/engine';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import {
  careOf,
  type EngineArguments,
  engineSettings,
  type OutputArguments,
  withEngineOptions,
  withOutputOptions,
} from '../options/shared.ts';
import { manifestOf } from './rescue-identity.ts';
import { adviseDirect, runRescue, statusOfEnd, summary } from './run-rescue.ts';
import {
  chooseSource,
  refuseMountedImage,
  refuseSameDisk,
  type SourceArguments,
  withSourceOptions,
} from './source-guard.ts';
import { loadSealed } from './stored-map.ts';
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
  const kept = { map, copy: `${args.target}.copy.map` };
  const result = await withLockedMap(map, (worker) => {
    const mapfile = loadSealed(map);
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
      manifest: manifestOf({ mapfile, source, out: undefined, isAdopted: args.adopt }),
      isAdopted: args.adopt,
      trustsTarget: args['trust-target'],
      isReread: args.reread,
      settings: engineSettings(args, source),
      targetSize: source.size,
      commandLine: context.commandLine,
    };
    return runRescue({ worker, job, label: 'copy' }, context);
  });
  keepCopy(kept);
  const { end, progress } = result;
  const record = { type: 'copy', target: args.target, map, end, ...progress };
  if (end === 'aborted') {
    context.report.result(
      record,
      `Stopped, saved. ${summary(progress)}. The same command goes on.`,
    );
    return EXIT.incomplete;
  }
  context.report.result(record, `${summary(progress)}.\n  ${args.target}  ${map}`);
  adviseDirect(args.direct, progress.bad, context);
  return statusOfEnd(result, args.source);
}
