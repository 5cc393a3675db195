/** What the place for the chunks takes: holes or not, how many chunks; and the receipts that lie there. */
import { existsSync, statSync } from 'node:fs';
import {
  type ChunkLayout,
  type FolderFacts,
  type Layout,
  probeFolder,
  type Receipt,
  RescueError,
  readMapText,
  readReceipt,
  receiptIn,
  writeTextDurably,
} from '@chunkrescue/engine';
import type { Range } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import { bytes, count } from '../screen/units.ts';
import type { ReadArguments } from './read-options.ts';
import type { Part } from './read-parts.ts';

/** Maps, and the new ones beside the old ones while they are written. */
const SPARE_BYTES = 1024 * 1024;

/** The layout for new chunks, and what the folder's file system is like. */
export interface Room {
  readonly facts: FolderFacts;
  readonly layout: Layout;
}

/** Looks what the folder takes. @throws RescueError `no-room` when no chunk can be that large there */
export function lookForRoom(
  args: Pick<ReadArguments, 'out' | 'layout'>,
  { chunkSize, sourceSize }: ChunkLayout,
  context: Context,
): Room {
  const facts = probeFolder(args.out, {
    fileSize: sourceSize,
    holeSize: Math.min(chunkSize, sourceSize),
  });
  const isSparse = facts.hasHoles && facts.takesFileSize;
  const layout = args.layout === 'auto' ? (isSparse ? 'sparse' : 'compact') : args.layout;
  const name = facts.type ?? 'the file system';
  if (layout === 'compact' && args.layout === 'auto') {
    const why = facts.hasHoles ? 'takes no file as long as the source' : 'has no holes in files';
    context.report.detail(`${args.out} (${name}) ${why}: chunks are written compact.`);
  }
  if (layout === 'sparse' && args.layout === 'sparse' && !facts.hasHoles) {
    context.report.warning(
      `${args.out} (${name}) has no holes in files: with --layout sparse each chunk takes as much room as its end in the source.`,
    );
  }
  const fileSize = layout === 'compact' ? Math.min(chunkSize, sourceSize) : sourceSize;
  if (isTooLong(facts, fileSize)) {
    throw new RescueError(
      'no-room',
      `${args.out} (${name}) takes no file of ${bytes(fileSize)}; FAT32 takes less than 4 GiB.`,
      {
        path: args.out,
        hint:
          layout === 'sparse'
            ? 'Leave --layout sparse out: compact chunks are no longer than --chunk-size.'
            : 'Use a smaller --chunk-size with a new --map, or a stick with exFAT or ext4.',
      },
    );
  }
  return { facts, layout };
}

function isTooLong({ type, takesFileSize }: FolderFacts, fileSize: number): boolean {
  const isFat = ['vfat', 'msdos', 'fuse.fusefat'].includes(type ?? '');
  return isFat && !takesFileSize && fileSize > 2 ** 32 - 1;
}

/** The first of these chunks that fit, told before anything is read. @throws RescueError `no-room` */
export function partsThatFit(
  parts: readonly Part[],
  { room: { facts, layout }, out }: { readonly room: Room; readonly out: string },
  context: Context,
): Part[] {
  let left = facts.freeBytes - SPARE_BYTES;
  const fitting: Part[] = [];
  for (const part of parts) {
    const cost = roomFor(part, layout, facts);
    if (cost > left) break;
    left -= cost;
    fitting.push(part);
  }
  const free = `${bytes(Math.max(0, facts.freeBytes))} are free in ${out}`;
  const [first] = parts;
  if (fitting.length === 0 && first !== undefined) {
    throw new RescueError(
      'no-room',
      `${free}; the next chunk needs ${bytes(roomFor(first, layout, facts) + SPARE_BYTES)}.`,
      {
        hint: 'Carry what is there to the other PC, merge it, and come back with the receipt: then --free makes room. Or use a larger stick, or a smaller --chunk-size with a new --map.',
      },
    );
  }
  const last = fitting.at(-1);
  const names =
    fitting.length === 1 ? `chunk ${first?.chunk}` : `chunks ${first?.chunk} to ${last?.chunk}`;
  const rest = parts.length - fitting.length;
  const isOne = fitting.length === 1;
  const isLast = isOne ? 'it is the last' : 'they are the last';
  const after = rest === 0 ? isLast : `${count(rest, 'chunk')} will be left`;
  const fit = `${count(fitting.length, 'chunk')} ${isOne ? 'fits' : 'fit'}`;
  context.report.note(`${free}: ${fit} (${names}); ${after}.`);
  return fitting;
}

/** Bytes that a chunk still takes there. */
function roomFor(part: Part, layout: Layout, facts: FolderFacts): number {
  const { pos, size } = part.ranges[0] as Range;
  const length = layout === 'sparse' && !facts.hasHoles ? pos + size : size;
  const here = existsSync(part.raw) ? statSync(part.raw).blocks * 512 : 0;
  return Math.max(0, length - here) + 4 * facts.blockSize;
}

/** What the other PC has said. */
export interface Received {
  /** On the stick: only this one says what may be deleted from it. */
  readonly here: Receipt | undefined;
  /** The one that knows most, there or kept beside the common map from an earlier trip. */
  readonly known: Receipt | undefined;
}

/** Looks for receipts, and keeps one that knows more than the one that was kept. */
export function takeReceipts(
  job: string,
  { out, common }: { readonly out: string; readonly common: string },
): Received {
  const here = receiptIn(out, job);
  const before = readReceipt(keptReceipt(common));
  const kept = before?.job === job ? before : undefined;
  const isOlder = here === undefined || [...here.merged].every((seal) => kept?.merged.has(seal));
  if (isOlder) return { here, known: kept ?? here };
  writeTextDurably(keptReceipt(common), readMapText(here.path) ?? '');
  return { here, known: here };
}

/** Where a receipt is kept when the stick goes on its way again. */
function keptReceipt(common: string): string {
  return `${common.replace(/\.map$/, '')}.receipt.map`;
}
