/** `rescue read`: copies chunks of a source into a directory, one file and one map a chunk. */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  assertDistinctFiles,
  type ChunkLayout,
  chunkCount,
  chunkName,
  chunkRange,
  DEFAULT_CHUNK_SIZE,
  type FileRescueJob,
  manifestComments,
  RescueError,
  type RescueWorker,
  readManifest,
} from '@chunkrescue/engine';
import { alignUp, Domain, type Mapfile, type Range } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, UsageError, worse } from '../exit.ts';
import { type ChunkSpan, parseChunks } from '../options/chunks.ts';
import {
  type EngineArguments,
  engineSettings,
  type OutputArguments,
  withEngineOptions,
  withOutputOptions,
} from '../options/shared.ts';
import { parseSize } from '../options/size.ts';
import { span } from '../screen/units.ts';
import { runRescue, statusOfEnd, summary } from './run-rescue.ts';
import { inspectSource, loadMap, type SourceFacts, withLockedMap } from './world.ts';

export interface ReadArguments extends EngineArguments, OutputArguments {
  source: string;
  chunk: string | undefined;
  'chunk-size': string | undefined;
  all: boolean;
  next: boolean;
  'domain-map': string | undefined;
  out: string;
  map: string | undefined;
  reread: boolean;
}

export function readOptions(argv: Argv): Argv<ReadArguments> {
  const own = argv
    .positional('source', {
      type: 'string',
      demandOption: true,
      describe: 'Failing device, or a file',
    })
    .options({
      chunk: {
        type: 'string',
        requiresArg: true,
        describe: 'Numbers of the chunks to read, from 0: 3 or 0-9,12',
      },
      all: { type: 'boolean', default: false, describe: 'Read every chunk that is not finished' },
      next: {
        type: 'boolean',
        default: false,
        describe: 'Read the first chunk that is not finished',
      },
      'domain-map': {
        alias: 'm',
        type: 'string',
        requiresArg: true,
        describe: 'Instead of chunks: read what is finished (+) in this map',
      },
      'chunk-size': {
        type: 'string',
        requiresArg: true,
        describe: 'Bytes of a chunk [default: 100MiB, or as begun]',
      },
      out: {
        type: 'string',
        requiresArg: true,
        default: '.',
        describe: 'Directory for the chunks, for example the stick',
      },
      map: {
        type: 'string',
        requiresArg: true,
        describe: 'The common map of the whole source [default: common.map in --out]',
      },
      reread: {
        type: 'boolean',
        default: false,
        describe: 'Read again what the map says was read already',
      },
    });
  return withOutputOptions(withEngineOptions(own))
    .example('$0 read /dev/sdb1 --chunk 3', 'one chunk of 100 MiB: chunk03.raw and chunk03.map')
    .example('$0 read /dev/sdb1 --all --out /media/stick', 'every chunk, onto the stick')
    .example('$0 read /dev/sdb1 --chunk 3 -r 3', 'later: try its bad sectors three times more')
    .strict() as unknown as Argv<ReadArguments>;
}

/** One chunk, or the ranges of a map made by hand. */
interface Part {
  readonly label: string;
  readonly chunk: number | undefined;
  readonly raw: string;
  readonly map: string;
  readonly ranges: readonly Range[];
}

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
    status = worse(status, await readPart(part, { ...task, layout }, context));
    if (context.trap.caught() !== undefined || status === EXIT.limit) break;
  }
  return status;
}

async function readPart(
  part: Part,
  task: Task & { readonly layout: ChunkLayout },
  context: Context,
): Promise<ExitStatus> {
  const { args, source, layout, common, worker } = task;
  const plan = args['domain-map'];
  assertDistinctFiles([
    { role: 'source', path: args.source },
    { role: 'chunk', path: part.raw },
    { role: "chunk's map", path: part.map },
    { role: 'common map', path: common },
    ...(plan === undefined ? [] : [{ role: 'domain map', path: plan }]),
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
    settings: engineSettings(args, source),
    targetSize: range.pos + range.size,
    commandLine: context.commandLine,
    comments: manifestComments({
      ...(part.chunk === undefined ? {} : { chunkSize: layout.chunkSize }),
      sourceSize: source.size,
    }),
  };
  const result = await runRescue({ worker, job, label: part.label }, context);
  const { end, progress } = result;
  const files = { raw: part.raw, map: part.map };
  const record = { type: 'chunk', chunk: part.chunk, ...range, ...files, end, ...progress };
  const where = `${part.label} (${span(range.pos, range.pos + range.size)})`;
  if (result.isElsewhere) {
    context.report.result(
      { ...record, isElsewhere: true },
      `${where}: finished before, and ${basename(part.raw)} is not here any more; nothing to do. ${summary(progress)}.`,
    );
  } else if (end === 'aborted') {
    context.report.result(
      record,
      `${where}: stopped, saved. ${summary(progress)}. The same command goes on.`,
    );
    return EXIT.incomplete;
  } else {
    context.report.result(record, `${where}: ${summary(progress)}.\n  ${part.raw}  ${part.map}`);
  }
  return statusOfEnd(result, args.source);
}

/** The chunk size: as asked for, as begun, or 100 MiB; whole sectors in any case. */
function chooseLayout(
  args: ReadArguments,
  known: { source: SourceFacts; mapfile: Mapfile | undefined },
  context: Context,
): ChunkLayout {
  const { source, mapfile } = known;
  const begun = readManifest(mapfile?.heading ?? []).chunkSize;
  const unit = Math.max(source.sectorSize, source.physicalSectorSize);
  let chunkSize = begun ?? DEFAULT_CHUNK_SIZE;
  if (args['chunk-size'] !== undefined) {
    const { sectorSize } = source;
    const asked = parseSize(args['chunk-size'], { option: '--chunk-size', min: 1, sectorSize });
    chunkSize = alignUp(asked, unit);
    if (chunkSize !== asked) {
      context.report.note(
        `--chunk-size: rounded up from ${asked} to ${chunkSize} bytes, a whole number of sectors of ${unit} bytes.`,
      );
    }
  }
  if (begun !== undefined && begun !== chunkSize) {
    throw new RescueError(
      'map-mismatch',
      `This rescue was begun with chunks of ${begun} bytes; --chunk-size says ${chunkSize}.`,
      { hint: 'Leave --chunk-size out to go on, or use another --map for another cut.' },
    );
  }
  return { chunkSize, sourceSize: source.size };
}

/** What to read, part after part; a chunk behind the source's end is refused when its turn comes. */
function* parts(
  args: ReadArguments,
  plan: { spans: readonly ChunkSpan[]; layout: ChunkLayout; mapfile: Mapfile | undefined },
): IterableIterator<Part> {
  const { layout, spans } = plan;
  if (args['domain-map'] !== undefined) {
    yield domainPart(args.out, args['domain-map'], layout);
    return;
  }
  if (spans.length > 0) {
    for (const { first, last } of spans) {
      for (let number = first; number <= last; number++) yield chunkPart(args.out, number, layout);
    }
    return;
  }
  let isAny = false;
  for (let number = 0; number < chunkCount(layout); number++) {
    const part = chunkPart(args.out, number, layout);
    const isDone = !args.reread && isFinished(plan.mapfile, part.ranges[0] as Range, args);
    if (isDone && args.next) continue;
    isAny = true;
    yield part;
    if (args.next) return;
  }
  if (!isAny) {
    throw new RescueError(
      'beyond-end',
      `All ${chunkCount(layout)} chunks are read; there is no next one.`,
    );
  }
}

function chunkPart(out: string, number: number, layout: ChunkLayout): Part {
  const range = chunkRange(layout, number);
  if (range === undefined) {
    throw new RescueError(
      'beyond-end',
      `Chunk ${number} would begin at position ${number * layout.chunkSize}, but the source ends at ${layout.sourceSize}.`,
      { hint: `The last chunk is ${chunkCount(layout) - 1}.` },
    );
  }
  const name = chunkName(number);
  const label = `chunk ${number} of 0-${chunkCount(layout) - 1}`;
  const [raw, map] = [join(out, `${name}.raw`), join(out, `${name}.map`)];
  return { label, chunk: number, raw, map, ranges: [range] };
}

/** The result's map goes to X.raw.map: X.map is the plan, and stays as it was made. */
function domainPart(out: string, path: string, layout: ChunkLayout): Part {
  const plan = loadMap(path);
  if (plan === undefined) {
    throw new RescueError('map-read', `There is no domain map ${path}.`, { path });
  }
  const planned = Domain.fromMap(plan.map);
  if (planned.isEmpty) {
    throw new RescueError(
      'empty-domain',
      `${path} marks nothing to read: it has no finished (+) block.`,
      {
        path,
      },
    );
  }
  if (planned.start >= layout.sourceSize) {
    throw new RescueError(
      'beyond-end',
      `${path} begins at position ${planned.start}, but the source ends at ${layout.sourceSize}.`,
      { path },
    );
  }
  const name = basename(path).replace(/\.map$/, '');
  const raw = join(out, `${name}.raw`);
  const ranges = [...planned.clip(0, layout.sourceSize).ranges()];
  return { label: name, chunk: undefined, raw, map: `${raw}.map`, ranges };
}

/** Nothing of the range is left to read, as far as the options would. */
function isFinished(mapfile: Mapfile | undefined, range: Range, args: ReadArguments): boolean {
  if (mapfile === undefined) return false;
  const { pos, size } = range;
  const { map } = mapfile;
  if (map.start > pos || map.end < pos + size) return false;
  const part = map.slice(pos, pos + size);
  const wanted = args['retry-passes'] === undefined ? 0 : part.sizeOf('-');
  return part.sizeOf('?') + part.sizeOf('*') + part.sizeOf('/') + wanted === 0;
}
