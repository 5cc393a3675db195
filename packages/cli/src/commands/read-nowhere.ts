/** Chunks that were read and are nowhere, as far as this PC can know. */
import {
  type ChunkLayout,
  chunkCount,
  namesIn,
  type Receipt,
  shellWord,
} from '@chunkrescue/engine';
import { Domain, type Mapfile } from '@chunkrescue/mapfile';
import { ownCommand } from '../screen/own-command.ts';
import { chunkWords } from './status/chunk-list.ts';

/** What is known before anything is read. */
export interface KnownChunks {
  readonly layout: ChunkLayout;
  readonly mapfile: Mapfile | undefined;
  readonly receipt: Receipt | undefined;
  readonly out: string;
  /** The map of the whole source. */
  readonly common: string;
}

/** Numbers of the chunks that have rescued bytes, and neither a file here nor a receipt for all of them. */
export function chunksNowhere({ layout, mapfile, receipt, out }: KnownChunks): number[] {
  if (mapfile === undefined) return [];
  const arrived = Domain.of(receipt?.map.ranges('+') ?? []);
  const open = Domain.fromMap(mapfile.map).subtract(arrived);
  const here = new Set(namesIn(out).map(numberOf));
  const nowhere = new Set<number>();
  const count = chunkCount(layout);
  // One way through the ranges: there may be a million of them, and thousands of chunks.
  for (const { pos, size } of open.ranges()) {
    const last = Math.min(count - 1, Math.floor((pos + size - 1) / layout.chunkSize));
    for (let number = Math.floor(pos / layout.chunkSize); number <= last; number++) {
      if (!here.has(number)) nowhere.add(number);
    }
  }
  return [...nowhere];
}

function numberOf(name: string): number | undefined {
  const [, digits] = /^chunk(\d{2,})(?:-\d+)?\.raw(?:\.gz|\.zst)?$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What to do about them; undefined where there are none. They may well be on their way. */
export function nowhereWords(known: KnownChunks): string | undefined {
  const numbers = chunksNowhere(known);
  if (numbers.length === 0) return undefined;
  const { out, common } = known;
  const [are, them] = numbers.length === 1 ? ['is', 'it'] : ['are', 'them'];
  const which = chunkWords(numbers.map((chunk) => ({ chunk })));
  return `Not in ${out}, and no receipt says that the other PC has ${them}: ${which}. If you do not know where ${numbers.length === 1 ? 'that' : 'those'} ${are}: ${ownCommand()} status ${shellWord(common)} ${shellWord(out)}`;
}
