/** Runs a case with GNU ddrescue and with ours, each in a directory of its own, and compares what is left. */
import {
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Range } from '@chunkrescue/mapfile';
import { type FuzzCase, wordsOf, writeFiles } from './fuzz-case.ts';
import { type OracleAnswer, runOracle } from './oracle.ts';

/** A ddrescue: runs to its end with these words. */
export type Side = (
  words: readonly string[],
  where: { readonly directory: string; readonly input: string },
) => OracleAnswer;

/** How long a run may take. A case that GNU does not end within it is not compared. */
export const TIME_MS = 20_000;

export const gnuSide: Side = (words, { directory, input }) =>
  runOracle(words, { cwd: directory, input, timeoutMs: TIME_MS });

/** What one tool did and the other did not. */
export interface Difference {
  /** Where: `status`, `reads`, `map`, `out`, `stderr`, `stdout`, `files`, `events`. */
  readonly what: string;
  readonly gnu: string;
  readonly ours: string;
}

export interface Compared {
  readonly differences: readonly Difference[];
  /** GNU did not end; nothing was compared. */
  readonly hangs: boolean;
  readonly reads: number;
}

/** Words that only GNU or only ours gets. */
export interface ExtraWords {
  readonly gnu?: readonly string[];
  readonly ours?: readonly string[];
}

export function compareOnce(each: FuzzCase, ours: Side, extra: ExtraWords = {}): Compared {
  return inDirectories(each, ({ gnu, our }) => {
    const first = gnuSide(allWords(each, gnu, extra.gnu), { directory: gnu, input: each.stdin });
    if (first.status === null) return { differences: [], hangs: true, reads: 0 };
    const words = allWords(each, our, extra.ours);
    const second = ours(words, { directory: our, input: each.stdin });
    const differences = [
      ...differencesOf('status', String(first.status), String(second.status)),
      ...differencesOf('stderr', plain(first.stderr, gnu), plain(second.stderr, our)),
    ];
    if (each.options.flat().includes('--command-mode')) {
      differences.push(
        ...differencesOf('stdout', plain(first.stdout, gnu), plain(second.stdout, our)),
      );
    }
    const [left, right] = [namesIn(gnu), namesIn(our)];
    differences.push(...differencesOf('files', left.join('\n'), right.join('\n')));
    const texts = { reads: readsText, map: mapLines, events: eventLines };
    for (const [what, read] of Object.entries(texts)) {
      differences.push(...differencesOf(what, read(join(gnu, what)), read(join(our, what))));
    }
    const reads = readRanges(join(gnu, 'reads'));
    const data = dataRanges(each, reads);
    for (const name of ['out', 'in']) {
      differences.push(...outputDifferences(name, { gnu, our, data }));
    }
    return { differences, hangs: false, reads: reads.length };
  });
}

/** Makes both directories, and removes them after `work`. */
export function inDirectories<T>(
  each: FuzzCase,
  work: (directories: { readonly gnu: string; readonly our: string }) => T,
): T {
  const directory = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    const [gnu, our] = [join(directory, 'gnu'), join(directory, 'our')];
    mkdirSync(gnu);
    mkdirSync(our);
    writeFiles(each.files, gnu);
    const { in: input, ...others } = each.files;
    const isShared = input?.kind === 'data' && each.operands[1] !== '@in' && !hasLink(others);
    writeFiles(isShared ? others : each.files, our);
    if (isShared) linkSync(join(gnu, 'in'), join(our, 'in'));
    return work({ gnu, our });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function hasLink(files: FuzzCase['files']): boolean {
  return Object.values(files).some(({ kind }) => kind === 'link');
}

function allWords(each: FuzzCase, directory: string, extra: readonly string[] = []): string[] {
  const log = each.options.flat().some((word) => word.startsWith('--log-reads'))
    ? []
    : [`--log-reads=${directory}/reads`];
  return [...log, ...extra, ...wordsOf(each, directory)];
}

function differencesOf(what: string, gnu: string, ours: string): Difference[] {
  if (gnu === ours) return [];
  const [left, right] = [gnu.split('\n'), ours.split('\n')];
  let at = left.findIndex((line, i) => line !== right[i]);
  if (at < 0) at = left.length;
  const cut = (lines: readonly string[]): string => {
    const shown = lines.slice(Math.max(0, at - 1), at + 3).join(' | ');
    return at >= lines.length ? `${shown} (ends)` : shown;
  };
  return [{ what, gnu: cut(left), ours: cut(right) }];
}

/** Messages without what is the machine's: directories, and how the program was called. */
function plain(text: string, directory: string): string {
  return text
    .replaceAll(`${directory}/`, '')
    .replaceAll(directory, '.')
    .replaceAll(/'[^'\s]*ddrescue --help'/g, "'ddrescue --help'")
    .replaceAll(/^\S*ddrescue: /gm, 'ddrescue: ');
}

function namesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => !name.endsWith('.bak'))
    .sort();
}

function textOf(path: string): string {
  const isFile = existsSync(path) && lstatSync(path).isFile();
  return isFile ? readFileSync(path, 'latin1') : '';
}

/** The log of reads without its heading, times and time marks. */
export function readsText(path: string): string {
  return textOf(path)
    .split('\n')
    .filter((line) => !/^# (Reads Logfile|Command line|Start time|End time)/.test(line))
    .filter((line) => !/^# +[\dydhms:]+$/.test(line))
    .map((line) => line.replace(/^# +[\dydhms:]+ {2}/, '#   '))
    .join('\n');
}

/** A mapfile without its heading; the message of the phase stays. */
export function mapLines(path: string): string {
  return textOf(path)
    .split('\n')
    .filter((line) => !/^# (Mapfile|Command line|Start time|Current time)/.test(line))
    .join('\n');
}

/** The log of events without times and rates. */
function eventLines(path: string): string {
  return textOf(path)
    .split('\n')
    .filter(
      (line) => !/^# (Events Logfile|Command line|Start time|End time|Current time)/.test(line),
    )
    .map((line) => line.replace(/^ *[\dydhms:]+ +\d+ .?i?B\/s {2}/, 'TIME RATE  '))
    .join('\n');
}

/** What the log says was read and copied. */
export function readRanges(path: string): (Range & { readonly failed: number })[] {
  const ranges: (Range & { readonly failed: number })[] = [];
  for (const [, pos, copied, failed] of textOf(path).matchAll(/^(0x\w+)\t\d+\t(\d+)\t(\d+)/gm)) {
    ranges.push({ pos: Number(pos), size: Number(copied), failed: Number(failed) });
  }
  return ranges;
}

const WHOLE_MAX = 1 << 24;

/** Where a big output can hold something else than zeros. */
function dataRanges({ files, options }: FuzzCase, reads: readonly Range[]): Range[] {
  const ranges: Range[] = [{ pos: 0, size: 1 << 16 }];
  for (const spec of [files['out'], files['in']]) {
    if (spec?.kind === 'data') ranges.push(...spec.pieces);
  }
  const optionValue = (name: string): number | undefined => {
    const value = options.find(([first]) => first === name)?.[1];
    const [, number, unit = ''] = /^(\w+?)(s|Ki|KiB|k)?$/.exec(value ?? '') ?? [];
    const times = unit === 's' ? 512 : unit === 'k' ? 1000 : unit === '' ? 1 : 1024;
    return number === undefined ? undefined : Number(number) * times;
  };
  const from = optionValue('-i') ?? 0;
  const shift = (optionValue('-o') ?? from) - from;
  const shifted = [...ranges, ...reads].map(({ pos, size }) => ({ pos: pos + shift, size }));
  return [...ranges, ...shifted].filter(({ pos }) => pos >= 0);
}

function outputDifferences(
  name: string,
  { gnu, our, data }: { gnu: string; our: string; data: readonly Range[] },
): Difference[] {
  const [left, right] = [join(gnu, name), join(our, name)];
  const sizes = [left, right].map((path) => {
    const isFile = existsSync(path) && lstatSync(path).isFile();
    return isFile ? lstatSync(path).size : -1;
  });
  if (sizes[0] !== sizes[1]) return differencesOf(name, `size ${sizes[0]}`, `size ${sizes[1]}`);
  const size = sizes[0] as number;
  if (size <= 0 || lstatSync(left).ino === lstatSync(right).ino) return [];
  const ranges = size <= WHOLE_MAX ? [{ pos: 0, size }] : data;
  for (const range of ranges) {
    const [a, b] = [bytesAt(left, range), bytesAt(right, range)];
    if (a.equals(b)) continue;
    const at = a.findIndex((byte, i) => byte !== b[i]);
    const show = (bytes: Buffer): string =>
      `at ${range.pos + at}: ${JSON.stringify(bytes.toString('latin1', at, at + 12))}`;
    return [{ what: name, gnu: show(a), ours: show(b) }];
  }
  return [];
}

function bytesAt(path: string, { pos, size }: Range): Buffer {
  const file = openSync(path, 'r');
  try {
    const length = Math.max(0, Math.min(size, fstatSync(file).size - pos));
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, pos);
    return bytes;
  } finally {
    closeSync(file);
  }
}
