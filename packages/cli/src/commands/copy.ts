/** `rescue copy`: the whole of a source into one image or onto one device, without chunks. */
import { assertDistinctFiles, type FileRescueJob, manifestComments } from '@chunkrescue/engine';
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
import { runRescue, statusOfEnd, summary } from './run-rescue.ts';
import { inspectSource, withLockedMap } from './world.ts';

export interface CopyArguments extends EngineArguments, OutputArguments {
  source: string;
  target: string;
  map: string | undefined;
  force: boolean;
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
    });
  return withOutputOptions(withEngineOptions(own))
    .example('$0 copy /dev/sdb1 sdb1.img sdb1.map', 'the same again goes on where it stopped')
    .strict() as unknown as Argv<CopyArguments>;
}

export async function copy(args: CopyArguments, context: Context): Promise<ExitStatus> {
  const map = args.map ?? `${args.target}.map`;
  const source = inspectSource(args.source, args);
  assertDistinctFiles([
    { role: 'source', path: args.source },
    { role: 'target', path: args.target },
    { role: 'map', path: map },
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
  const job: FileRescueJob = {
    source: args.source,
    isDirect: args.direct,
    ...(args['test-mode'] === undefined ? {} : { testMap: args['test-mode'] }),
    target: args.target,
    isForced: args.force,
    map,
    settings: engineSettings(args, source),
    targetSize: source.size,
    commandLine: context.commandLine,
    comments: manifestComments({ sourceSize: source.size }),
  };
  const result = await withLockedMap(map, (worker) =>
    runRescue({ worker, job, label: 'copy' }, context),
  );
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
