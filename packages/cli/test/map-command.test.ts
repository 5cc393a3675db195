import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BLOCK_STATUSES,
  type BlockStatus,
  formatMapfile,
  OPEN_END,
  parseMapfile,
  RescueMap,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { type Answer, MIB, rescueCommand, temporaryDirectory } from './command.ts';

const A =
  '# job: a\n0x100000 ? 2\n0 0x100000 +\n0x100000 0x1000 -\n0x101000 0x1000 *\n0x102000 0xFE000 +\n';
const B = '0 ? 1\n0x300000 0x100000 +\n';
const OPEN = '0 ? 1\n0 0x100000 +\n0x100000 0x7FFFFFFFFFEFFFFF ?\n';

const files: Readonly<Record<string, string>> = {
  'a.map': A,
  'b.map': B,
  'open.map': OPEN,
  'bad.map': '0 ? 1\n0 0x1000 +\n0x2000 0x1000 +\n',
  'empty.map': '',
};

function directory(): string {
  const cwd = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

function run(cwd: string, line: string): Answer {
  return rescueCommand(['map', ...line.split(' ')], { cwd });
}

const runsOf = (text: string): string[] =>
  [...parseMapfile(text).map.blocks()].map(
    ({ pos, size, status }) => `${pos / MIB}+${size / MIB}${status}`,
  );

describe('rescue map show', () => {
  test('tells status, position, sizes and what is not finished', () => {
    const { status, stdout } = run(directory(), 'show a.map');
    expect(status).toBe(0);
    expect(stdout).toContain('covers  0x00000000 - 0x00200000 (2 MiB)');
    expect(stdout).toContain('state   copying, pass 2, at 0x00100000 (1 MiB)');
    expect(stdout).toMatch(/\* non-trimmed +4096 +4 KiB +0\.19 % {2}1 area\n/);
    expect(stdout).toMatch(/\+ finished +2088960 .* 99\.60 % {2}2 areas\n/);
    expect(stdout).toContain('Not finished: 2 areas');
    expect(stdout).toMatch(/0x00100000 {2}0x00101000 {3}4096 {2}4 KiB {2}- bad-sector\n/);
  });

  test('gives exact numbers as one JSON document for each map', () => {
    const { stdout } = run(directory(), 'show --json a.map open.map');
    const [a, open] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(a).toMatchObject({ schema: 1, type: 'map', map: 'a.map', size: 2 * MIB, pass: 2 });
    expect(a.unfinished).toEqual([
      { pos: MIB, end: MIB + 4096, size: 4096, status: '-', name: 'bad-sector' },
      { pos: MIB + 4096, end: MIB + 8192, size: 4096, status: '*', name: 'non-trimmed' },
    ]);
    expect(open).toMatchObject({ start: 0, end: null, size: null });
    expect(open.statuses[0]).toEqual({ status: '?', name: 'non-tried', size: null, areas: 1 });
  });

  test('lists 20 areas, and all when asked', () => {
    const cwd = directory();
    const blocks = Array.from({ length: 50 }, (_, i) => `${i * 512} 512 ${i % 2 ? '+' : '-'}`);
    writeFileSync(join(cwd, 'many.map'), `0 ? 1\n${blocks.join('\n')}\n`);
    const { stdout } = run(cwd, 'show many.map');
    expect(stdout).toContain('and 5 more; --all lists them');
    expect(stdout.match(/- bad-sector$/gm)?.length).toBe(20);
    expect(run(cwd, 'show many.map --all').stdout.match(/- bad-sector$/gm)?.length).toBe(25);
  });

  test('a bad map keeps no other back', () => {
    const { status, stdout, stderr } = run(directory(), 'show none.map bad.map empty.map b.map');
    expect(status).toBe(1);
    expect(stdout).toContain('b.map\n');
    expect(stderr).toContain('There is no map none.map.');
    expect(stderr).toContain('bad.map: line 3, column 1: expected a block at 0x00001000');
    expect(stderr).toContain('rescue map lint bad.map');
    expect(stderr).toContain('empty.map is empty');
  });
});

describe('rescue map lint', () => {
  test('ends with 2 for errors, with 0 for advice, and says clean', () => {
    const cwd = directory();
    writeFileSync(join(cwd, 'octal.map'), '0 ? 1\n\n010000000 0x200 ?\n');
    const octal = run(cwd, 'lint octal.map a.map');
    expect(octal).toMatchObject({ status: 0, stderr: '' });
    expect(octal.stdout).toContain(
      'octal.map: line 3, column 1: 010000000 is octal, 2097152; is 10000000 meant?\n',
    );
    expect(octal.stdout).toContain('a.map: clean\n');
    const bad = run(cwd, 'lint bad.map');
    expect(bad.status).toBe(2);
    expect(bad.stdout).toContain('bad.map: line 3, column 1: error: expected a block at');
    expect(run(cwd, 'lint none.map a.map')).toMatchObject({ status: 1, stdout: 'a.map: clean\n' });
  });

  test('gives findings as JSON', () => {
    const record = JSON.parse(run(directory(), 'lint bad.map --json').stdout);
    expect(record).toMatchObject({ schema: 1, type: 'lint', map: 'bad.map', valid: false });
    expect(record.findings[0]).toMatchObject({ code: 'not-contiguous', line: 3, column: 1 });
  });
});

describe('maps from maps', () => {
  test('union takes maps of any extents, and leaves comments of the inputs behind', () => {
    const { status, stdout } = run(directory(), 'union b.map a.map');
    expect(status).toBe(0);
    expect(runsOf(stdout).at(-2)).toBe('2+1?');
    expect(runsOf(stdout).at(-1)).toBe('3+1+');
    expect(stdout).toMatch(/^# Mapfile\. Created by rescue version /);
    expect(stdout).toContain('# Command line: rescue map union b.map a.map\n');
    expect(stdout).not.toContain('job: a');
  });

  test('union keeps an unknown end', () => {
    const { stdout } = run(directory(), 'union b.map open.map');
    expect(parseMapfile(stdout).map.end).toBe(OPEN_END);
  });

  test('intersect and diff', () => {
    const cwd = directory();
    expect(runsOf(run(cwd, 'intersect a.map open.map').stdout)[0]).toBe('0+1+');
    const diff = runsOf(run(cwd, 'diff a.map open.map').stdout);
    expect(diff[0]).toBe(`0+${(MIB + 8192) / MIB}?`);
    expect(diff[1]).toMatch(/\+$/);
    expect(run(cwd, 'diff a.map').stderr).toContain('Give two maps: rescue map diff a.map b.map');
    expect(run(cwd, 'diff a.map b.map open.map').status).toBe(1);
    expect(run(cwd, 'union a.map').stderr).toContain('Give two maps or more');
  });

  test('clip gives a part, also one without a known end', () => {
    const cwd = directory();
    const part = run(cwd, 'clip a.map --pos 512Ki --size 1Mi');
    expect(runsOf(part.stdout)[0]).toBe('0.5+0.5+');
    expect(parseMapfile(part.stdout).map.end).toBe(1.5 * MIB);
    expect(parseMapfile(run(cwd, 'clip open.map --pos 4096').stdout).map.end).toBe(OPEN_END);
    expect(runsOf(run(cwd, 'clip open.map --size 2MiB').stdout)).toEqual(['0+1+', '1+1?']);
  });

  test.each([
    ['clip a.map', 'Say which part'],
    ['clip a.map --pos 3MiB', 'it covers 0x00000000 - 0x00200000 (2 MiB)'],
    ['clip a.map --pos x', '--pos: "x" is not a number'],
    ['clip a.map --size 0', '--size: "0" is not between 1 and'],
    ['clip a.map b.map --pos 1', 'Unknown argument: b.map'],
    ['shift a.map', 'Missing required argument: by'],
    ['shift b.map --by=-0x300001', 'it begins at 3145728, so -3145728 is the least'],
    ['shift a.map --by 9007199254740991', 'beyond 2^53-1'],
    ['shift open.map --by 9007199254740991', 'beyond 2^53-1'],
    ['shwo a.map', 'Did you mean show?'],
    ['show a.map --al', 'Did you mean --all?'],
    ['show', 'Not enough non-option arguments'],
    ['union a.map none.map', 'There is no map none.map.'],
  ])('%s is refused in one sentence', (line, message) => {
    const { status, stdout, stderr } = run(directory(), line);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n').length).toBe(2);
    expect(status).toBe(1);
  });

  test('the action must be said', () => {
    expect(rescueCommand(['map']).stderr).toContain('Say what to do: show, lint, union');
  });

  test('shift moves there and back', () => {
    const cwd = directory();
    for (const name of ['a.map', 'open.map']) {
      const there = run(cwd, `shift ${name} --by 1MiB`).stdout;
      writeFileSync(join(cwd, 'there.map'), there);
      const back = run(cwd, 'shift there.map --by=-1048576').stdout;
      expect(runsOf(back)).toEqual(runsOf(files[name] as string));
      expect(parseMapfile(there).map.start).toBe(MIB);
    }
    writeFileSync(join(cwd, 'there.map'), run(cwd, 'shift a.map --by 1MiB').stdout);
    expect(run(cwd, 'shift there.map --by -1048576').status).toBe(0);
  });

  test('a damaged map ends with 2 and gives nothing', () => {
    expect(run(directory(), 'union a.map bad.map')).toMatchObject({ status: 2, stdout: '' });
  });

  test('--json gives blocks', () => {
    const record = JSON.parse(run(directory(), 'union a.map open.map --json').stdout);
    expect(record).toMatchObject({ schema: 1, type: 'map', action: 'union', end: null });
    expect(record.blocks.at(-1)).toMatchObject({ pos: 2 * MIB, size: null, status: '?' });
  });

  test('names from outside do not command the terminal', () => {
    const cwd = directory();
    const name = 'x\u001b[2J.map';
    writeFileSync(join(cwd, name), A);
    for (const words of [
      ['show', name],
      ['lint', name],
      ['show', `${name}x`],
    ]) {
      const { stdout, stderr } = rescueCommand(['map', ...words], { cwd });
      expect(stdout + stderr).not.toContain('\u001b');
      expect(stdout + stderr).toContain('[2J.map');
    }
  });
});

describe('--output', () => {
  test('writes the map, and tells what it covers', () => {
    const cwd = directory();
    const { status, stdout } = run(cwd, 'union a.map b.map --output u.map');
    expect(status).toBe(0);
    expect(stdout).toBe('u.map: covers 0x00000000 - 0x00400000 (4 MiB), 74.80 % finished\n');
    const written = readFileSync(join(cwd, 'u.map'), 'utf8');
    expect(runsOf(written)).toEqual(runsOf(run(cwd, 'union a.map b.map').stdout));
    expect(readdirSync(cwd).filter((name) => name.startsWith('u.map'))).toEqual(['u.map']);
  });

  test('replaces a file only with --force, and keeps the old one beside it', () => {
    const cwd = directory();
    const refused = run(cwd, 'clip a.map --size 1Mi -o b.map');
    expect(refused.status).toBe(7);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(join(cwd, 'b.map'), 'utf8')).toBe(B);
    expect(run(cwd, 'clip a.map --size 1Mi -o b.map --force').status).toBe(0);
    expect(runsOf(readFileSync(join(cwd, 'b.map'), 'utf8'))).toEqual(['0+1+']);
    expect(readFileSync(join(cwd, 'b.map.bak'), 'utf8')).toBe(B);
  });

  test('never writes into an input, by whatever name, nor over it with its backup', () => {
    const cwd = directory();
    symlinkSync('a.map', join(cwd, 'link.map'));
    writeFileSync(join(cwd, 'b.map.bak'), A);
    for (const line of [
      'shift a.map --by 1 -o a.map --force',
      'shift a.map --by 1 -o link.map --force',
      'union a.map b.map.bak -o b.map --force',
    ]) {
      expect(run(cwd, line).status).toBe(7);
    }
    expect(readFileSync(join(cwd, 'a.map'), 'utf8')).toBe(A);
    expect(readFileSync(join(cwd, 'b.map.bak'), 'utf8')).toBe(A);
    expect(run(cwd, 'union a.map a.map -o u.map').status).toBe(0);
  });

  test('into a folder that is not there ends with 1', () => {
    const cwd = directory();
    expect(run(cwd, 'union a.map b.map -o no/u.map').status).toBe(1);
    expect(existsSync(join(cwd, 'no'))).toBe(false);
  });
});

const missing = missingOracle();
const title = missing === undefined ? 'as GNU ddrescuelog' : `as ddrescuelog (skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  /** Statuses of eight pieces of 512 bytes. */
  const pieces = (statuses: readonly BlockStatus[]): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom(...statuses), { minLength: 8, maxLength: 8 }).map((list) => {
      const blocks = list.map((status, i) => ({ pos: i * 512, size: 512, status }));
      const map = RescueMap.fromBlocks(blocks);
      map.mergeNeighbours();
      return formatMapfile({ heading: [], position: 0, state: '?', pass: 1, map });
    });

  const compare = (
    statuses: { a: readonly BlockStatus[]; b: readonly BlockStatus[] },
    check: (ours: RescueMap, gnu: RescueMap) => void,
    operation: { action: string; option: string },
  ): void => {
    const cwd = temporaryDirectory();
    fc.assert(
      fc.property(pieces(statuses.a), pieces(statuses.b), (a, b) => {
        writeFileSync(join(cwd, 'a.map'), a);
        writeFileSync(join(cwd, 'b.map'), b);
        const ours = run(cwd, `${operation.action} a.map b.map`);
        const gnu = runOracle([operation.option, 'b.map', 'a.map'], {
          tool: 'ddrescuelog',
          cwd,
          timeoutMs: 20_000,
        });
        expect([ours.status, gnu.status]).toEqual([0, 0]);
        check(parseMapfile(ours.stdout).map, parseMapfile(gnu.stdout).map);
      }),
      { numRuns: 25 },
    );
  };

  test('union is -z where the second map is finished or non-tried', () => {
    compare(
      { a: BLOCK_STATUSES, b: ['?', '+'] },
      (ours, gnu) => expect([...ours.blocks()]).toEqual([...gnu.blocks()]),
      { action: 'union', option: '-z' },
    );
  });

  test('intersect has finished what -y has', () => {
    compare(
      { a: BLOCK_STATUSES, b: BLOCK_STATUSES },
      (ours, gnu) => expect([...ours.ranges('+')]).toEqual([...gnu.ranges('+')]),
      { action: 'intersect', option: '-y' },
    );
  });
});
