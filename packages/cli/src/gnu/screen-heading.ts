/** What GNU ddrescue prints before the block of the screen; each function gives whole lines. */

import { VERSION } from '@chunkrescue/engine';
import { grouped, groupedDigits, scaled } from '../screen/gnu-numbers.ts';
import { printable } from '../screen/units.ts';
import { SIZE_LIMIT, sizeColumn } from './screen.ts';
import { shownTime } from './times.ts';

/** How much is told, and in which numbers. */
export interface Telling {
  /** 0: the default; each `-v` adds one. `-q` prints no heading at all. */
  readonly verbosity: number;
  /** `-B`. */
  readonly isBinary: boolean;
}

/** A file as headings name it. */
export interface NamedFile {
  readonly name: string;
  /** ` [model::serial]` of a device; nothing for a file. */
  readonly label?: string;
  /** Bytes; 0 for a device that does not tell, undefined for a file that does not exist yet. */
  readonly size: number | undefined;
}

/** What every mode tells of its positions and sizes. */
export interface Positions {
  readonly infile: NamedFile;
  readonly outfile: NamedFile;
  /** Start of the domain in infile and in outfile. */
  readonly ipos: number;
  readonly opos: number;
  readonly clusterSectors: number;
  readonly sectorSize: number;
}

export interface CopyHeading extends Positions {
  /** Bytes of the domain; undefined when the input has no known end. */
  readonly copySize: number | undefined;
  /** First skip in sectors; 0 when skipping is switched off. */
  readonly skipSectors: number;
  /** Limits, each undefined when it was not given. */
  readonly errorRateMax: number | undefined;
  readonly badAreasMax: { readonly max: number; readonly isOfThisRun: boolean } | undefined;
  readonly readRateMax: number | undefined;
  /** 0: chosen by the program. */
  readonly readRateMin: number | undefined;
  readonly timeoutS: number | undefined;
  readonly isDirectIn: boolean;
  readonly isDirectOut: boolean;
  readonly isSparse: boolean;
  readonly truncates: boolean;
  readonly trims: boolean;
  readonly sweeps: boolean;
  readonly scrapes: boolean;
  /** -1: without end. */
  readonly retryPasses: number;
  readonly isCompleteOnly: boolean;
  readonly isReverse: boolean;
}

export interface FillHeading extends Positions {
  /** Bytes of the domain. */
  readonly fillSize: number;
  /** As given, without `l`. */
  readonly types: string;
  readonly isDirectOut: boolean;
}

/** The first line; a program that reads it finds ddrescue's version where it looks for it. */
export function titleLine(): string {
  return `GNU ddrescue 1.30 (rescue ${VERSION})`;
}

export const INTERRUPT_LINE = 'Press Ctrl-C to interrupt';

/** Rescue mode: from `-v` on what is copied, from `-vv` on how. */
export function copyHeading(heading: CopyHeading, { verbosity, isBinary }: Telling): string[] {
  if (verbosity < 1) return [];
  const { copySize, infile, outfile, skipSectors } = heading;
  const named = (file: NamedFile): string => quoted(file, verbosity);
  const size =
    copySize === undefined
      ? 'an unknown number of Bytes'
      : `${scaled(copySize, SIZE_LIMIT, isBinary)}Bytes`;
  const skip =
    skipSectors > 0
      ? `Initial skip size: ${groupedDigits(skipSectors)} sectors`
      : 'Skipping disabled';
  return [
    `About to copy ${size} from ${named(infile)} to ${named(outfile)}`,
    positionsLine(heading, isBinary),
    `${clusterLine(heading)}       ${skip}`,
    sectorLine(heading),
    ...(verbosity < 2 ? [] : [...limitLines(heading, isBinary), ...mannerLines(heading)]),
    '',
  ];
}

/** Fill mode, from `-v` on. */
export function fillHeading(heading: FillHeading, { verbosity, isBinary }: Telling): string[] {
  if (verbosity < 1) return [];
  const { infile, outfile, types, fillSize, isDirectOut } = heading;
  return [
    `About to fill with data from ${quoted(infile, 0)} blocks of ${quoted(outfile, 0)} marked '${types}'`,
    `    Maximum size to fill: ${scaled(fillSize, SIZE_LIMIT, isBinary)}Bytes`,
    positionsLine(heading, isBinary),
    clusterLine(heading),
    sectorLine(heading),
    `Direct out: ${isDirectOut ? 'yes' : 'no'}`,
    '',
  ];
}

/** Generate mode, from `-v` on. */
export function generateHeading(heading: Positions, { verbosity, isBinary }: Telling): string[] {
  if (verbosity < 1) return [];
  const { infile, outfile } = heading;
  return [
    `About to generate an approximate mapfile for ${quoted(infile, 0)} and ${quoted(outfile, 0)}`,
    positionsLine(heading, isBinary),
    clusterLine(heading),
    sectorLine(heading),
    '',
  ];
}

function quoted({ name, label = '', size }: NamedFile, verbosity: number): string {
  const shown = `'${printable(name)}'`;
  if (verbosity < 2 || size === undefined) return shown;
  return `${shown}${label} (${groupedDigits(size)})`;
}

function positionsLine({ ipos, opos }: Positions, isBinary: boolean): string {
  const shown = (pos: number): string => `${scaled(pos, SIZE_LIMIT, isBinary)}B`;
  return `    Starting positions: infile = ${shown(ipos)},  outfile = ${shown(opos)}`;
}

function clusterLine({ clusterSectors }: Positions): string {
  return `    Copy block size: ${String(clusterSectors).padStart(3)} sectors`;
}

function sectorLine({ sectorSize }: Positions): string {
  return `Sector size: ${sectorSize} Bytes`;
}

/** Limits that were given, those of a kind on a line. */
function limitLines(heading: CopyHeading, isBinary: boolean): string[] {
  const { errorRateMax, badAreasMax, readRateMax, readRateMin, timeoutS } = heading;
  const rate = (value: number): string => `${scaled(value, 99_999, isBinary).padStart(6)}B/s    `;
  let failures = '';
  if (errorRateMax !== undefined) failures += `Max error rate: ${rate(errorRateMax)}`;
  if (badAreasMax !== undefined) {
    const which = badAreasMax.isOfThisRun ? 'new bad' : 'bad';
    failures += `Max ${which} areas: ${groupedDigits(badAreasMax.max)}    `;
  }
  let rates = '';
  if (readRateMax !== undefined) rates += `Max read rate:  ${rate(readRateMax)}`;
  if (readRateMin === 0) rates += 'Min read rate: auto    ';
  else if (readRateMin !== undefined) rates += `Min read rate:  ${rate(readRateMin)}`;
  const timeout = timeoutS === undefined ? '' : `Timeout: ${shownTime(timeoutS).padEnd(7)}  `;
  return [failures, rates, timeout].filter((line) => line !== '');
}

function mannerLines(heading: CopyHeading): string[] {
  const answer = (isSo: boolean): string => (isSo ? 'yes' : 'no ');
  const { isDirectIn, isDirectOut, isSparse, truncates, trims, sweeps, scrapes } = heading;
  const { retryPasses, isCompleteOnly, isReverse } = heading;
  const retries = retryPasses < 0 ? '' : `Max retry passes: ${groupedDigits(retryPasses)}`;
  const ways = `${isCompleteOnly ? 'Complete only    ' : ''}${isReverse ? 'Reverse mode' : ''}`;
  return [
    `Direct in: ${answer(isDirectIn)}    Direct out: ${answer(isDirectOut)}    ` +
      `Sparse: ${answer(isSparse)}    Truncate: ${answer(truncates)}    `,
    `Trim: ${answer(trims)}         Sweep: ${answer(sweeps)}         ` +
      `Scrape: ${answer(scrapes)}    ${retries}`,
    ...(ways === '' ? [] : [ways]),
  ];
}

/** What a mapfile said before the rescue. Bytes. */
export interface InitialStatus {
  /** The status line's position, and the length of the last block: from `-vvv` on. */
  readonly currentPos: number;
  readonly sectorSize: number;
  readonly lastBlockSize: number;
  /** From the first to the last byte of the domain, and of the map. */
  readonly domain: { readonly pos: number; readonly end: number };
  readonly map: { readonly pos: number; readonly end: number };
  readonly rescued: number;
  /** Tried and not rescued: non-trimmed, non-scraped and bad. */
  readonly tried: number;
  readonly bad: number;
  readonly badAreas: number;
}

/** Behind `Press Ctrl-C`, when there was a mapfile. */
export function initialStatusLines(
  status: InitialStatus,
  { verbosity, isBinary }: Telling,
): string[] {
  const { currentPos, sectorSize, lastBlockSize, rescued, tried, bad, badAreas } = status;
  const size = (value: number): string => `${scaled(value, SIZE_LIMIT, isBinary)}B`;
  const column = (value: number): string => `${sizeColumn(value, isBinary)}B`;
  const sector = groupedDigits(Math.floor(currentPos / sectorSize)).padStart(7);
  return [
    'Initial status (read from mapfile)',
    ...(verbosity < 3
      ? []
      : [
          `current position: ${column(currentPos)},     current sector: ${sector}`,
          ` last block size: ${column(lastBlockSize)}`,
        ]),
    ...limitsLine(status),
    `rescued: ${size(rescued)}, tried: ${size(tried)}, bad-sector: ${size(bad)}, ` +
      `bad areas: ${groupedDigits(badAreas)}`,
    '',
    'Current status',
  ];
}

/** Told when the map goes beyond the domain, or does not begin at 0. */
function limitsLine({ domain, map }: InitialStatus): string[] {
  if (domain.pos <= 0 && domain.end >= map.end) return [];
  const from = spaced(domain.pos);
  return [
    `(sizes limited to domain from ${from}B to ${spaced(domain.end)}B of ${spaced(map.end)}B)`,
  ];
}

/** `10 k`, `9999 `: a number without rounding, ready for its unit. */
function spaced(value: number): string {
  return grouped(value).replace(/[A-Za-z]*$/, (prefix) => ` ${prefix}`);
}

/** Fill mode, behind `Press Ctrl-C`. */
export function fillStatusLines(
  status: { filled: number; filledAreas: number; remaining: number; remainingAreas: number },
  isBinary: boolean,
): string[] {
  const { filled, filledAreas, remaining, remainingAreas } = status;
  const count = (value: number): string => groupedDigits(value).padStart(7);
  return [
    'Initial status (read from mapfile)',
    `filled size:    ${sizeColumn(filled, isBinary)}B,  filled areas:    ${count(filledAreas)}`,
    `remaining size: ${sizeColumn(remaining, isBinary)}B,  remaining areas: ${count(remainingAreas)}`,
    'Current status',
  ];
}
