/** `rescue read`: copies chunks of a source into a directory, one file and one map a chunk. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  assertDistinctFiles,
  canPack,
  emptyMap,
  finalPath,
  holdsData,
  missingMount,
  mountOf,
  namesIn,
  RescueError,
  readManifest,
  readMapText,
  statOf,
  withPlace,
} from '@chunkrescue/engine';
import { lintMapfile } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, statusOf, UsageError, worse } from '../exit.ts';
import { parseChunks } from '../options/chunks.ts';
import { freeReceived } from './free-received.ts';
import { nowhereWords } from './read-nowhere.ts';
import type { ReadArguments } from './read-options.ts';
import { type PartOutcome, readPart, type Task } from './read-part.ts';
import { chooseLayout, type Part, parts, unreadParts } from './read-parts.ts';
import { lookForRoom, partsThatFit, takeReceipts } from './read-room.ts';
import { tellAllRead, tellEnd } from './read-tell.ts';
import { manifestOf, refuseUnproven } from './rescue-identity.ts';
import { chooseSource, refuseSameDisk } from './source-guard.ts';
import { loadSealed } from './stored-map.ts';
import { keepCopy, type VolatileMap, warnOfVolatile } from './volatile-map.ts';
import { withLockedMap } from './world.ts';

export async function read(args: ReadArguments, context: Context): Promise<ExitStatus> {
  checkArguments(args);
  const spans = args.chunk === undefined ? [] : parseChunks(args.chunk);
  const common = args.map ?? join(args.out, 'common.map');
  return withLockedMap(common, async (worker) => {
    const found = loadSealed(common);
    if (found === undefined || found.map.count === 0) refuseEmptied(common, args);
    const told = readManifest(found?.heading ?? []);
    refuseUnmounted(args, told.places ?? []);
    const source = chooseSource(args, told, context);
    refuseSameDisk(args.out, source.path, args);
    warnOfForgotten(args.out, context);
    warnOfMap(args, common, context);
    const origin = { mapfile: found, source, out: args.out, common, isAdopted: args.adopt };
    if (!isInsisting(args)) refuseUnproven(common, origin);
    const places = withPlace(told.places ?? [], args.out);
    const manifest = { ...manifestOf(origin), places };
    const layout = chooseLayout(args, { source, begun: manifest.chunkSize }, context);
    const received = takeReceipts(manifest.job as string, { out: args.out, common });
    // First: a stick may be so full that nothing at all can be tried on it.
    const begun = { ...manifest, chunkSize: layout.chunkSize };
    const freeing = {
      out: args.out,
      receipt: received.here,
      common,
      mapfile: found,
      manifest: begun,
    };
    const mapfile = args.free ? freeReceived(freeing, context) : found;
    const room = lookForRoom(args, layout, context);
    const task: Task = {
      args,
      source,
      common,
      worker,
      layout,
      manifest,
      receipt: received.known,
      room,
    };
    if (args['domain-map'] !== undefined) warnOfMisread(args['domain-map'], context);
    if (args['retry-bad'] && mapfile === undefined) throw nothingToRetry(common);
    const plan = { spans, layout, mapfile };
    const known = { layout, mapfile, receipt: received.known, out: args.out, common };
    if (!args.fit && !args.next) {
      const chosen = [...parts(args, plan)];
      const status = await readAll(chosen, task, context);
      const words = args.all ? nowhereWords(known) : undefined;
      if (words !== undefined) context.report.note(words);
      if (args['retry-bad'] && chosen.length === 0) {
        const left = [...unreadParts(args, plan)].length;
        if (left === 0) return status;
        // Others may have read them; this map has gone back in time then.
        context.report.note(
          `As far as ${common} knows, ${left} of the chunks were not read yet: --fit reads them.`,
        );
        return worse(status, EXIT.incomplete);
      }
      return status;
    }
    const unread = [...unreadParts(args, plan)];
    if (unread.length === 0) return tellAllRead(known, context);
    const now = args.next
      ? unread.slice(0, 1)
      : partsThatFit(unread, { room, out: args.out }, context);
    return readAll(now, task, context);
  });
}

/**
 * A map that is gone is made anew from the chunks that are there; one that is there and says nothing was lost by an
 * accident that may not have taken its copy. @throws RescueError
 */
function refuseEmptied(common: string, { out }: ReadArguments): void {
  if (statOf(common) === undefined) return;
  const chunks = namesIn(out).filter((name) => /^chunk\d+\.raw/.test(name));
  const target = chunks.map((name) => join(out, name)).find(holdsData);
  if (target !== undefined) throw emptyMap({ target, map: common });
}

function checkArguments(args: ReadArguments): void {
  const chosen = Object.entries({
    '--chunk': args.chunk !== undefined,
    '--all': args.all,
    '--next': args.next,
    '--fit': args.fit,
    '--retry-bad': args['retry-bad'],
    '--domain-map': args['domain-map'] !== undefined,
  }).flatMap(([option, isGiven]) => (isGiven ? [option] : []));
  if (chosen.length > 1) {
    throw new UsageError(`${chosen.join(' and ')} are given together; say one of them.`);
  }
  if (chosen.length === 0) {
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
  let [count, bad] = [0, 0];
  for (const part of all) {
    const outcome = await readPartOrGoOn(part, task, context);
    status = worse(status, outcome.status);
    if (outcome.gained > 0) gained.push(part.label);
    count++;
    bad += outcome.bad;
    keepCopy(copyOf(task));
    if (context.trap.signal.aborted || status === EXIT.limit) break;
  }
  tellEnd({ args: task.args, gained, count, bad }, context);
  return status;
}

/** With --all a chunk whose file was carried away does not hold up the others. */
async function readPartOrGoOn(part: Part, task: Task, context: Context): Promise<PartOutcome> {
  const { args } = task;
  try {
    return await readPart(part, task, context);
  } catch (error) {
    const isGone = error instanceof RescueError && error.code === 'target-missing';
    if (!(args.all || args['retry-bad']) || !isGone) throw error;
    context.report.error({ code: error.code, message: error.message, hint: error.hint });
    return { status: statusOf(error), gained: 0, bad: 0 };
  }
}

/** Where a map that lies in memory has a copy: with the chunks. */
function copyOf({ args, common }: Pick<Task, 'args' | 'common'>): VolatileMap {
  return { map: common, copy: join(args.out, 'common.copy.map') };
}

/** Where sticks are mounted there is a folder even when none is. */
function warnOfForgotten(out: string, context: Context): void {
  const path = finalPath(out);
  if (!/^\/(media|mnt|run\/media)\/./.test(path) || mountOf(path)?.folder !== '/') return;
  context.report.warning(
    `Nothing is mounted at ${out}: the chunks go onto this PC's own disk. Is the stick plugged in?`,
  );
}

/** The stick of this rescue is not there, and would hide what is written into its empty folder. */
function refuseUnmounted(args: ReadArguments, places: readonly string[]): void {
  const mount = args['other-out'] ? undefined : missingMount(places, args.out);
  if (mount === undefined) return;
  throw new RescueError(
    'target-missing',
    `The chunks of this rescue went to a file system of their own at ${mount}; nothing is mounted there now. Is the stick plugged in and mounted?`,
    {
      path: args.out,
      hint: `Mount it and give the same command again (lsblk shows what is plugged in). To write into the folder ${args.out} as it is now say --other-out, or give another --out.`,
    },
  );
}

function warnOfMap(args: ReadArguments, common: string, context: Context): void {
  warnOfVolatile(copyOf({ args, common }), 'Put it on a disk with --map.', context);
  const folder = mountOf(args.out)?.folder;
  if (args.map === undefined && folder !== undefined && folder !== '/') {
    context.report.note(
      `${common} lies with the chunks: when the stick is lost, so is what is known of the disk. Better keep it on this PC with --map.`,
    );
  }
}

/** Numbers in a plan made by hand may mean something else than they seem to. */
function warnOfMisread(plan: string, context: Context): void {
  for (const { severity, code, line, message } of lintMapfile(readMapText(plan) ?? '')) {
    if (severity === 'error' || code !== 'octal') continue;
    context.report.warning(`${plan}, line ${line}: ${message}`);
  }
}

function nothingToRetry(common: string): RescueError {
  return new RescueError('map-read', `There is no map ${common}, so nothing tells what was bad.`, {
    path: common,
    hint: 'Give the map of the rescue with --map. If it is lost, rescue read --all makes it anew from the chunks that are here.',
  });
}

/** The user has said what the map's claims are worth. */
function isInsisting(args: ReadArguments): boolean {
  return args.adopt || args.carried || args.reread || args['trust-target'];
}
