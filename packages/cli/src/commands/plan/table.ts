/** How `rescue plan` looks. */

import { shellWord } from '@chunkrescue/engine';
import { bytes, count } from '../../screen/units.ts';
import { table } from '../map/text.ts';
import { alike, rowName } from '../status/chunk-list.ts';
import type { PlanArguments } from './options.ts';
import type { PlannedChunk } from './plan.ts';
import type { Trips } from './trips.ts';

/** Up to here each chunk has its line. */
const ROWS_MAX = 40;

interface Told {
  readonly heading: string;
  /** The command that reads what fits. */
  readonly begin: string;
  readonly chunkSize: number;
  readonly chunks: readonly PlannedChunk[];
  readonly trips: Trips | undefined;
  readonly out: string | undefined;
  readonly maps: readonly string[];
}

export function planLines(told: Told, args: Pick<PlanArguments, 'all'>): string[] {
  const { heading, begin, chunkSize, chunks, trips, out, maps } = told;
  return [
    heading,
    `  ${count(chunks.length, 'chunk')} of ${bytes(chunkSize)} (${chunkSize} bytes)`,
    '',
    ...rows(chunks, args.all),
    ...(trips === undefined || out === undefined
      ? []
      : ['', ...room(trips, out), '', 'To read them:', `  ${begin}`]),
    ...(maps.length === 0 ? [] : ['', ...plans(maps)]),
  ];
}

function rows(chunks: readonly PlannedChunk[], isAll: boolean): string[] {
  const isLong = chunks.length > ROWS_MAX && !isAll;
  const groups = isLong ? alike(chunks, keyOf) : chunks.map((chunk) => [chunk]);
  const shown = isAll ? groups : groups.slice(0, ROWS_MAX);
  const hasRead = chunks.some(({ read }) => read !== undefined);
  const title = ['chunk', 'first byte', 'size of each', ...(hasRead ? ['read'] : []), 'name'];
  const more = groups.length - shown.length;
  return [
    ...table([title, ...shown.map((group) => row(group, hasRead))]),
    ...(more > 0 ? [`  and ${more} more lines; --all shows every chunk`] : []),
  ];
}

function keyOf({ size, read }: PlannedChunk): string {
  return [size, read].join();
}

const READ = { done: 'yes', partly: 'partly', not: 'no', unknown: '?' } as const;

function row(group: readonly PlannedChunk[], hasRead: boolean): string[] {
  const [first, last] = [group[0], group.at(-1)] as [PlannedChunk, PlannedChunk];
  const names = first === last ? first.name : `${first.name} - ${last.name}`;
  const read = READ[first.read ?? 'unknown'];
  return [rowName(group), String(first.pos), bytes(first.size), ...(hasRead ? [read] : []), names];
}

function room({ type, freeBytes, layout, unread, fitting, trips }: Trips, out: string): string[] {
  const free = `${out}${type === null ? '' : ` (${type})`}: ${bytes(freeBytes)} free`;
  if (unread === 0) return [`${free}. Every chunk is read already.`];
  const which = layout === 'compact' ? 'compact' : 'sparse: at their true offset behind a hole';
  return [
    `${free}, chunks are written ${which}`,
    `  ${count(fitting, 'chunk')} of the ${unread} to be read ${fitting === 1 ? 'fits' : 'fit'} there: ${count(trips, 'trip')}, with as much room each time`,
  ];
}

function plans(maps: readonly string[]): string[] {
  const [first] = maps;
  return [
    `${count(maps.length, 'plan')} written, from ${first} on. With GNU's tool:`,
    `  ddrescue -m ${shellWord(first ?? '')} SOURCE chunk00.raw chunk00.map`,
  ];
}
