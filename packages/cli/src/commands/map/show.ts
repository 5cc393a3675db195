/** `rescue map show`: what a map says, for people. */
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import type { ExitStatus } from '../../exit.ts';
import { bytes, count, percent, printable } from '../../screen/units.ts';
import { forEachMap, LISTED_MAX, type MapListArguments, withMapList } from './each.ts';
import { type Area, areasOf, type MapFacts, mapFacts, type StatusFacts } from './facts.ts';
import { readNamedMap } from './input.ts';
import { extent, hexadecimal, sizeText, table } from './text.ts';

export function showOptions(argv: Argv): Argv<MapListArguments> {
  return withMapList(argv, `List all areas that are not finished, not only ${LISTED_MAX}`)
    .example('$0 map show final.map', 'how much is rescued, and where the rest lies')
    .strict() as unknown as Argv<MapListArguments>;
}

export async function show(args: MapListArguments, context: Context): Promise<ExitStatus> {
  return forEachMap(args.files, context, (path) => {
    const { mapfile } = readNamedMap(path);
    const facts = mapFacts(mapfile);
    const unfinished = [...areasOf(mapfile.map)].filter((area) => area.status !== '+');
    const lines = [
      printable(path),
      ...heading(facts),
      '',
      ...statusTable(facts),
      ...areaList(unfinished, args.all ? Number.POSITIVE_INFINITY : LISTED_MAX),
    ];
    context.report.result({ type: 'map', map: path, ...facts, unfinished }, lines.join('\n'));
    return 0;
  });
}

function heading(facts: MapFacts): string[] {
  const { position, stateName, pass } = facts;
  const place = position === null ? 'the end' : `${hexadecimal(position)} (${bytes(position)})`;
  return [`  covers  ${extent(facts)}`, `  state   ${stateName}, pass ${pass}, at ${place}`];
}

function statusTable({ size, statuses }: MapFacts): string[] {
  const rows = statuses.map((row) => [
    `${row.status} ${row.name}`,
    row.size === null ? 'unknown' : String(row.size),
    row.size === null ? '' : bytes(row.size),
    share(row, size),
    count(row.areas, 'area'),
  ]);
  return table([['status', 'bytes', '', '', ''], ...rows]);
}

function share(row: StatusFacts, whole: number | null): string {
  return row.size === null || !whole ? '-' : percent(row.size, whole);
}

function areaList(areas: readonly Area[], max: number): string[] {
  if (areas.length === 0) return [];
  const rows = areas
    .slice(0, max)
    .map(({ pos, end, size, status, name }) => [
      hexadecimal(pos),
      end === null ? 'unknown' : hexadecimal(end),
      size === null ? 'unknown' : String(size),
      sizeText(size),
      `${status} ${name}`,
    ]);
  const more = areas.length - rows.length;
  return [
    '',
    `  Not finished: ${count(areas.length, 'area')}`,
    ...table([['pos', 'end', 'bytes', '', 'status'], ...rows]),
    ...(more > 0 ? [`  and ${more} more; --all lists them`] : []),
  ];
}
