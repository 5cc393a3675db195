/** `rescue merge`: puts chunks into one image, in any order, as they come. */
import { existsSync } from 'node:fs';
import {
  assertDistinctFiles,
  chunkName,
  type MergedChunk,
  type MergeEvent,
  type MergeResult,
} from '@chunkrescue/engine';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, UsageError, worse } from '../exit.ts';
import { type OutputArguments, withOutputOptions } from '../options/shared.ts';
import { bytes, count, percent, span } from '../screen/units.ts';
import { withLockedMap } from './world.ts';

export interface MergeArguments extends OutputArguments {
  files: string[];
  map: string | undefined;
  force: boolean;
}

export function mergeOptions(argv: Argv): Argv<MergeArguments> {
  const own = argv
    .positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Chunks, each with its map beside it, and last the image',
    })
    .options({
      map: {
        type: 'string',
        requiresArg: true,
        describe: "The image's map [default: IMAGE.map, final.map for final.raw]",
      },
      force: {
        type: 'boolean',
        default: false,
        describe: 'Write into an existing image that no map knows',
      },
    });
  return withOutputOptions(own)
    .example('$0 merge chunk*.raw final.raw', 'all chunks here, in any order')
    .example('$0 merge /media/stick/chunk07.raw final.raw', 'one more chunk into the same image')
    .strict() as unknown as Argv<MergeArguments>;
}

export async function merge(args: MergeArguments, context: Context): Promise<ExitStatus> {
  const raws = args.files.slice(0, -1);
  const image = args.files.at(-1);
  if (image === undefined || raws.length === 0) {
    throw new UsageError('Say which chunks and which image: rescue merge chunk*.raw final.raw');
  }
  if (image.includes('*') || raws.some((raw) => raw.includes('*') && !existsSync(raw))) {
    throw new UsageError(
      `There is no file ${raws.find((raw) => raw.includes('*')) ?? image} here.`,
    );
  }
  if (/\.map$/.test(image)) {
    throw new UsageError(`The last name is the image to write, and ${image} is a map.`);
  }
  if (existsSync(`${image}.map`) && args.map === undefined && /\.raw$/.test(image)) {
    throw new UsageError(
      `The last name is the image to write, and ${image} looks like a chunk: ${image}.map is there. If it is the image, say --map ${image}.map.`,
    );
  }
  const map = args.map ?? `${image.replace(/\.(raw|img|dd|bin)$/, '')}.map`;
  const chunks = raws.map((raw) => ({ raw, map: mapOf(raw) }));
  assertDistinctFiles([
    ...chunks.map(({ raw }) => ({ role: 'chunk', path: raw })),
    ...chunks.map((chunk) => ({ role: "chunk's map", path: chunk.map })),
    { role: 'image', path: image },
    { role: "image's map", path: map },
    ...(args.log === undefined ? [] : [{ role: 'log', path: args.log }]),
  ]);
  const job = { chunks, image, map, isForced: args.force, commandLine: context.commandLine };
  const onEvent = (event: MergeEvent): void => {
    if (event.type === 'merging') context.report.work(event.raw, event.done, event.total);
    else tellChunk(event.chunk, context);
  };
  const following = { signal: context.trap.signal, onEvent };
  const result = await withLockedMap(map, (worker) => worker.merge(job, following));
  return tellImage(result, { image, map }, context);
}

/** Never both: `rescue read` refuses to make the one beside the other. `chunk03.raw.map` where a domain made by hand was read, `chunk03.map` otherwise. */
function mapOf(raw: string): string {
  const own = `${raw}.map`;
  return existsSync(own) ? own : `${raw.replace(/\.[^./]*$/, '')}.map`;
}

function tellChunk(chunk: MergedChunk, context: Context): void {
  const { raw, refusal, added } = chunk;
  if (refusal !== undefined) {
    const { code, message, hint } = refusal;
    context.report.error({ code, message: `Refused: ${message}`, hint });
    return;
  }
  const text = added === 0 ? 'nothing new in it' : `${added} bytes merged`;
  context.report.result({ type: 'chunk', ...chunk }, `${raw}: ${text}`);
  if (!chunk.isOurs) {
    context.report.warning(
      `${raw}: its map was not written by rescue; that the file holds what the map says cannot be checked.`,
    );
  }
}

function tellImage(
  result: MergeResult,
  files: { image: string; map: string },
  context: Context,
): ExitStatus {
  const { totals, missing, manifest } = result;
  const lines = [
    `${files.image}: ${totals.rescued} of ${totals.size} bytes rescued (${percent(totals.rescued, totals.size)})`,
  ];
  if (totals.bad > 0)
    lines.push(`  ${bytes(totals.bad)} could not be read; ${files.map} says where`);
  if (totals.unfinished > 0) {
    lines.push(
      `  ${bytes(totals.unfinished)} failed but not read to the end; read those chunks again`,
    );
  }
  for (const line of missingLines(result)) lines.push(`  ${line}`);
  if (manifest.sourceSize === undefined && totals.size > 0) {
    lines.push('  The size of the whole source is not known; the image ends with the last chunk');
  }
  const { unchecked = 0 } = manifest;
  if (unchecked > 0) {
    lines.push(
      `  ${bytes(unchecked)} came from chunks whose map was not written by rescue and may be a plan only:`,
      '  what of it could not be read is not known',
    );
  }
  const refused = result.chunks.filter((chunk) => chunk.refusal !== undefined);
  if (refused.length > 0) lines.push(`  ${count(refused.length, 'chunk')} refused, see above`);
  const { sourceSize } = manifest;
  const record = {
    type: 'image',
    ...files,
    ...totals,
    missing,
    unread: result.unread,
    unchecked,
    sourceSize,
  };
  context.report.result({ ...record, end: result.end }, lines.join('\n'));
  const isWhole = totals.size > 0 && totals.rescued === totals.size;
  const isProven = unchecked === 0 && sourceSize !== undefined;
  const isComplete = isWhole && isProven && result.end === 'finished';
  const status = isComplete ? EXIT.rescued : EXIT.incomplete;
  return refused.length > 0 ? worse(status, EXIT.corrupt) : status;
}

const NAMED_MAX = 20;

/** What is still to be carried, by chunk where the chunk size is known. */
function missingLines(result: MergeResult): string[] {
  const { missing, manifest } = result;
  const size = missing.reduce((sum, range) => sum + range.size, 0);
  if (size === 0) return [];
  const { chunkSize } = manifest;
  if (chunkSize === undefined) {
    const places = missing
      .slice(0, NAMED_MAX)
      .map(({ pos, size: length }) => span(pos, pos + length));
    const more = missing.length > NAMED_MAX ? `, and ${missing.length - NAMED_MAX} more` : '';
    return [`missing ${bytes(size)}: ${places.join(', ')}${more}`];
  }
  const numbers = new Set<number>();
  for (const range of missing) {
    const last = Math.floor((range.pos + range.size - 1) / chunkSize);
    for (let i = Math.floor(range.pos / chunkSize); i <= last; i++) numbers.add(i);
  }
  return [`missing ${bytes(size)}: ${chunkList([...numbers].sort((a, b) => a - b))}`];
}

/** `chunk01, chunk03 - chunk07`. */
function chunkList(numbers: readonly number[]): string {
  const spans: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const first = numbers[i] as number;
    while (numbers[i + 1] === (numbers[i] as number) + 1) i++;
    const last = numbers[i] as number;
    spans.push(first === last ? chunkName(first) : `${chunkName(first)} - ${chunkName(last)}`);
  }
  const more = spans.length > NAMED_MAX ? `, and ${spans.length - NAMED_MAX} more` : '';
  return `${spans.slice(0, NAMED_MAX).join(', ')}${more}`;
}
