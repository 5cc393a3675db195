/** What `rescue read` says of its chunks. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { chunkCount, type FileRescueResult, mountOf } from '@chunkrescue/engine';
import type { Range } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { ownCommand } from '../screen/own-command.ts';
import { bytes, span } from '../screen/units.ts';
import { chunksNowhere, type KnownChunks, nowhereWords } from './read-nowhere.ts';
import type { ReadArguments } from './read-options.ts';
import type { Part } from './read-parts.ts';
import { adviseDirect, summary } from './run-rescue.ts';

interface Told {
  readonly result: FileRescueResult;
  readonly args: ReadArguments;
}

export function tellPart(
  part: Part,
  { result, range, args, goOn }: Told & { readonly range: Range; readonly goOn: string },
  context: Context,
): void {
  const { end, progress, isElsewhere, wasDone, gained } = result;
  const { raw, map, chunk } = part;
  const record = { type: 'chunk', chunk, ...range, raw, map, end, gained, ...progress };
  const where = `${part.label} (${span(range.pos, range.pos + range.size)})`;
  const known = summary(progress);
  const isUntouched = args['retry-bad'] && gained === 0 && end !== 'aborted';
  let text = `${where}: ${known}.\n  ${raw}  ${map}`;
  if (isElsewhere && !existsSync(raw)) {
    text = `${where}: finished before, and ${basename(raw)} is not here any more; nothing to do. ${known}.`;
  } else if (wasDone) text = `${where}: finished before; nothing to do. ${known}.`;
  else if (end === 'aborted') text = `${where}: stopped, saved. ${known}. ${goOn}`;
  else if (isUntouched) text = `${where}: nothing gained, nothing to carry. ${known}.`;
  context.report.result(
    { ...record, ...(isElsewhere && { isElsewhere }), ...(wasDone && { wasDone }) },
    text,
  );
}

/** Returns false when the chunk that was written is not what was read. */
export function tellCheck(
  part: Part,
  { result, args, goOn }: Told & { readonly goOn: string },
  context: Context,
): boolean {
  const { check } = result;
  const { raw, chunk } = part;
  if (check === undefined) return true;
  const [first] = check.different;
  if (first === undefined) {
    const how = check.isPastCache
      ? 'read again from the disk, past the cache'
      : `read again, but only from the system's cache; ${ownCommand()} verify tells more after unplugging`;
    context.report.detail(`${basename(raw)}: ${how}; it is what came from the source.`);
    return true;
  }
  const places = check.different.length;
  const differ = places === 1 ? '1 place differs' : `${places} places differ`;
  const which =
    args.compress === undefined
      ? 'What differs counts as not read now.'
      : 'That copy was deleted again.';
  const again = args['retry-bad'] ? `To go on: --chunk ${chunk}.` : goOn;
  context.report.error({
    code: 'chunk-mismatch',
    message: `${raw} is not what was read: ${differ}, the first from position ${first.pos} of the source on. The stick loses data.`,
    hint: `${which} ${again} Better use another stick (${args.out} was given as --out), and read that chunk onto it with --reread.`,
  });
  return false;
}

/** Nothing is left that the options would read: that is how it should end. Returns the status. */
export function tellAllRead(known: KnownChunks, context: Context): ExitStatus {
  const { layout, mapfile } = known;
  const chunks = chunkCount(layout);
  const bad = mapfile?.map.sizeOf('-') ?? 0;
  const rest = (['?', '*', '/'] as const).reduce(
    (sum, status) => sum + (mapfile?.map.sizeOf(status) ?? 0),
    0,
  );
  const all = chunks === 1 ? 'The only chunk is read' : `All ${chunks} chunks are read`;
  const lines = [
    `${all}: there is nothing left to read. Carry what is not merged yet, and merge it.`,
  ];
  const nowhere = nowhereWords(known);
  if (nowhere !== undefined) lines.push(nowhere);
  if (bad > 0) lines.push(`${bytes(bad)} could not be read. ${RETRY}`);
  if (rest > 0) {
    lines.push(
      `${bytes(rest)} failed and were not read to the end. Without -n and -N the same command goes on with them.`,
    );
  }
  context.report.result(
    { type: 'all-read', chunks, bad, unfinished: rest, nowhere: chunksNowhere(known) },
    lines.join('\n'),
  );
  return bad + rest === 0 ? EXIT.rescued : EXIT.incomplete;
}

const RETRY = 'To try them again, when all else is read: --retry-bad -r 3.';

/** What to do next, once for the whole command. */
export function tellEnd(
  what: {
    readonly args: ReadArguments;
    /** Bytes that could not be read. */
    readonly bad: number;
    readonly gained: readonly string[];
    readonly count: number;
  },
  context: Context,
): void {
  const { args, gained } = what;
  if (args['retry-bad']) {
    const text =
      what.count === 0
        ? 'No chunk has bad sectors, as far as they were tried.'
        : gained.length === 0
          ? 'Nothing was gained by this run; only what lies here and was not merged yet needs to be carried.'
          : `Carry again and merge: ${gained.join(', ')}.`;
    context.report.result({ type: 'retried', gained }, text);
  }
  if (what.bad > 0 && !args['retry-bad']) {
    context.report.note(`${bytes(what.bad)} could not be read. ${RETRY}`);
  }
  adviseDirect(args.direct, what.bad, context);
  const folder = mountOf(args.out)?.folder;
  if (gained.length > 0 && folder !== undefined && folder !== '/') {
    context.report.note(
      `All that was read is written and synced. Before you pull the stick: umount ${folder}`,
    );
  }
}
