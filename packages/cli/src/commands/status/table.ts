/** How `rescue status` looks: the rescue, its chunks, the sums, and what to do next. */
import {
  type ChunkStatus,
  describeSource,
  type FoundChunk,
  type JobStatus,
} from '@chunkrescue/engine';
import { bytes, count, percent } from '../../screen/units.ts';
import { table } from '../map/text.ts';
import { alike, chunkWords, rowName } from './chunk-list.ts';
import type { Step } from './next.ts';

const ROWS_MAX = 40;
const WIDTH = 78;

const WORDS = {
  read: { done: 'yes', partly: 'partly', not: 'no', unknown: '?' },
  here: {
    complete: 'complete',
    unfinished: 'unfinished',
    damaged: 'damaged',
    'raw-missing': 'no .raw',
    'map-missing': 'no .map',
    none: '-',
  },
  merged: { done: 'yes', partly: 'partly', not: 'no', unknown: '?' },
} as const;

export function jobLines(
  job: JobStatus,
  { isAll, steps }: { readonly isAll: boolean; readonly steps: readonly Step[] },
): string[] {
  return [
    ...heading(job),
    '',
    ...rows(job.chunks, isAll),
    ...remarks(job),
    ...job.parts.flatMap(partLine),
    '',
    ...sums(job),
    '',
    'What to do next:',
    ...steps.flatMap(({ text, command }, index) => [
      ...wrapped(`${index + 1}. ${text}`),
      ...(command === undefined ? [] : [`       ${command}`]),
    ]),
  ];
}

function heading({ manifest, sourceSize, chunks, commons, images, receipt }: JobStatus): string[] {
  const { chunkSize } = manifest;
  const source = describeSource({ identity: manifest.identity, size: sourceSize });
  const cut =
    chunkSize === undefined
      ? 'in one piece'
      : `${count(chunks.length, 'chunk')} of ${bytes(chunkSize)}`;
  return [
    ...wrapped(`Rescue of ${source}: ${cut}`, ''),
    ...commons.map(({ path }) => `  common map  ${path}`),
    ...images.map(({ image }) => `  image       ${image}`),
    ...(receipt === undefined ? [] : [`  receipt     ${receipt.path}`]),
  ];
}

function rows(chunks: readonly ChunkStatus[], isAll: boolean): string[] {
  const groups = isAll ? chunks.map((chunk) => [chunk]) : alike(chunks, keyOf);
  const shown = isAll ? groups : groups.slice(0, ROWS_MAX);
  const title = ['chunk', 'read', 'files here', 'merged', 'rescued', 'unreadable', 'left to read'];
  const more = groups.length - shown.length;
  return [
    ...table([title, ...shown.map(row)]),
    ...(more === 0 ? [] : [`  and ${more} more lines; --all shows every chunk`]),
  ];
}

function keyOf({ read, here, merged, isReceived, bad }: ChunkStatus): string {
  return [read, here, merged, isReceived, bad > 0].join();
}

function row(group: readonly ChunkStatus[]): string[] {
  const [{ read, here, merged }] = group as [ChunkStatus];
  const sum = (sizeIn: (chunk: ChunkStatus) => number): string =>
    bytes(group.reduce((all, chunk) => all + sizeIn(chunk), 0));
  return [
    rowName(group),
    WORDS.read[read],
    WORDS.here[here],
    WORDS.merged[merged],
    sum(({ rescued }) => rescued),
    sum(({ bad }) => bad),
    sum(({ nonTried, nonTrimmed, nonScraped }) => nonTried + nonTrimmed + nonScraped),
  ];
}

/** What a question mark means. */
function remarks({ chunks, receipt, images }: JobStatus): string[] {
  const lines: string[] = [];
  if (chunks.some(({ read }) => read === 'unknown')) {
    lines.push('read ?: the common map is not here; the PC with the failing disk knows.');
  }
  if (receipt === undefined && images.length === 0) {
    lines.push('merged ?: neither the image nor a receipt of it is here.');
  }
  return lines.map((line) => `  ${line}`);
}

function partLine({ pair, state, facts }: FoundChunk): string[] {
  const range = facts?.manifest.range;
  const where =
    range === undefined ? 'not written by rescue' : `${range.pos} - ${range.pos + range.size}`;
  return [`  also here: ${pair.raw} (${where}), ${WORDS.here[state]}`];
}

function sums({ totals, sourceSize, chunks, receipt, images }: JobStatus): string[] {
  const { rescued, bad, badAreas, nonTried, nonTrimmed, nonScraped } = totals;
  const lines = [
    `Rescued: ${rescued} of ${sourceSize} bytes (${percent(rescued, sourceSize)})`,
    ...(bad > 0 ? [`Unreadable: ${bytes(bad)} in ${count(badAreas, 'area')}`] : []),
    ...(nonTrimmed + nonScraped > 0
      ? [`Failed, but not read to the end: ${bytes(nonTrimmed + nonScraped)}`]
      : []),
    ...(nonTried > 0 ? [`Not tried yet, as far as is known here: ${bytes(nonTried)}`] : []),
  ];
  const missing = chunks.filter(({ merged }) => merged === 'not' || merged === 'partly');
  const isNumbered = missing.every(({ chunk }) => chunk !== undefined);
  if ((receipt !== undefined || images.length > 0) && missing.length > 0 && isNumbered) {
    lines.push(`Missing in the image: ${chunkWords(missing)}`);
  }
  return lines;
}

function wrapped(text: string, indent = '     '): string[] {
  const lines: string[] = [];
  let line = indent === '' ? '' : '  ';
  for (const word of text.split(' ')) {
    const isFirst = line.trim() === '';
    if (!isFirst && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent === '' ? `  ${word}` : `${indent}${word}`;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line];
}
