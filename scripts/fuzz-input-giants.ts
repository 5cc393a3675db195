/** Inputs of enormous size, each in one respect; they must be done in seconds, and in little memory. */
import {
  Domain,
  formatMapfile,
  lintMapfile,
  MapfileError,
  parseMapfile,
} from '@chunkrescue/mapfile';
import { readManifest } from '../packages/engine/src/chunks/manifest.ts';
import { sealState } from '../packages/engine/src/chunks/seal.ts';
import { parseMounts } from '../packages/engine/src/node/mounts.ts';
import { must, unlessKnown } from './fuzz-input-law.ts';

/** A text of about `size` characters. */
type Giant = (size: number) => string;

const lines = (line: (index: number) => string, size: number): string => {
  const each = line(1).length + 1;
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => `${line(i)}\n`).join('');
};
const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;

export const GIANTS: Readonly<Record<string, Giant>> = {
  'one line': (size) => `0 ? 1\n0 ${'1'.repeat(size)} +\n`,
  'one line of zeros': (size) => `0 ? 1\n${'0'.repeat(size)} 1 +\n`,
  'one line of NUL bytes': (size) => '\0'.repeat(size),
  'one line of blanks': (size) => `0 ? 1\n0${' '.repeat(size)}1 +\n`,
  'one comment': (size) => `# ${'x'.repeat(size)}\n0 ? 1\n0 512 +\n`,
  'a manifest line of blanks': (size) => `# Job: ${' '.repeat(size)}x\n0 ? 1\n0 512 +\n`,
  'blanks in front of a comment': (size) => `${' '.repeat(size)}# x\n0 ? 1\n`,
  blocks: (size) =>
    `0 ? 1\n${lines((i) => `${hex(i * 512)}  0x00000200  ${i % 2 ? '+' : '-'}`, size)}`,
  'blocks in odd spelling': (size) => `0 ? 1\n${lines((i) => `${i} 1 ${i % 2 ? '+' : '-'}`, size)}`,
  'blocks backwards': (size) => `0 ? 1\n${lines((i) => `${1e9 - 2 * i} 1 +`, size)}`,
  'overlapping blocks': (size) => `0 ? 1\n${lines((i) => `${i % 7} ${i + 1} +`, size)}`,
  comments: (size) => `${lines(() => '# Digests: 0 00000000', size)}0 ? 1\n0 512 +\n`,
  'empty comments': (size) => `${'#\n'.repeat(size / 2)}0 ? 1\n0 512 +\n`,
  'empty lines': (size) => `${'\n'.repeat(size)}0 ? 1\n0 512 +\n`,
  'bad lines': (size) => `0 ? 1\n${lines(() => '08 x', size)}`,
  'carriage returns': (size) => `0 ? 1\r0 512 +\r${'\r'.repeat(size)}`,
  seals: (size) => lines(() => `# Map checksum: ${'0'.repeat(32)}`, size),
  digests: (size) => `# Piece size: 1\n# Digests: 0${' 00000000'.repeat(size / 9)}\n0 ? 1\n`,
};

/** Tries one; throws when a law is broken. */
export function tryGiant(name: string, size: number): void {
  const text = (GIANTS[name] as Giant)(size);
  const isKnown = (error: unknown): boolean => error instanceof MapfileError;
  const mapfile = unlessKnown(isKnown, () => parseMapfile(text));
  const loose = unlessKnown(isKnown, () => parseMapfile(text, { loose: true }));
  must(mapfile === undefined || loose !== undefined, 'loose refuses what strict takes');
  if (mapfile !== undefined) {
    const again = formatMapfile(mapfile);
    must(formatMapfile(parseMapfile(again)) === again, 'a map is not read back as it was written');
    must(Domain.fromMap(mapfile.map).size === mapfile.map.sizeOf('+'), 'a domain');
    const { digests = new Map() } = readManifest(mapfile.heading);
    must(digests.size * 8 <= text.length, 'more digests than there are in the text');
  }
  must(lintMapfile(text).length <= 100_002, 'more findings than anybody reads');
  must(sealState(text) !== 'good', 'a seal that fits by chance');
  must(parseMounts(text).length === 0, 'a mount in a map');
}
