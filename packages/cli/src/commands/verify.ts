/** `rescue verify`: reads what was rescued again, and tells what is not as it came from the source. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  isOfCopy,
  isRawName,
  isSameFile,
  mapHeading,
  mapNameOf,
  namesIn,
  RescueError,
  RescueWorker,
  readMapText,
  sealedMapStore,
  type Verified,
  type VerifyJob,
  type VerifyResult,
  type VerifyTarget,
} from '@chunkrescue/engine';
import { RescueMap } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, statusOfCode, UsageError, worse } from '../exit.ts';
import { type OutputArguments, withOutputOptions } from '../options/shared.ts';
import { manifestAt } from './stored-map.ts';
import { tellCopy, tellVerified } from './verify-tell.ts';

export interface VerifyArguments extends OutputArguments {
  files: string[];
  source: string | undefined;
  'test-mode': string | undefined;
  map: string | undefined;
  differs: string | undefined;
}

export function verifyOptions(argv: Argv): Argv<VerifyArguments> {
  const own = argv
    .positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Chunks, directories with chunks, or an image made by merge',
    })
    .options({
      source: {
        type: 'string',
        requiresArg: true,
        describe: 'Read this disk again instead of the files: does it still say what it said?',
      },
      'test-mode': { alias: 'H', type: 'string', requiresArg: true, hidden: true },
      map: {
        type: 'string',
        requiresArg: true,
        describe: "The image's map [default: IMAGE.map, final.map for final.raw]",
      },
      differs: {
        type: 'string',
        requiresArg: true,
        describe: 'Map to write when something differs [default: FILE.differs.map]',
      },
    });
  return withOutputOptions(own)
    .example('$0 verify /media/stick', 'every chunk on the stick, past the cache')
    .example('$0 verify final.raw', 'the image, against the digests of its chunks')
    .example('$0 verify final.raw --source /dev/sdb1', 'does the disk still say the same?')
    .strict() as unknown as Argv<VerifyArguments>;
}

export async function verify(args: VerifyArguments, context: Context): Promise<ExitStatus> {
  const targets = args.files.flatMap((file) => targetsIn(file, args));
  const source =
    args.source === undefined
      ? {}
      : {
          source: {
            path: args.source,
            ...(args['test-mode'] === undefined ? {} : { testMap: args['test-mode'] }),
          },
        };
  const job: VerifyJob = { targets, ...source };
  const worker = new RescueWorker();
  let result: VerifyResult;
  try {
    result = await worker.verify(job, {
      signal: context.trap.signal,
      onEvent: ({ path, done, total }) => context.report.work(path, done, total),
    });
  } finally {
    await worker.close();
  }
  const copies = new Set(targets.map((target) => (target.kind === 'copy' ? target.image : '')));
  for (const verified of result.targets) {
    const isLonely = args.source === undefined && copies.has(verified.path);
    if (isLonely && verified.refusal === undefined) tellCopy(verified, context);
    else tellVerified(verified, args, context);
  }
  const differs = writeDifferences(args, { result, commandLine: context.commandLine });
  if (differs !== undefined) {
    context.report.result(
      { type: 'differs', map: differs },
      `${differs} marks what differs as bad (-).`,
    );
  }
  return statusOf(result);
}

function statusOf({ end, targets }: VerifyResult): ExitStatus {
  let status: ExitStatus = end === 'finished' ? EXIT.rescued : EXIT.incomplete;
  for (const { refusal, different, unreadable, unchecked } of targets) {
    if (refusal !== undefined) status = worse(status, statusOfCode(refusal.code));
    if (different.length > 0) status = worse(status, EXIT.corrupt);
    if (unreadable.length + unchecked > 0) status = worse(status, EXIT.incomplete);
  }
  return status;
}

/** What there is to verify behind a name. @throws UsageError */
function targetsIn(file: string, args: VerifyArguments): VerifyTarget[] {
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  if (statSync(file).isDirectory()) {
    const chunks = namesIn(file)
      .filter(isRawName)
      .map((name) => targetOf(join(file, name), undefined))
      .filter((target) => target.kind === 'chunk');
    if (chunks.length === 0)
      throw new UsageError(`There is no chunk in ${file}. Is the stick mounted?`);
    return chunks;
  }
  if (/\.map$/.test(file)) {
    throw new UsageError(`${file} is a map; give the chunk or the image that it is of.`);
  }
  return [targetOf(file, args.map)];
}

/** A map that cannot be read is told when its turn comes. */
function targetOf(file: string, given: string | undefined): VerifyTarget {
  const map = given ?? mapNameOf(file);
  const manifest = manifestAt(map);
  if (manifest.kind === 'image') return { kind: 'image', image: file, map };
  if (isOfCopy(manifest)) return { kind: 'copy', image: file, map };
  return { kind: 'chunk', pair: { raw: file, map } };
}

const MESSAGE = 'Differences found by rescue verify';

/** Writes where something differs, as a map that anybody can use. */
function writeDifferences(
  args: VerifyArguments,
  { result, commandLine }: { readonly result: VerifyResult; readonly commandLine: string },
): string | undefined {
  const { targets, sourceSize } = result;
  const wrong = targets.flatMap((target) => [...target.different, ...target.unreadable]);
  const first = targets.find((target) => wrongIn(target));
  if (first === undefined) {
    if (result.end === 'finished') removeSettled(args, targets);
    return undefined;
  }
  const path = differsPath(args, first.path);
  if (args.files.some((file) => isSameFile(file, path)) || isForeign(path)) {
    throw new RescueError('target-exists', `${path} exists and is no map of differences.`, {
      path,
      hint: 'Give another name with --differs.',
    });
  }
  const end = Math.max(sourceSize ?? 0, ...wrong.map(({ pos, size }) => pos + size));
  const map = RescueMap.ofOne(0, end);
  for (const { pos, size } of wrong) map.set(pos, pos + size, '-');
  const now = new Date();
  const heading = mapHeading({ commandLine, startTime: now, now, message: MESSAGE });
  sealedMapStore(path, { keepsBackup: false, followsLinks: false }).save({
    heading,
    position: 0,
    state: '+',
    pass: 1,
    map,
  });
  return path;
}

function differsPath({ differs, source, files }: VerifyArguments, wrong: string): string {
  return differs ?? `${source === undefined ? wrong : files[0]}.differs.map`;
}

/** What an earlier run found is settled where all of a file is as it should be now. */
function removeSettled(args: VerifyArguments, targets: readonly Verified[]): void {
  for (const { path, refusal, unchecked } of targets) {
    const differs = differsPath(args, path);
    if (refusal === undefined && unchecked === 0 && existsSync(differs) && !isForeign(differs)) {
      rmSync(differs);
    }
  }
}

function wrongIn({ different, unreadable }: Verified): boolean {
  return different.length + unreadable.length > 0;
}

function isForeign(path: string): boolean {
  return existsSync(path) && !readMapText(path)?.includes(`# ${MESSAGE}\n`);
}
