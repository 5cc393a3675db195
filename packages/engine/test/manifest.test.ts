import { formatMapfile, parseMapfile, RescueMap } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Manifest, manifestComments, readManifest } from '../src/chunks/manifest.ts';
import { seal, sealState } from '../src/chunks/seal.ts';

const id = fc.stringMatching(/^[0-9a-f]{16}$/);
const digest = fc.stringMatching(/^[0-9a-f]{32}$/);
const size = fc.integer({ min: 1, max: 2 ** 50 });
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 _/.:-]{0,60}[A-Za-z0-9]$/);

const manifests: fc.Arbitrary<Manifest> = fc.record(
  {
    format: fc.constant(1),
    kind: fc.constantFrom('chunk', 'image', 'plan', 'receipt'),
    job: id,
    otherJobs: fc.array(id, { minLength: 1, maxLength: 3 }),
    chunk: fc.nat(),
    range: fc.record({ pos: size, size }),
    layout: fc.constantFrom('sparse', 'compact'),
    packing: fc.constantFrom('gzip', 'zstd'),
    chunkSize: size,
    sourceSize: size,
    identity: fc.record(
      { model: word, serial: word, wwn: word, partitionUuid: word, backingFile: word },
      { requiredKeys: ['serial'] },
    ),
    samples: fc.array(fc.record({ pos: size, size: fc.constant(512), digest }), {
      minLength: 1,
      maxLength: 8,
    }),
    unchecked: size,
    pieceSize: fc.constant(1024),
    digests: fc
      .uniqueArray(fc.nat(500), { minLength: 1 })
      .map((pieces) => new Map(pieces.sort((a, b) => a - b).map((i) => [i * 1024, i * 7919]))),
    merged: fc.array(digest, { minLength: 1, maxLength: 10 }),
    places: fc.array(digest, { minLength: 1, maxLength: 8 }),
  },
  { requiredKeys: ['pieceSize'] },
) as fc.Arbitrary<Manifest>;

const textOf = (manifest: Manifest): string => {
  const heading = manifestComments(manifest).map((line) => `# ${line}`);
  const map = RescueMap.ofOne(0, 4096);
  return formatMapfile({ heading, position: 0, state: '+', pass: 1, map });
};

test('what a map says of its chunk is read back as it was written, in lines that ddrescue takes', () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      const text = seal(textOf(manifest));
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(127);
      expect(readManifest(parseMapfile(text).heading)).toEqual(manifest);
    }),
    { numRuns: 500 },
  );
});

test('every bit of a sealed map is under the seal; line ends of other systems are not', () => {
  const text = seal(textOf({ format: 1, kind: 'chunk', job: '0123456789abcdef', chunk: 3 }));
  expect(sealState(text)).toBe('good');
  expect(sealState(text.replaceAll('\n', '\r\n'))).toBe('good');
  const bytes = Buffer.from(text);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    // Without its own line a seal is not there; then what it says of the chunk is refused as incomplete.
    expect(sealState(changed.toString())).not.toBe('good');
  }
  for (let end = 0; end < text.length; end++) {
    expect(sealState(text.slice(0, end))).not.toBe('good');
  }
});

test('comments that make no sense are left out, and nothing in them can hurt', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), word)), (lines) => {
      const names = [
        'Digests',
        'Sample',
        'Piece size',
        'Chunk range',
        'Merged',
        'Mounted',
        'Job',
        'Chunk',
      ];
      readManifest(lines.flatMap((line) => names.map((name) => `# ${name}: ${line}`)));
    }),
    { numRuns: 2000 },
  );
  const silly = ['# Piece size: 9007199254740991', '# Chunk range: 9007199254740991 5', '# Job: x'];
  expect(readManifest(silly)).toEqual({ pieceSize: 9007199254740991 });
});
