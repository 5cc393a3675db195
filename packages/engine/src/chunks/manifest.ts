/**
 * What a map says of its chunk, its source and its rescue in comment lines, which ddrescue skips. A map
 * without them (made by hand or by ddrescue) is as good, only less is known. No line is longer than 127
 * characters, the most that ddrescue takes for one.
 */
import type { Range } from '@chunkrescue/mapfile';
import type { Packing } from '../node/packing.ts';
import type { SourceIdentity } from '../ports.ts';
import { digestLines, readDigestLine } from './digest-lines.ts';

/** The only version there is of these lines. */
export const CHUNK_FORMAT = 1;

/** How a chunk's file is laid out: at its true offset behind a hole, or from its first byte on. */
export type Layout = 'sparse' | 'compact';

/** What a map is, where it is not the map of a rescue or an image. */
export type MapKind = 'chunk' | 'image' | 'plan' | 'receipt';

/** A few bytes of the source that came well: they tell one disk from another that says nothing of itself. */
export interface Sample extends Range {
  /** SHA-256, its first 128 bits in hexadecimal. */
  readonly digest: string;
}

/** Numbers are bytes, but for the chunk's number. What a map does not say is undefined. */
export interface Manifest {
  readonly format?: number;
  readonly kind?: MapKind;
  /** Of one rescue of one source: what has the same id belongs together. */
  readonly job?: string;
  readonly chunk?: number;
  /** What the chunk's file covers. */
  readonly range?: Range;
  readonly layout?: Layout;
  /** How the file is compressed; its content is in compact layout then. */
  readonly packing?: Packing;
  readonly chunkSize?: number;
  readonly sourceSize?: number;
  readonly identity?: SourceIdentity;
  readonly samples?: readonly Sample[];
  readonly pieceSize?: number;
  /** CRC-32 of each piece that has a rescued byte, by position; every byte that is not rescued is a zero. */
  readonly digests?: ReadonlyMap<number, number>;
  /** Bytes of an image that came from chunks whose map nobody can vouch for. */
  readonly unchecked?: number;
  /** Other rescues of the same source whose chunks are in the image. */
  readonly otherJobs?: readonly string[];
  /** In a receipt: the chunks' maps that were merged, by their checksums. */
  readonly merged?: readonly string[];
  /** In a common map: where something was mounted that chunks went to, as digests of the paths. */
  readonly places?: readonly string[];
}

const NUMBERS = {
  format: 'Chunk format',
  chunk: 'Chunk',
  chunkSize: 'Chunk size',
  sourceSize: 'Source size',
  pieceSize: 'Piece size',
  unchecked: 'Unchecked bytes',
} as const;

const IDENTITY = {
  model: 'Source model',
  serial: 'Source serial',
  wwn: 'Source WWN',
  partitionUuid: 'Source partition UUID',
  backingFile: 'Source backing file',
} as const;

const KINDS: readonly MapKind[] = ['chunk', 'image', 'plan', 'receipt'];
/** Serial numbers and models are shorter; of a longer path the end tells more. */
const TEXT_MAX = 80;
const PER_LINE = 3;

/** Comment lines for the heading of a map, without their `#`. */
export function manifestComments(manifest: Manifest): string[] {
  const { kind, job, range, layout, identity = {}, samples = [] } = manifest;
  const { merged = [], places = [] } = manifest;
  const lines: string[] = [];
  const put = (name: string, value: unknown): void => {
    if (value !== undefined) lines.push(`${name}: ${value}`);
  };
  put(NUMBERS.format, manifest.format);
  put('Kind', kind);
  put('Job', job);
  for (const other of manifest.otherJobs ?? []) put('Other job', other);
  put(NUMBERS.chunk, manifest.chunk);
  put('Chunk range', range && `${range.pos} ${range.size}`);
  put('Layout', layout);
  put('Compression', manifest.packing);
  put(NUMBERS.chunkSize, manifest.chunkSize);
  put(NUMBERS.sourceSize, manifest.sourceSize);
  for (const [key, name] of Object.entries(IDENTITY)) {
    put(name, textOf(identity[key as keyof typeof IDENTITY]));
  }
  for (const { pos, size, digest } of samples) put('Sample', `${pos} ${size} ${digest}`);
  put(NUMBERS.unchecked, manifest.unchecked);
  put(NUMBERS.pieceSize, manifest.pieceSize);
  if (manifest.digests !== undefined) {
    for (const line of digestLines(manifest.digests, manifest.pieceSize ?? 1)) put('Digests', line);
  }
  for (let i = 0; i < merged.length; i += PER_LINE) {
    put('Merged', merged.slice(i, i + PER_LINE).join(' '));
  }
  for (let i = 0; i < places.length; i += PER_LINE) {
    put('Mounted', places.slice(i, i + PER_LINE).join(' '));
  }
  return lines;
}

function textOf(text: string | undefined): string | undefined {
  return text?.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?').slice(-TEXT_MAX);
}

/** Ours are shorter; a longer one is no line of a manifest, whoever made it. */
const LINE_MAX = 1000;

type Found = { -readonly [Key in keyof Manifest]: Manifest[Key] };

/** What a heading says; what is not there, or makes no sense, is left out. */
export function readManifest(heading: readonly string[]): Manifest {
  const found: Found = {};
  const identity: Record<string, string> = {};
  const samples: Sample[] = [];
  const digests = new Map<number, number>();
  const merged: string[] = [];
  const places: string[] = [];
  const otherJobs: string[] = [];
  for (const line of heading) {
    if (line.length > LINE_MAX) continue;
    const [, name, value] = /^#\s*([A-Za-z][A-Za-z ]*): (.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    if (readNumber(found, name, value)) {
      // Digests above it would be those of other pieces.
      if (name === NUMBERS.pieceSize) digests.clear();
      continue;
    }
    const part = (Object.keys(IDENTITY) as (keyof typeof IDENTITY)[]).find(
      (key) => IDENTITY[key] === name,
    );
    if (part !== undefined && value !== '') identity[part] = value;
    else if (name === 'Sample') samples.push(...samplesIn(value));
    else if (name === 'Digests') readDigestLine(value, found.pieceSize, digests);
    else if (name === 'Merged') merged.push(...value.split(' ').filter(isDigest));
    else if (name === 'Mounted') places.push(...value.split(' ').filter(isDigest));
    else if (name === 'Other job' && isId(value)) otherJobs.push(value);
    else readWord(found, name, value);
  }
  return {
    ...found,
    ...(Object.keys(identity).length > 0 && { identity }),
    ...(samples.length > 0 && { samples }),
    ...(digests.size > 0 && { digests }),
    ...(merged.length > 0 && { merged }),
    ...(places.length > 0 && { places }),
    ...(otherJobs.length > 0 && { otherJobs }),
  };
}

function readNumber(found: Found, name: string, text: string): boolean {
  const key = (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).find(
    (each) => NUMBERS[each] === name,
  );
  if (key === undefined) return false;
  const value = numberIn(text);
  if (value !== undefined && (key === 'chunk' || value > 0)) found[key] = value;
  return true;
}

function readWord(found: Found, name: string, value: string): void {
  if (name === 'Job' && isId(value)) found.job = value;
  if (name === 'Kind') {
    const kind = KINDS.find((each) => each === value);
    if (kind !== undefined) found.kind = kind;
  }
  if (name === 'Layout' && (value === 'sparse' || value === 'compact')) found.layout = value;
  if (name === 'Compression' && (value === 'gzip' || value === 'zstd')) found.packing = value;
  if (name === 'Chunk range') {
    const [pos, size] = value.split(' ').map(numberIn);
    if (pos !== undefined && size !== undefined && Number.isSafeInteger(pos + size)) {
      found.range = { pos, size };
    }
  }
}

function samplesIn(text: string): Sample[] {
  const [first = '', second = '', digest = ''] = text.split(' ');
  const [pos, size] = [numberIn(first), numberIn(second)];
  const isGood = pos !== undefined && size !== undefined && size > 0 && size <= SAMPLE_MAX;
  return isGood && isDigest(digest) ? [{ pos, size, digest }] : [];
}

/** A sample of more is none: who reads it would have to hold it. */
const SAMPLE_MAX = 65536;

function numberIn(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function isId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

function isDigest(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
