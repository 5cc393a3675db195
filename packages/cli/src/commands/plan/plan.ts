/** `rescue plan`: how a source would be cut into chunks, and how they would travel. Reads nothing of it. */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  checkBinding,
  chunkCount,
  chunkName,
  chunkRange,
  describeSource,
  domainTotals,
  type Manifest,
  openFileSource,
  type ReadState,
  RescueError,
  readManifest,
  readState,
  shellWord,
} from '@chunkrescue/engine';
import { type Mapfile, RescueMap, unionOf } from '@chunkrescue/mapfile';
import type { Context } from '../../context.ts';
import { EXIT, type ExitStatus, UsageError } from '../../exit.ts';
import { ownCommand } from '../../screen/own-command.ts';
import { chooseLayout, type ReadLayout } from '../read-parts.ts';
import { refuseSameDisk } from '../source-guard.ts';
import { loadSealed } from '../stored-map.ts';
import { inspectSource } from '../world.ts';
import { type PlanArguments, plannedRead } from './options.ts';
import { writePlans } from './plan-maps.ts';
import { planLines } from './table.ts';
import { countTrips, type Trips } from './trips.ts';

/** One line of the chunk table. Bytes. */
export interface PlannedChunk {
  readonly chunk: number;
  readonly name: string;
  readonly pos: number;
  readonly size: number;
  /** Where a common map tells. */
  readonly read: ReadState | undefined;
}

/** More lines than anybody reads, and more files than a directory should hold. */
const CHUNKS_MAX = 1_000_000;

export async function plan(args: PlanArguments, context: Context): Promise<ExitStatus> {
  checkFolders(args);
  const source = inspectSource(args.source, { direct: 'never', 'test-mode': undefined });
  const path = commonMap(args);
  const mapfile = path === undefined ? undefined : loadCommon(path);
  const manifest = readManifest(mapfile?.heading ?? []);
  if (path !== undefined) refuseOtherSource(path, { manifest, source: args.source });
  const begun = manifest.chunkSize;
  const layout = chooseLayout(plannedRead(args), { source, begun }, context);
  refuseTooMany(layout);
  const chunks = plannedChunks(layout, mapfile);
  let trips: Trips | undefined;
  let problem: RescueError | undefined;
  if (args.out !== undefined) {
    refuseSameDisk(args.out, args.source, { 'allow-same-disk': false });
    try {
      trips = countTrips(plannedRead(args), { layout, mapfile }, context);
    } catch (error) {
      if (!(error instanceof RescueError) || error.code !== 'no-room') throw error;
      problem = error;
    }
  }
  const maps = writePlans(args, { layout, chunks, source, commandLine: context.commandLine });
  const { identity, size, sectorSize } = source;
  const { chunkSize } = layout;
  const record = {
    type: 'plan',
    source: { path: args.source, ...identity, size, sectorSize },
    chunkSize,
    commonMap: path ?? null,
    chunks: chunks.map(({ read, ...rest }) => ({ ...rest, read: read ?? null })),
    room: trips === undefined ? null : { folder: args.out, ...trips },
    problem: problem === undefined ? null : { code: problem.code, message: problem.message },
    maps,
  };
  const heading = `${args.source}: ${describeSource({ identity, size })}`;
  const told = { heading, begin: beginning(args), chunkSize, chunks, trips, out: args.out, maps };
  context.report.result(record, planLines(told, args).join('\n'));
  if (problem === undefined) return EXIT.rescued;
  const { code, message, hint } = problem;
  if (!args.json) context.report.error({ code, message, hint });
  return EXIT.environment;
}

/** Without a map anywhere it gets one on this PC, where it stays when the stick is lost. */
function beginning(args: PlanArguments): string {
  const { source, out = '.', 'chunk-size': chunkSize } = args;
  const proposed = `${basename(source).replace(/\.(raw|img|dd|bin)$/, '')}.map`;
  const isNew = commonMap(args) === undefined && !existsSync(proposed);
  const map = args.map ?? (isNew ? proposed : undefined);
  return [
    `${ownCommand()} read ${shellWord(source)} --fit --out ${shellWord(out)}`,
    ...(map === undefined ? [] : [`--map ${shellWord(map)}`]),
    ...(chunkSize === undefined ? [] : [`--chunk-size ${shellWord(chunkSize)}`]),
  ].join(' ');
}

function checkFolders(args: PlanArguments): void {
  for (const option of ['out', 'maps'] as const) {
    const folder = args[option];
    if (folder === undefined || (existsSync(folder) && statSync(folder).isDirectory())) continue;
    throw new UsageError(`--${option}: there is no directory ${folder}.`);
  }
}

/** The map that `rescue read` would go on with. */
function commonMap({ map, out }: PlanArguments): string | undefined {
  if (map !== undefined) return map;
  const usual = out === undefined ? undefined : join(out, 'common.map');
  return usual !== undefined && existsSync(usual) ? usual : undefined;
}

function loadCommon(path: string): Mapfile {
  const mapfile = loadSealed(path);
  if (mapfile !== undefined) return mapfile;
  throw new RescueError('map-read', `There is no map ${path}.`, {
    path,
    hint: 'Leave --map out for a rescue that has not begun.',
  });
}

/** By size and by name only: not a byte of the source is read for it. */
function refuseOtherSource(
  map: string,
  { manifest, source: path }: { readonly manifest: Manifest; readonly source: string },
): void {
  const { sourceSize, samples: _, ...rest } = manifest;
  const source = openFileSource(path, { direct: false });
  try {
    checkBinding({ map, manifest: rest, source });
    if (sourceSize === undefined || sourceSize === source.size) return;
    throw new RescueError(
      'map-mismatch',
      `${map} was begun with a source of ${sourceSize} bytes; ${path} has ${source.size}.`,
      { path: map, hint: 'lsblk -o NAME,SIZE,MODEL,SERIAL shows which disk is which.' },
    );
  } finally {
    source.close();
  }
}

function refuseTooMany(layout: ReadLayout): void {
  const count = chunkCount(layout);
  if (count <= CHUNKS_MAX) return;
  throw new UsageError(
    `Chunks of ${layout.chunkSize} bytes would be ${count}; more than ${CHUNKS_MAX} are a slip. Give a larger --chunk-size.`,
  );
}

function plannedChunks(layout: ReadLayout, mapfile: Mapfile | undefined): PlannedChunk[] {
  const whole = RescueMap.ofOne(0, layout.sourceSize);
  const known = mapfile && unionOf(mapfile.map, whole);
  return Array.from({ length: chunkCount(layout) }, (_, chunk) => {
    const { pos, size } = chunkRange(layout, chunk) ?? { pos: 0, size: 0 };
    const read = known && readState(domainTotals(known.slice(pos, pos + size)));
    return { chunk, name: chunkName(chunk), pos, size, read };
  });
}
