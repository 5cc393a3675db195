import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BLOCK_STATUSES,
  formatMapfile,
  type Mapfile,
  OPEN_END,
  parseMapfile,
  RescueMap,
  type RunState,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';

const OPEN = '0x7FFFFFFFFFFFFFFF';

const mapfiles: fc.Arbitrary<Mapfile> = fc.record({
  heading: fc.array(fc.string().map((text) => `# Comment: ${text.replace(/[\r\n]/g, '')}`)),
  position: fc.oneof(fc.nat(1e9), fc.integer({ min: 0, max: OPEN_END })),
  state: fc.constantFrom<RunState>('?', '*', '%', '/', '-', 'F', 'G', '+'),
  pass: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  map: fc
    .tuple(
      fc.uniqueArray(fc.oneof(fc.nat(1e6), fc.maxSafeInteger().map(Math.abs)), { minLength: 1 }),
      fc.infiniteStream(fc.nat(BLOCK_STATUSES.length - 1)),
      fc.boolean(),
    )
    .map(([borders, codes, isOpen]) => {
      const starts = borders.filter((pos) => pos < OPEN_END).sort((a, b) => a - b);
      const end = isOpen ? OPEN_END : (starts.pop() ?? 0);
      const count = starts.length;
      return RescueMap.fromRuns({ starts, codes: [...codes.take(count)], count, end });
    }),
});

function plain({ map, ...rest }: Mapfile): unknown {
  return { ...rest, blocks: [...map.blocks()] };
}

describe('formatMapfile', () => {
  test('writes what ddrescue writes', () => {
    const map = RescueMap.fromRuns({ starts: [0, 0x200], codes: [4, 3], count: 2, end: 2 ** 40 });
    expect(formatMapfile({ heading: ['# Mapfile'], position: 512, state: '*', pass: 1, map })).toBe(
      `${'# Mapfile\n# current_pos  current_status  current_pass\n'}0x00000200     *               1\n` +
        '#      pos        size  status\n0x00000000  0x00000200  +\n0x00000200  0xFFFFFFFE00  -\n',
    );
  });

  test('writes an open end as 2^63-1', () => {
    const map = RescueMap.fromRuns({ starts: [0, 16], codes: [4, 0], count: 2, end: OPEN_END });
    const text = formatMapfile({ heading: [], position: OPEN_END, state: '?', pass: 2, map });
    expect(text).toContain(`\n${OPEN}     ?               2\n`);
    expect(text).toContain('\n0x00000010  0x7FFFFFFFFFFFFFEF  ?\n');
  });

  test('keeps a heading a comment, whatever it holds', () => {
    const map = RescueMap.ofOne(0, 8);
    const heading = ['plain', '# two\n0 9 +'];
    const text = formatMapfile({ heading, position: 0, state: '?', pass: 1, map });
    expect(parseMapfile(text).heading).toEqual(['# plain', '# two', '# 0 9 +']);
    expect(parseMapfile(text).map.end).toBe(8);
  });

  test('parsing gives back what was written, and writing gives the same text', () => {
    fc.assert(
      fc.property(mapfiles, (mapfile) => {
        const text = formatMapfile(mapfile);
        const again = parseMapfile(text);
        expect(plain(again)).toEqual(plain(mapfile));
        expect(formatMapfile(again)).toBe(text);
      }),
    );
  });

  test('does so over many blocks', () => {
    const count = 20_000;
    const starts = Float64Array.from({ length: count }, (_, i) => i * 0x12345678);
    const codes = Uint8Array.from({ length: count }, (_, i) => i % BLOCK_STATUSES.length);
    const map = RescueMap.fromRuns({ starts, codes, count, end: count * 0x12345678 });
    const text = formatMapfile({ heading: [], position: 0, state: '?', pass: 1, map });
    const simple = [...map.blocks()].map(({ pos, size, status }) => {
      const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(8, '0')}`;
      return `${hex(pos)}  ${hex(size)}  ${status}\n`;
    });
    expect(text.endsWith(`status\n${simple.join('')}`)).toBe(true);
    expect(formatMapfile(parseMapfile(text))).toBe(text);
  });
});

const missing = missingOracle();

describe.skipIf(missing !== undefined)(`files of ddrescue ${missing ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'format-'));
  const path = (name: string): string => join(folder, name);
  afterAll(() => rmSync(folder, { recursive: true }));

  test('come out byte for byte after a rescue', () => {
    writeFileSync(path('in'), Buffer.alloc(100_000, 1));
    writeFileSync(path('bad'), '0 ? 1\n0 0x8000 +\n0x8000 0x1000 -\n0x9000 0xF6A0 +\n');
    for (const options of [['-n'], ['-s70000'], ['-i1000', '-s3333'], ['-r2', '-R'], ['-e0']]) {
      const map = path(`map${options.join('')}`);
      const args = [...options, '-H', path('bad'), path('in'), path(`out${options.join('')}`), map];
      expect(runOracle(args, { cwd: folder }).status).not.toBeNull();
      const text = readFileSync(map, 'utf8');
      expect(parseMapfile(text).map.count).toBeGreaterThan(0);
      expect(formatMapfile(parseMapfile(text))).toBe(text);
    }
  });

  test.each([
    `0 ? 1\n0 ${OPEN} -\n`,
    `${OPEN} ? 2\n0 0x200 +\n0x200 ${OPEN} ?\n`,
    '0x12345678ABCD % 7\n0 0xFFFFFFFFF +\n0xFFFFFFFFF 0x1000000000 /\n',
    '16 F\n512 0x1000000000000 *\n',
  ])('come out byte for byte when ddrescuelog made them of %j', (source) => {
    writeFileSync(path('source'), source);
    const { stdout } = runOracle(['-a', '?,?', path('source')], { tool: 'ddrescuelog' });
    expect(stdout).toContain('# Mapfile. Created by GNU ddrescuelog');
    expect(formatMapfile(parseMapfile(stdout))).toBe(stdout);
  });

  test('that we write are understood by ddrescuelog', () => {
    fc.assert(
      fc.property(mapfiles, (mapfile) => {
        fc.pre(mapfile.map.count > 0);
        const own = formatMapfile(mapfile);
        writeFileSync(path('own'), own);
        const { stdout } = runOracle(['-a', '?,?', path('own')], { tool: 'ddrescuelog' });
        const theirs = parseMapfile(stdout);
        const merged = mapfile.map.clone();
        merged.mergeNeighbours();
        expect([...theirs.map.blocks()]).toEqual([...merged.blocks()]);
        expect([theirs.position, theirs.state, theirs.pass]).toEqual([
          mapfile.position,
          mapfile.state,
          mapfile.pass,
        ]);
      }),
      { numRuns: 30 },
    );
  });
});
