/** `rescue copy`: the whole of a source into one image or onto one device, without chunks. */
import { dirname } from 'node:path';
import { assertDistinctFiles, type FileRescueJob, readManifest } from '@chunkrescue/engine';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import {
  type EngineArguments,
  engineSettings,
  type OutputArguments,
  withEngineOptions,
  withOutputOptions,
} from '../options/shared.ts';
import {
  chooseSource,
  manifestOf,
  refuseMountedImage,
  refuseSameDisk,
  warnOfVolatile,
} from './read-task.ts';
import { runRescue, statusOfEnd, summary } from './run-rescue.ts';
import { loadSealed, withLockedMap } from './world.ts';

export interface CopyArguments extends EngineArguments, OutputArguments {
  source: string;
  target: string;
  map: string | undefined;
  force: boolean;
  'trust-target': boolean;
  adopt: boolean;
  'allow-mounted': boolean;
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
    });
  return withOutputOptions(withEngineOptions(own))
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
  const result = await withLockedMap(map, (worker) => {
    const mapfile = loadSealed(map);
    const source = chooseSource(args, readManifest(mapfile?.heading ?? []), context);
    refuseMountedImage(args.target, args);
    refuseSameDisk(dirname(args.target), source.path, args);
    warnOfVolatile(map, dirname(args.target), context);
    const job: FileRescueJob = {
      source: source.path,
      isDirect: args.direct,
      ...(args['test-mode'] === undefined ? {} : { testMap: args['test-mode'] }),
      target: args.target,
      isForced: args.force,
      allowsMounted: args['allow-mounted'],
      map,
      manifest: manifestOf(mapfile, { out: dirname(map), source }),
      isAdopted: args.adopt,
      trustsTarget: args['trust-target'],
      settings: engineSettings(args, source),
      targetSize: source.size,
      commandLine: context.commandLine,
    };
    return runRescue({ worker, job, label: 'copy' }, context);
  });
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
  return statusOfEnd(result, args.source);
}
