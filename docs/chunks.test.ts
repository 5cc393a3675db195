/** Runs the command lines of docs/chunks.md, and looks at chunks as that page describes them. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { parseMapfile } from '@chunkrescue/mapfile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingOracle } from '../scripts/oracle.ts';

const repository = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const DEMO = repository('test-fixtures/demo.img');
const ORACLE = process.env['RESCUE_ORACLE'] ?? '/opt/ddrescue-1.30/bin';
/** Five chunks whose borders are no multiples of 1 MiB. */
const CUT = ['-H', repository('test-fixtures/demo-bad.map'), '--chunk-size', '1000KiB', '--all'];
const SHUFFLED = [1, 4, 0, 2, 3];
const PIECE = 1024 * 1024;

const page = readFileSync(new URL('chunks.md', import.meta.url), 'utf8');

/** The command lines of the page behind `<!-- name -->`. */
function lines(name: string): string {
  const [, text] = page.split(`<!-- ${name} -->\n\`\`\`sh\n`);
  if (text === undefined) throw new Error(`docs/chunks.md has no lines named ${name}.`);
  return text.slice(0, text.indexOf('```'));
}

/** Runs lines of the page for a chunk, as the page has them but for the number. */
function runLines(name: string, number: number, cwd: string): string {
  const script = lines(name).replaceAll('chunk03', `chunk0${number}`);
  const { status, stdout, stderr } = spawnSync('timeout', ['20', 'sh', '-e', '-c', script], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${ORACLE}:${process.env['PATH']}`, LC_ALL: 'C' },
  });
  expect([name, number, status, stderr]).toEqual([name, number, 0, expect.any(String)]);
  return stdout;
}

function rescue(...words: string[]): void {
  const program = repository('packages/cli/bin/rescue.js');
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([4, expect.not.stringContaining('rescue:')]);
}

let dir: string;
/** What `rescue merge` makes of the chunks. */
let merged: Buffer;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rescue-chunks-'));
  for (const layout of ['sparse', 'compact']) {
    const out = join(dir, layout);
    mkdirSync(out);
    rescue('read', DEMO, ...CUT, '--layout', layout, '--out', out);
  }
  const chunks = [0, 1, 2, 3, 4].map((number) => join(dir, 'sparse', `chunk0${number}.raw`));
  rescue('merge', ...chunks, join(dir, 'merged.raw'));
  merged = readFileSync(join(dir, 'merged.raw'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const missing = missingOracle();
const title = `putting back with GNU ddrescue${missing === undefined ? '' : ` (${missing})`}`;

describe.skipIf(missing !== undefined)(title, () => {
  test.each(['sparse', 'compact'])('%s chunks in any order give the image of merge', (layout) => {
    const cwd = join(dir, layout);
    runLines(layout, 3, cwd);
    runLines('length', 3, cwd);
    expect(statSync(join(cwd, 'final.raw')).size).toBe(merged.length);
    for (const number of SHUFFLED) runLines(layout, number, cwd);
    expect(readFileSync(join(cwd, 'final.raw')).equals(merged)).toBe(true);
    rmSync(join(cwd, 'final.raw'));
  });

  test.each(['sparse', 'compact'])(
    'a %s chunk writes what it rescued and nothing else',
    (layout) => {
      const cwd = join(dir, layout);
      const wanted = Buffer.alloc(merged.length, 'x');
      writeFileSync(join(cwd, 'final.raw'), wanted);
      for (const { pos, size } of mapOf(join(cwd, 'chunk03.map')).map.ranges('+')) {
        merged.copy(wanted, pos, pos, pos + size);
      }
      runLines(layout, 3, cwd);
      expect(readFileSync(join(cwd, 'final.raw')).equals(wanted)).toBe(true);
      rmSync(join(cwd, 'final.raw'));
    },
  );
});

test("the union of the chunks' maps is the image's map", () => {
  const maps = [0, 1, 2, 3, 4].map((number) => join(dir, 'compact', `chunk0${number}.map`));
  const program = repository('packages/cli/bin/rescue.js');
  const { stdout } = spawnSync(process.execPath, [program, 'map', 'union', ...maps]);
  const { map } = mapOf(join(dir, 'merged.map'));
  expect([...parseMapfile(String(stdout)).map.blocks()]).toEqual([...map.blocks()]);
});

describe('what the page says of a map', () => {
  const cases = ['sparse', 'compact'].flatMap((layout) =>
    [0, 1, 2, 3, 4].map((number) => [layout, number] as const),
  );

  test.each(cases)('%s chunk %i: digests and checksum are made as it says', (layout, number) => {
    const { text, map } = mapOf(join(dir, layout, `chunk0${number}.map`));
    const bytes = Buffer.alloc(Math.ceil(merged.length / PIECE) * PIECE);
    for (const { pos, size } of map.ranges('+')) merged.copy(bytes, pos, pos, pos + size);
    const expected = new Map<number, string>();
    for (const { pos, size } of map.ranges('+')) {
      for (let at = pos - (pos % PIECE); at < pos + size; at += PIECE) {
        expected.set(at, hex(crc32(bytes.subarray(at, at + PIECE))));
      }
    }
    expect(digestsIn(text)).toEqual([...expected]);
    const plain = text.replace(/^# Map checksum: .*\n/m, '');
    const sum = createHash('sha256').update(plain).digest('hex').slice(0, 32);
    expect(text).toContain(`# Map checksum: ${sum}\n`);
    expect(text.split('\n').every((line) => line.length <= 127 || /^# Command/.test(line))).toBe(
      true,
    );
  });

  test.each([0, 1, 2, 3, 4])('chunk %i: the lines with common tools print the same', (number) => {
    const cwd = join(dir, 'sparse');
    const { text } = mapOf(join(cwd, `chunk0${number}.map`));
    const [crc, sum] = runLines('check', number, cwd).trim().split(/\s+/);
    expect(crc).toBe(digestsIn(text)[0]?.[1]);
    expect(text).toContain(`# Map checksum: ${sum}\n`);
  });

  test('the example has the lines of a chunk, in their order', () => {
    const names = (text: string): string[] =>
      [...text.matchAll(/^# ([A-Z][A-Za-z ]*): /gm)].map(([, name]) => name as string);
    const [, example = ''] = /```\n(# Finished\n[\s\S]*?)```/.exec(page) ?? [];
    const { text } = mapOf(join(dir, 'compact', 'chunk03.map'));
    const known = names(text).filter(
      (name) => !/^(Command line|Start time|Current time)$/.test(name),
    );
    const shown = names(example).filter((name) => !/^Source (model|serial)$/.test(name));
    expect([...new Set(shown)]).toEqual([...new Set(known)]);
  });
});

function mapOf(path: string): { text: string; map: ReturnType<typeof parseMapfile>['map'] } {
  const text = readFileSync(path, 'utf8');
  return { text, map: parseMapfile(text).map };
}

function digestsIn(text: string): [number, string][] {
  return [...text.matchAll(/^# Digests: (\d+) (.*)$/gm)].flatMap(([, first, words = '']) =>
    words.split(' ').map((word, i): [number, string] => [Number(first) + i * PIECE, word]),
  );
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
