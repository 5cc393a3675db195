/** Reads one chunk, or the ranges of a map made by hand. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  assertDistinctFiles,
  type ChunkPair,
  chunkCount,
  type FileRescueJob,
  type FileRescueResult,
  type Layout,
  type Manifest,
  mapNameOf,
  type Packing,
  packedName,
  type Receipt,
  type RescueWorker,
} from '@chunkrescue/engine';
import type { Range } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, worse } from '../exit.ts';
import { careOf, engineSettings } from '../options/shared.ts';
import { goOnWords, withGoOnWords } from './read-again.ts';
import type { ReadArguments } from './read-options.ts';
import { type Part, type ReadLayout, refuseForeignMap } from './read-parts.ts';
import type { Room } from './read-room.ts';
import { tellCheck, tellPart } from './read-tell.ts';
import { runRescue, statusOfEnd } from './run-rescue.ts';
import type { FoundSource } from './source-guard.ts';
import { manifestAt } from './stored-map.ts';

/** What all parts of one command have in common. */
export interface Task {
  readonly args: ReadArguments;
  readonly source: FoundSource;
  /** The map of the whole source. */
  readonly common: string;
  readonly worker: RescueWorker;
  readonly layout: ReadLayout;
  readonly manifest: Manifest;
  readonly receipt: Receipt | undefined;
  readonly room: Room;
}

/** How a part ended, and the bytes that it brought. */
export interface PartOutcome {
  readonly status: ExitStatus;
  readonly gained: number;
  /** Bytes of it that could not be read. */
  readonly bad: number;
}

export async function readPart(part: Part, task: Task, context: Context): Promise<PartOutcome> {
  const { args, source, worker } = task;
  refuseForeignMap(part, args);
  refuseSameFiles(part, task);
  const range = hullOf(part);
  const job = jobFor(part, { task, range, commandLine: context.commandLine });
  const lastChunk = chunkCount(task.layout) - 1;
  const stopped = { chunk: part.chunk, lastChunk, args };
  const result = await runRescue({ worker, job, label: part.label }, context).catch((error) => {
    throw withGoOnWords(error, stopped);
  });
  const shown = shownPair(part, job.chunk?.packed?.pair);
  const goOn = goOnWords(stopped);
  tellPart({ ...part, ...shown }, { result, range, args, goOn }, context);
  const checked = job.chunk?.packed?.pair ?? shown;
  const isChecked = tellCheck({ ...part, ...checked }, { result, args, goOn }, context);
  const status = result.end === 'aborted' ? EXIT.incomplete : statusOfEnd(result, source.path);
  return {
    status: isChecked ? status : worse(status, EXIT.corrupt),
    gained: gainOf(result),
    bad: result.progress.bad,
  };
}

/** The chunk's files as they are when finished: compressed or not. */
function shownPair({ raw, map }: Part, packed: ChunkPair | undefined): ChunkPair {
  if (packed !== undefined && existsSync(packed.raw)) return packed;
  const packings = ['gzip', 'zstd'] as const;
  const there = packings
    .map((packing) => packedName(raw, packing))
    .find((name) => existsSync(name));
  if (existsSync(raw)) return { raw, map };
  if (there === undefined) return packed ?? { raw, map };
  return { raw: there, map: mapNameOf(there) };
}

function gainOf({ wasDone, gained }: FileRescueResult): number {
  return wasDone ? 0 : gained;
}

function refuseSameFiles(part: Part, { args, source, common }: Task): void {
  const plan = args['domain-map'];
  assertDistinctFiles([
    { role: 'source', path: source.path },
    { role: 'chunk', path: part.raw },
    { role: "chunk's map", path: part.map },
    { role: 'common map', path: common },
    ...(plan === undefined ? [] : [{ role: 'domain map', path: plan }]),
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
}

/** From the first byte to the last. */
function hullOf(part: Part): Range {
  const first = part.ranges[0] as Range;
  const last = part.ranges.at(-1) as Range;
  return { pos: first.pos, size: last.pos + last.size - first.pos };
}

/** Where things are mounted here is nothing that a chunk tells the other PC. */
const CARRIED = { places: [] as const };

function jobFor(
  part: Part,
  { task, range, commandLine }: { task: Task; range: Range; commandLine: string },
): FileRescueJob {
  const { args, source, layout, common, manifest, receipt, room } = task;
  const staged = stagedPair(part, task);
  const isRetry = args['retry-bad'];
  const settings = engineSettings(args, source);
  const chunkSize =
    part.chunk === undefined && !layout.isBegun ? {} : { chunkSize: layout.chunkSize };
  return {
    source: source.path,
    direct: args.direct,
    ...careOf(args),
    ...(args['test-mode'] === undefined ? {} : { testMap: args['test-mode'] }),
    target: staged.raw,
    map: common,
    manifest: { ...manifest, ...chunkSize },
    isAdopted: args.adopt,
    domain: part.ranges,
    chunk: {
      map: staged.map,
      manifest: {
        range,
        layout: layoutOf(staged, args.compress === undefined ? room.layout : 'compact'),
        ...chunkSize,
        ...CARRIED,
        ...(part.chunk === undefined ? {} : { chunk: part.chunk }),
      },
      isCarried: args.carried,
      ...(receipt === undefined ? {} : { received: [...receipt.map.ranges('+')] }),
      isChecked: !args['no-check'],
      isLazy: isRetry,
      ...(args.compress !== undefined && {
        packed: {
          pair: packedPair(part, args.compress),
          packing: args.compress,
        },
      }),
    },
    isReread: args.reread,
    trustsTarget: args['trust-target'],
    settings:
      isRetry && args['retry-passes'] === undefined ? { ...settings, retryPasses: 1 } : settings,
    targetSize: range.pos + range.size,
    commandLine,
  };
}

/** Where the chunk grows: in its place, or aside until it is compressed. */
function stagedPair({ raw, map }: Part, { args, common }: Task): { raw: string; map: string } {
  if (args.compress === undefined) return { raw, map };
  const stage = args.stage ?? dirname(common);
  return { raw: join(stage, basename(raw)), map: join(stage, basename(map)) };
}

/** A name that is free: what is there may not have been carried yet. */
function packedPair({ raw }: Part, packing: Packing): { raw: string; map: string } {
  for (let number = 1; ; number++) {
    const stem = number === 1 ? raw : raw.replace(/\.raw$/, `-${number}.raw`);
    const path = packedName(stem, packing);
    if (!existsSync(path)) return { raw: path, map: `${path}.map` };
  }
}

/** A chunk that was begun goes on as it was begun. */
function layoutOf({ map }: { readonly map: string }, chosen: Layout): Layout {
  return manifestAt(map).layout ?? chosen;
}
