/**
 * One case of the fuzzer: a command line and the files it meets. Plain data, so that it can be cut down,
 * written into a directory, or printed as a line for a shell.
 *
 * In words and in standard input `@` stands for the directory of the run: `-m@domain`.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Range } from '@chunkrescue/mapfile';

export interface FuzzCase {
  readonly family: string;
  /** Options in their order; words that belong together are one group. */
  readonly options: readonly (readonly string[])[];
  readonly operands: readonly string[];
  readonly files: Files;
  readonly stdin: string;
}

export type Files = Readonly<Record<string, FileSpec>>;

export type FileSpec = DataSpec | MapSpec | TextSpec | { readonly kind: 'directory' } | LinkSpec;

/** Zeros with pieces of text. */
export interface DataSpec {
  readonly kind: 'data';
  readonly size: number;
  readonly pieces: readonly Piece[];
}

/** What `seq FROM 99999999` prints, or `yes WORD`, cut to the size. */
export interface Piece extends Range {
  readonly text: number | string;
}

export interface MapSpec {
  readonly kind: 'map';
  /** Position, state and pass. */
  readonly statusLine: string;
  readonly blocks: readonly MapBlock[];
}

export interface MapBlock extends Range {
  readonly status: string;
}

export interface TextSpec {
  readonly kind: 'text';
  readonly text: string;
}

interface LinkSpec {
  readonly kind: 'link';
  readonly to: string;
}

/** The words after the program's name, `@` replaced. */
export function wordsOf({ options, operands }: FuzzCase, directory: string): string[] {
  const words = [...options.flat(), ...operands];
  return words.map((word) => word.replaceAll('@', `${directory}/`));
}

export function writeFiles(files: Files, directory: string): void {
  for (const [name, spec] of Object.entries(files)) {
    const path = join(directory, name);
    if (spec.kind === 'directory') mkdirSync(path);
    else if (spec.kind === 'link') symlinkSync(spec.to, path);
    else if (spec.kind === 'text') writeFileSync(path, spec.text);
    else if (spec.kind === 'map') writeFileSync(path, mapText(spec));
    else writeData(spec, path);
  }
}

export function mapText({ statusLine, blocks }: MapSpec): string {
  const lines = blocks.map(({ pos, size, status }) => `${hex(pos)} ${hex(size)} ${status}`);
  return `${[statusLine, ...lines].join('\n')}\n`;
}

/** End of the last block that a map calls finished. */
export function claimedEnd(spec: FileSpec | undefined): number {
  if (spec?.kind !== 'map') return 0;
  const last = spec.blocks.findLast(({ status }) => status === '+');
  return last === undefined ? 0 : last.pos + last.size;
}

export function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16).toUpperCase()}`;
}

/** A command for `sh` that shows the difference in an empty directory. */
export function shellLine(each: FuzzCase, program = 'ddrescue'): string {
  const made = Object.entries(each.files).flatMap(([name, spec]) => shellFile(name, spec));
  const words = [...each.options.flat(), ...each.operands].map((word) =>
    quote(word.replaceAll('@', '')),
  );
  const input = each.stdin === '' ? '' : `printf ${quoteFormat(each.stdin)} | `;
  return [...made, `${input}${program} --log-reads=reads ${words.join(' ')}`].join('; ');
}

function shellFile(name: string, spec: FileSpec): string[] {
  if (spec.kind === 'directory') return [`mkdir ${name}`];
  if (spec.kind === 'link') return [`ln -s ${spec.to} ${name}`];
  if (spec.kind === 'text') return [`printf ${quoteFormat(spec.text)} >${name}`];
  if (spec.kind === 'map') return [`printf ${quoteFormat(mapText(spec))} >${name}`];
  const pieces = spec.pieces.map(({ pos, size, text }) => {
    const source = typeof text === 'number' ? `seq ${text} 99999999` : `yes ${text}`;
    const place = `seek=${pos} oflag=seek_bytes conv=notrunc status=none`;
    return `${source} | head -c ${size} | dd of=${name} ${place}`;
  });
  return [`truncate -s ${spec.size} ${name}`, ...pieces];
}

function quote(word: string): string {
  return /^[\w./=,:+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function quoteFormat(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('%', '%%');
  return quote(escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r'));
}

function writeData({ size, pieces }: DataSpec, path: string): void {
  const file = openSync(path, 'w');
  try {
    ftruncateSync(file, size);
    for (const piece of pieces) {
      const bytes = pieceText(piece);
      writeSync(file, bytes, 0, Math.min(bytes.length, Math.max(0, size - piece.pos)), piece.pos);
    }
  } finally {
    closeSync(file);
  }
}

const texts = new Map<number | string, Buffer>();

function pieceText({ size, text }: Piece): Buffer {
  let known = texts.get(text);
  if (known === undefined || known.length < size) {
    const wanted = Math.max(size, 1 << 12);
    if (texts.size > 64) texts.clear();
    known = Buffer.from(typeof text === 'number' ? counted(text, wanted) : repeated(text, wanted));
    texts.set(text, known);
  }
  return known.subarray(0, size);
}

function counted(from: number, size: number): string {
  const lines: string[] = [];
  for (let length = 0, i = from; length < size; i++) {
    const line = `${i}\n`;
    lines.push(line);
    length += line.length;
  }
  return lines.join('');
}

function repeated(word: string, size: number): string {
  return `${word}\n`.repeat(Math.ceil(size / (word.length + 1)));
}
