/** Files on a stick that say what they like: what is believed of them, and what that may cost. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatMapfile, RescueMap } from '@chunkrescue/mapfile';
import { expect, onTestFinished, test } from 'vitest';
import { type Manifest, manifestComments, readManifest } from '../src/chunks/manifest.ts';
import { openChunk } from '../src/chunks/open-chunk.ts';
import { unpackedSource } from '../src/chunks/packed-file.ts';
import { readReceipt, receiptName, writeReceipt } from '../src/chunks/receipt.ts';
import { seal, sealState } from '../src/chunks/seal.ts';
import { rescueErrorOf } from './node/scratch.ts';

function folder(): (name: string) => string {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-hostile-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return (name) => join(dir, name);
}

const textOf = (manifest: Manifest, size: number): string =>
  formatMapfile({
    heading: manifestComments(manifest).map((line) => `# ${line}`),
    position: 0,
    state: '+',
    pass: 1,
    map: RescueMap.ofOne(0, size, '+'),
  });

test.each([
  ['a piece of all memory', '# Piece size: 9007199254740991'],
  ['a piece of a byte', '# Piece size: 1'],
  ['a place that the file is not at', '# Chunk range: 4096 512\n# Layout: compact'],
  ['a compression', '# Compression: gzip\n# Chunk range: 0 512'],
])('comments that nobody vouches for say nothing of %s', (_, comments) => {
  const at = folder();
  writeFileSync(at('a.raw'), Buffer.alloc(512, 'x'));
  writeFileSync(at('a.map'), `${comments}\n0 + 1\n0 512 +\n`);
  const chunk = openChunk({ raw: at('a.raw'), map: at('a.map') }, { cache: 'used' });
  try {
    const [piece, ...more] = chunk.pieces();
    expect(Buffer.from(piece?.bytes ?? []).subarray(0, 512)).toEqual(Buffer.alloc(512, 'x'));
    expect([more.length, chunk.isOurs]).toEqual([0, false]);
  } finally {
    chunk.close();
  }
});

test.each([0, -1, 0.5, 2 ** 26 + 1, 2 ** 53])(
  'a sealed chunk with pieces of %d bytes is refused',
  (pieceSize) => {
    const at = folder();
    const manifest: Manifest = {
      format: 1,
      kind: 'chunk',
      job: '0123456789abcdef',
      range: { pos: 0, size: 512 },
      layout: 'sparse',
      sourceSize: 512,
      pieceSize,
    };
    writeFileSync(at('a.raw'), Buffer.alloc(512, 'x'));
    writeFileSync(at('a.map'), seal(textOf(manifest, 512)));
    const pair = { raw: at('a.raw'), map: at('a.map') };
    expect(rescueErrorOf(() => openChunk(pair, { cache: 'used' })).code).toBe('chunk-mismatch');
  },
);

test('a line of a hundred million blanks is no line of a manifest, and costs nothing', () => {
  const heading = [`# Job: ${' '.repeat(100_000_000)}x`, '# Chunk: 7'];
  const startMs = performance.now();
  expect(readManifest(heading)).toEqual({ chunk: 7 });
  // It took hours.
  expect(performance.now() - startMs).toBeLessThan(5000);
});

test('digests above a second piece size are those of no piece', () => {
  const lines = [
    '# Piece size: 64',
    '# Digests: 64 01234567',
    '# Piece size: 6',
    '# Digests: 6 89abcdef',
  ];
  expect(readManifest(lines).digests).toEqual(new Map([[6, 0x89abcdef]]));
});

test('names in a manifest are no names of what all objects have', () => {
  const found = readManifest(['# __proto__: 1', '# constructor: x', '# toString: 5']);
  expect(found).toEqual({});
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
});

test('a receipt without its checksum counts for nothing, for chunks are deleted by its word', () => {
  const at = folder();
  const manifest = { job: '0123456789abcdef', merged: ['0'.repeat(32)] };
  const map = RescueMap.ofOne(0, 4096, '+');
  const path = writeReceipt(at(''), { manifest, map, now: new Date(0) });
  expect(readReceipt(path)?.merged.size).toBe(1);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/^# Map checksum.*\n/m, ''));
  expect(readReceipt(path)).toBeUndefined();
});

test('a map with two checksums gets one when it is written again', () => {
  const text = seal(textOf({ job: '0123456789abcdef' }, 512));
  const [line = ''] = /^# Map checksum.*\n/m.exec(text) ?? [];
  const again = seal(line + text);
  expect([sealState(again), again.match(/Map checksum/g)?.length]).toEqual(['good', 1]);
});

test('a compressed chunk is not unpacked beyond its range, nor read when it is longer than that', () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const fileOf = (bytes: Buffer, size = bytes.length) => ({
    name: 'chunk00.raw.gz',
    size,
    read: (pos: number, into: Uint8Array) => ({
      copied: bytes.copy(into, 0, pos),
      errno: undefined,
    }),
  });
  const open = (file: ReturnType<typeof fileOf>) =>
    rescueErrorOf(() => unpackedSource(file as never, { packing: 'gzip', size: 4096 }));
  expect(open(fileOf(bomb)).message).toMatch(/cannot be unpacked/);
  expect(open(fileOf(bomb, 2 ** 31)).message).toMatch(/longer than the chunk/);
});

test.each(['../../etc/cron.d/x', '/etc/passwd', 'a/b', '..', '0123456789abcde/'])(
  'job %j is none: no name that is made of one leads out of its folder',
  (job) => {
    expect(readManifest([`# Job: ${job}`, `# Other job: ${job}`, `# Merged: ${job}`])).toEqual({});
    expect(receiptName('0123456789abcdef')).toBe('receipt-01234567.map');
  },
);
