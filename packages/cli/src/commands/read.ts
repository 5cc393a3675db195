/** `rescue read`: copies chunks of a source into a directory, one file and one map a chunk. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  assertDistinctFiles,
  canPack,
  isVolatile,
  RescueError,
  readManifest,
  writeTextDurably,
} from '@chunkrescue/engine';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, statusOf, UsageError, worse } from '../exit.ts';
import { parseChunks } from '../options/chunks.ts';
import type { ReadArguments } from './read-options.ts';
import { readPart, type Task } from './read-part.ts';
import { allRead, chooseLayout, type Part, parts, unreadParts } from './read-parts.ts';
import { freeReceived, keptReceipt, lookForRoom, partsThatFit, takeReceipt } from './read-room.ts';
import { chooseSource, manifestOf, refuseSameDisk, warnOfVolatile } from './read-task.ts';
import { tellEnd } from './read-tell.ts';
import { loadSealed, withLockedMap } from './world.ts';

export async function read(args: ReadArguments, context: Context): Promise<ExitStatus> {
  checkArguments(args);
  const spans = args.chunk === undefined ? [] : parseChunks(args.chunk);
  const common = args.map ?? join(args.out, 'common.map');
  return withLockedMap(common, async (worker) => {
    const mapfile = loadSealed(common);
    const known = readManifest(mapfile?.heading ?? []);
    const source = chooseSource(args, known, context);
    refuseSameDisk(args.out, source.path, args);
    warnOfVolatile(common, args.out, context);
    const manifest = manifestOf(mapfile, { out: args.out, source });
    const layout = chooseLayout(args, { source, begun: manifest.chunkSize }, context);
    const receipt = takeReceipt(manifest.job as string, { out: args.out, common });
    const room = lookForRoom(args, layout, context);
    const task: Task = { args, source, common, worker, layout, manifest, receipt, room };
    if (receipt !== undefined && receipt.path !== keptReceipt(common)) {
      writeTextDurably(keptReceipt(common), readFileSync(receipt.path, 'utf8'));
    }
    if (args.free) freeReceived(args.out, receipt, context);
    const plan = { spans, layout, mapfile };
    if (!args.fit) return readAll(parts(args, plan), task, context);
    const unread = [...unreadParts(args, plan)];
    if (unread.length === 0) throw allRead(layout);
    const fresh = args.free ? lookForRoom(args, layout, context) : room;
    return readAll(partsThatFit(unread, fresh, context), task, context);
  });
}

function checkArguments(args: ReadArguments): void {
  const chosen = [
    args.chunk !== undefined,
    args.all,
    args.next,
    args.fit,
    args['retry-bad'],
    args['domain-map'] !== undefined,
  ];
  if (chosen.filter(Boolean).length !== 1) {
    throw new UsageError(
      'Say what to read: one of --chunk N, --next, --fit, --all, --retry-bad or --domain-map FILE.',
    );
  }
  if (args['retry-bad'] && args.reread) {
    throw new UsageError('--retry-bad keeps what was read; --reread forgets it. Say one of them.');
  }
  if (args.compress !== undefined && !canPack(args.compress)) {
    throw new UsageError(
      `--compress: this Node (${process.version}) has no ${args.compress}; use gzip.`,
    );
  }
  if (args.stage !== undefined && (args.compress === undefined || !isFolder(args.stage))) {
    throw new UsageError(
      args.compress === undefined
        ? '--stage goes with --compress.'
        : `--stage: there is no directory ${args.stage}.`,
    );
  }
  if (!isFolder(args.out)) {
    throw new UsageError(`--out: there is no directory ${args.out}. Is the stick mounted?`);
  }
  const common = args.map ?? join(args.out, 'common.map');
  assertDistinctFiles([
    { role: 'source', path: args.source },
    { role: 'common map', path: common },
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function readAll(all: Iterable<Part>, task: Task, context: Context): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.rescued;
  const gained: string[] = [];
  let count = 0;
  for (const part of all) {
    const outcome = await readPartOrGoOn(part, task, context);
    status = worse(status, outcome.status);
    if (outcome.gained > 0) gained.push(part.label);
    count++;
    keepCopy(task);
    if (context.trap.signal.aborted || status === EXIT.limit) break;
  }
  tellEnd({ args: task.args, gained, count }, context);
  return status;
}

/** With --all a chunk whose file was carried away does not hold up the others. */
async function readPartOrGoOn(
  part: Part,
  task: Task,
  context: Context,
): Promise<{ readonly status: ExitStatus; readonly gained: number }> {
  const { args } = task;
  try {
    return await readPart(part, task, context);
  } catch (error) {
    const isGone = error instanceof RescueError && error.code === 'target-missing';
    if (!(args.all || args['retry-bad']) || !isGone) throw error;
    context.report.error({ code: error.code, message: error.message, hint: error.hint });
    return { status: statusOf(error), gained: 0 };
  }
}

/** A map that lies in memory only has a copy where the chunks are. */
function keepCopy({ args, common }: Task): void {
  if (!isVolatile(common) || isVolatile(args.out) || !existsSync(common)) return;
  writeTextDurably(join(args.out, 'common.copy.map'), readFileSync(common, 'utf8'));
}
