/** `rescue read`: copies chunks of a source into a directory, one file and one map a chunk. */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  assertDistinctFiles,
  type FileRescueJob,
  type FileRescueResult,
  manifestComments,
  RescueError,
  type RescueWorker,
} from '@chunkrescue/engine';
import type { Range } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, statusOf, UsageError, worse } from '../exit.ts';
import { type ChunkSpan, parseChunks } from '../options/chunks.ts';
import { engineSettings } from '../options/shared.ts';
import { span } from '../screen/units.ts';
import type { ReadArguments } from './read-options.ts';
import { chooseLayout, type Part, parts, type ReadLayout, refuseForeignMap } from './read-parts.ts';
import { runRescue, statusOfEnd, summary } from './run-rescue.ts';
import { inspectSource, loadMap, type SourceFacts, withLockedMap } from './world.ts';

export async function read(args: ReadArguments, context: Context): Promise<ExitStatus> {
  const chosen = [args.chunk !== undefined, args.all, args.next, args['domain-map'] !== undefined];
  if (chosen.filter(Boolean).length !== 1) {
    throw new UsageError('Say what to read: one of --chunk N, --next, --all or --domain-map FILE.');
  }
  const spans = args.chunk === undefined ? [] : parseChunks(args.chunk);
  if (!existsSync(args.out) || !statSync(args.out).isDirectory()) {
    throw new UsageError(`--out: there is no directory ${args.out}. Is the stick mounted?`);
  }
  const common = args.map ?? join(args.out, 'common.map');
  const source = inspectSource(args.source, args);
  return withLockedMap(common, (worker) =>
    readParts({ args, spans, source, common, worker }, context),
  );
}

interface Task {
  readonly args: ReadArguments;
  readonly spans: readonly ChunkSpan[];
  readonly source: SourceFacts;
  readonly common: string;
  readonly worker: RescueWorker;
}

async function readParts(task: Task, context: Context): Promise<ExitStatus> {
  const { args, spans, source, common } = task;
  const mapfile = loadMap(common);
  const layout = chooseLayout(args, { source, mapfile }, context);
  let status: ExitStatus = EXIT.rescued;
  for (const part of parts(args, { spans, layout, mapfile })) {
    status = worse(status, await readPartOrGoOn(part, { ...task, layout }, context));
    if (context.trap.signal.aborted || status === EXIT.limit) break;
  }
  return status;
}

/** With --all a chunk whose file was carried away does not hold up the others. */
async function readPartOrGoOn(
  part: Part,
  task: Task & { readonly layout: ReadLayout },
  context: Context,
): Promise<ExitStatus> {
  try {
    return await readPart(part, task, context);
  } catch (error) {
    const isGone = error instanceof RescueError && error.code === 'target-missing';
    if (!task.args.all || !isGone) throw error;
    context.report.error({ code: error.code, message: error.message, hint: error.hint });
    return statusOf(error);
  }
}

async function readPart(
  part: Part,
  task: Task & { readonly layout: ReadLayout },
  context: Context,
): Promise<ExitStatus> {
  const { args, source, layout, common, worker } = task;
  const plan = args['domain-map'];
  refuseForeignMap(part);
  assertDistinctFiles([
    { role: 'source', path: args.source },
    { role: 'chunk', path: part.raw },
    { role: "chunk's map", path: part.map },
    { role: 'common map', path: common },
    ...(plan === undefined ? [] : [{ role: 'domain map', path: plan }]),
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
  const last = part.ranges.at(-1) as Range;
  const first = part.ranges[0] as Range;
  const range = { pos: first.pos, size: last.pos + last.size - first.pos };
  const job: FileRescueJob = {
    source: args.source,
    isDirect: args.direct,
    ...(args['test-mode'] === undefined ? {} : { testMap: args['test-mode'] }),
    target: part.raw,
    map: common,
    domain: part.ranges,
    chunkMap: {
      path: part.map,
      comments: part.chunk === undefined ? [] : manifestComments({ chunk: part.chunk }),
    },
    isReread: args.reread,
    trustsTarget: args['trust-target'],
    settings: engineSettings(args, source),
    targetSize: range.pos + range.size,
    commandLine: context.commandLine,
    comments: manifestComments({
      ...(part.chunk === undefined && !layout.isBegun ? {} : { chunkSize: layout.chunkSize }),
      sourceSize: source.size,
    }),
  };
  const result = await runRescue({ worker, job, label: part.label }, context);
  tellPart(part, { result, range, isReread: args.reread }, context);
  return result.end === 'aborted' ? EXIT.incomplete : statusOfEnd(result, args.source);
}

function tellPart(
  part: Part,
  how: { result: FileRescueResult; range: Range; isReread: boolean },
  context: Context,
): void {
  const { end, progress, isElsewhere, wasDone } = how.result;
  const { range } = how;
  const { raw, map, chunk } = part;
  const record = { type: 'chunk', chunk, ...range, raw, map, end, ...progress };
  const where = `${part.label} (${span(range.pos, range.pos + range.size)})`;
  const known = summary(progress);
  const goOn = how.isReread
    ? 'To go on, give the same command without --reread.'
    : 'The same command goes on.';
  let text = `${where}: ${known}.\n  ${raw}  ${map}`;
  if (isElsewhere) {
    text = `${where}: finished before, and ${basename(raw)} is not here any more; nothing to do. ${known}.`;
  } else if (wasDone) text = `${where}: finished before; nothing to do. ${known}.`;
  else if (end === 'aborted') text = `${where}: stopped, saved. ${known}. ${goOn}`;
  context.report.result(
    { ...record, ...(isElsewhere && { isElsewhere }), ...(wasDone && { wasDone }) },
    text,
  );
}
