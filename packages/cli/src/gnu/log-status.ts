/** `-t`: how much of a map has which status. */
import { type BlockStatus, type Domain, OPEN_END, RUN_STATE_NAMES } from '@chunkrescue/mapfile';
import { groupedDigits, scaled } from '../screen/gnu-numbers.ts';
import { extentOf, hasEmptyBlocks, type LogMap } from './log-map.ts';
import { realPosition, runsOf } from './log-write.ts';

const INT64_MAX = 2n ** 63n - 1n;
const SHOWN_MAX = 999_999;

/** The statuses in the order of the summary. */
const ROWS: readonly (readonly [status: BlockStatus, name: string])[] = [
  ['?', 'non-tried'],
  ['+', 'rescued'],
  ['*', 'non-trimmed'],
  ['/', 'non-scraped'],
  ['-', 'bad-sector'],
];

/** The summary of a map in the domain that it was cut to. */
export function statusText(
  log: LogMap,
  domain: Domain,
  how: { isBinary: boolean; name: string | undefined },
): string {
  const { map, position, state } = log.mapfile;
  const size = (value: number | bigint): string =>
    `${scaled(rounded(value), SHOWN_MAX, how.isBinary).padStart(9)}B`;
  const areas = (count: number): string => `in ${groupedDigits(count).padStart(7)} area(s)`;
  const extent = extentOf(log);
  const lines = [
    '',
    ...(how.name === undefined ? [] : [how.name]),
    `   current pos: ${size(realPosition(position))},  current status: ${RUN_STATE_NAMES[state]}`,
    `mapfile extent: ${size(sizeOf(extent))},  ${areas(runsOf(log).count)}`,
  ];
  if (domain.count !== 1 || domain.start > 0 || domain.end < extent.end) {
    lines.push(
      `  domain begin: ${size(domain.start)},  domain end: ${size(realPosition(domain.end))}`,
      `   domain size: ${size(sizeOf(domain))},  ${areas(domain.count)}`,
    );
  }
  lines.push('');
  map.restrictTo(domain);
  const empty = hasEmptyBlocks(domain) ? emptyAreas(log) : {};
  for (const [status, name] of ROWS) {
    const bytes = bytesOf(log, status);
    const count = map.areasInDomain(status) + (empty[status] ?? 0);
    const share = percentage(bytes, sizeOf(domain));
    lines.push(`${name.padStart(14)}: ${size(bytes)},  ${areas(count)}  (${share}%)`);
  }
  return `${lines.join('\n')}\n`;
}

function sizeOf(domain: Domain): bigint {
  let sum = 0n;
  for (const { pos, size } of domain.ranges()) sum += exactEnd(pos + size) - BigInt(pos);
  return sum;
}

function bytesOf({ mapfile: { map } }: LogMap, status: BlockStatus): bigint {
  const bytes = BigInt(map.sizeInDomain(status));
  const last = map.count - 1;
  if (map.end !== OPEN_END || !map.isInDomain(last) || map.statusAt(last) !== status) return bytes;
  return bytes + exactEnd(OPEN_END) - BigInt(OPEN_END);
}

/** The number, or a little less where it is too large to be exact. */
function rounded(value: number | bigint): number {
  return Number(value > OPEN_END ? BigInt(value) & ~1023n : value);
}

function exactEnd(end: number): bigint {
  return end === OPEN_END ? INT64_MAX : BigInt(end);
}

/** Runs of blocks of no bytes, but for one that the first block goes on. */
function emptyAreas({
  mapfile: { map },
  emptyBlocks,
}: LogMap): Partial<Record<BlockStatus, number>> {
  const areas: Partial<Record<BlockStatus, number>> = {};
  for (const [i, status] of emptyBlocks.entries()) {
    const next = emptyBlocks[i + 1] ?? (map.count > 0 ? map.statusAt(0) : undefined);
    if (next !== status) areas[status] = (areas[status] ?? 0) + 1;
  }
  return areas;
}

/**
 * Two decimals, rounded; fewer where they say it exactly. As in GNU's, a number that would not fit into 64 bits
 * a hundred times over makes it inexact.
 */
function percentage(part: bigint, whole: bigint): string {
  if (part === 0n) return '  0';
  const isHuge = part > INT64_MAX / 100n;
  const hundredfold = (isHuge ? part : part * 100n) * 100n;
  const divisor = isHuge ? whole / 100n : whole;
  const isExact = hundredfold % divisor === 0n;
  const hundredths = (2n * hundredfold + divisor) / (2n * divisor);
  const integer = String(hundredths / 100n).padStart(3);
  const decimals = String(hundredths % 100n).padStart(2, '0');
  const kept = isExact ? decimals.replace(/0+$/, '') : decimals;
  return kept === '' ? integer : `${integer}.${kept}`;
}
