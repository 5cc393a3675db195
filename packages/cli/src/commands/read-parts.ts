/** Which parts of the source `rescue read` reads, one after the other. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type ChunkLayout,
  chunkCount,
  chunkName,
  chunkRange,
  DEFAULT_CHUNK_SIZE,
  RescueError,
  readManifest,
  refuseLink,
} from '@chunkrescue/engine';
import { alignUp, Domain, type Mapfile, type Range } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import type { ChunkSpan } from '../options/chunks.ts';
import { askedSector } from '../options/shared.ts';
import { parseSize } from '../options/size.ts';
import type { ReadArguments } from './read-options.ts';
import { loadMap } from './stored-map.ts';
import type { SourceFacts } from './world.ts';

/** What decides which chunks are left to read. */
export type ChunkChoice = Pick<ReadArguments, 'out' | 'no-sweep' | 'no-scrape'>;

/** One chunk, or the ranges of a map made by hand. */
export interface Part {
  readonly label: string;
  readonly chunk: number | undefined;
  readonly raw: string;
  readonly map: string;
  readonly ranges: readonly Range[];
}

/** The cut into chunks, and whether this rescue was begun with it. */
export interface ReadLayout extends ChunkLayout {
  readonly isBegun: boolean;
}

/** The chunk size: as asked for, as begun, or 100 MiB; whole sectors in any case. */
export function chooseLayout(
  args: Pick<ReadArguments, 'chunk-size' | 'sector-size'>,
  { source, begun }: { source: SourceFacts; begun: number | undefined },
  context: Context,
): ReadLayout {
  const unit = Math.max(source.sectorSize, source.physicalSectorSize);
  let chunkSize = begun ?? DEFAULT_CHUNK_SIZE;
  if (args['chunk-size'] !== undefined) {
    const sectorSize = askedSector(args) ?? source.sectorSize;
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
  return { chunkSize, sourceSize: source.size, isBegun: begun !== undefined };
}

/** What was asked for by name, part after part; a chunk behind the source's end is refused when its turn comes. */
export function* parts(
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
  if (args.all) {
    for (let number = 0; number < chunkCount(layout); number++) {
      yield chunkPart(args.out, number, layout);
    }
    return;
  }
  if (args['retry-bad']) yield* partsWithBad(args, plan);
}

/**
 * The chunks that the options would go on with. Bad sectors do not hold it up, nor does what `-N` leaves:
 * `--next` again and again comes to the end of the disk.
 */
export function* unreadParts(
  args: ChunkChoice,
  { layout, mapfile }: { layout: ChunkLayout; mapfile: Mapfile | undefined },
): IterableIterator<Part> {
  for (let number = 0; number < chunkCount(layout); number++) {
    const part = chunkPart(args.out, number, layout);
    if (!isPassed(mapfile, part.ranges[0] as Range, args)) yield part;
  }
}

/** The chunks in which something failed, as far as they were tried. */
function* partsWithBad(
  args: ChunkChoice,
  { layout, mapfile }: { layout: ChunkLayout; mapfile: Mapfile | undefined },
): IterableIterator<Part> {
  if (mapfile === undefined) return;
  const { map } = mapfile;
  const failed = Domain.of([...map.ranges('-'), ...map.ranges('/'), ...map.ranges('*')]);
  for (let number = 0; number < chunkCount(layout); number++) {
    const part = chunkPart(args.out, number, layout);
    const { pos, size } = part.ranges[0] as Range;
    if (!failed.clip(pos, pos + size).isEmpty) yield part;
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
  const { chunk, kind } = readManifest(plan.heading);
  if (chunk !== undefined && kind !== 'plan') {
    throw new RescueError('target-exists', `${path} is the map of chunk ${chunk}, no plan.`, {
      path,
      hint: `To go on with that chunk say --chunk ${chunk}.`,
    });
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
function isPassed(mapfile: Mapfile | undefined, { pos, size }: Range, args: ChunkChoice): boolean {
  if (mapfile === undefined) return false;
  const { map } = mapfile;
  if (map.start > pos || map.end < pos + size) return false;
  const part = map.slice(pos, pos + size);
  const nonTried = part.sizeOf('?');
  // -N leaves what was skipped, and what borders on it untrimmed. That looks like an interrupted chunk.
  if (args['no-sweep']) return nonTried < size;
  return nonTried + part.sizeOf('*') + (args['no-scrape'] ? 0 : part.sizeOf('/')) === 0;
}

/** A chunk's own name may belong to a plan made by hand, or to what was read by one. */
export function refuseForeignMap(part: Part, { reread }: Pick<ReadArguments, 'reread'>): void {
  const { chunk, raw, map } = part;
  refuseLink(map);
  if (chunk === undefined) return;
  const planned = `${raw}.map`;
  if (existsSync(planned)) {
    throw new RescueError(
      'target-exists',
      `${raw} was read by a domain map; ${planned} tells what is in it.`,
      {
        path: raw,
        hint: `Go on with --domain-map, or choose another --out.`,
      },
    );
  }
  if (!existsSync(map)) return;
  // What is to be read again needs no map that can be read.
  const mapfile = reread ? readable(map) : loadMap(map);
  if (mapfile === undefined || readManifest(mapfile.heading).chunk === chunk) return;
  throw new RescueError(
    'target-exists',
    `${map} is not the map of chunk ${chunk}; it may be a plan made by hand.`,
    {
      path: map,
      hint: `To read what it marks say --domain-map ${map}; otherwise choose another --out.`,
    },
  );
}

function readable(path: string): Mapfile | undefined {
  try {
    return loadMap(path);
  } catch (error) {
    if (error instanceof RescueError) return undefined;
    throw error;
  }
}
