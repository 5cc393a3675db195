import { lintMapfile, type MapFinding, MapfileError, parseMapfile } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** What is found, as `line:column code`, errors with a `!`. */
const found = (text: string): string[] =>
  lintMapfile(text).map(
    ({ severity, line, column, code }) =>
      `${line}:${column} ${code}${severity === 'error' ? '!' : ''}`,
  );

const messages = (text: string): string[] => lintMapfile(text).map(({ message }) => message);
const hints = (text: string): (string | undefined)[] => lintMapfile(text).map(({ hint }) => hint);

const parserError = (text: string): MapfileError | undefined => {
  try {
    parseMapfile(text);
    return undefined;
  } catch (error) {
    if (error instanceof MapfileError) return error;
    throw error;
  }
};

describe('numbers', () => {
  test('in octal are told with both values', () => {
    expect(lintMapfile('# by hand\n0 ? 1\n010000000 0x200000 ?\n')).toEqual([
      {
        severity: 'advice',
        code: 'octal',
        line: 3,
        column: 1,
        message: '010000000 is octal, 2097152; is 10000000 meant?',
      } satisfies MapFinding,
    ]);
  });

  test('that are the same in octal, or have a prefix, are fine', () => {
    expect(found('0x0 ? 1\n00 0x00000200 +\n0x200 01000 +\n')).toEqual(['3:7 octal']);
    expect(found('0x00000000 ? 1\n0x00000000 0b1000000000 +\n')).toEqual([]);
  });

  test('with a digit that octal has not are read as two', () => {
    expect(found('0 ? 1\n08 +\n')).toEqual(['2:1 octal']);
    expect(parseMapfile('0 ? 1\n08 +\n').map.end).toBe(8);
  });

  test('with units are told in bytes', () => {
    const units = ['100M', '100MiB', '2s', '0x10k', '1_024', '1F0000', '1000h'];
    expect(units.map((size) => messages(`0 ? 1\n0 ${size} ?\n`).at(-1))).toEqual([
      '100M has a unit, and a map counts bytes without one; write 100000000, or 104857600 if 100Mi is meant',
      '100MiB has a unit, and a map counts bytes without one; write 104857600',
      '2s has a unit, and a map counts bytes without one; write 1024 for sectors of 512 bytes',
      '0x10k has a unit, and a map counts bytes without one; write 16000, or 16384 if 0x10ki is meant',
      '1_024 has separators, and a map has none; write 1024',
      '1F0000 is no number here; is 0x1F0000 meant?',
      '1000h is no number here; is 0x1000 meant?',
    ]);
    for (const size of units) expect(found(`0 ? 1\n0 ${size} ?\n`)[0]).toMatch(/^2:\d+ .*!$/);
  });
});

describe('places', () => {
  test.each([
    ['0 0x1000 +\n0x2000 0x800 -', 'A gap of 4096 bytes; put 0x00001000  0x00001000  ? there.'],
    ['0 0x1000 +\n0x800 0x1800 -', 'It overlaps the block before by 2048 bytes.'],
    ['0x4000 0x800 +\n0 0x1000 -', 'The blocks are not in order; sort the lines by position.'],
    [
      '0 0x1000 +\n0x3000 0x1000 -',
      'A gap of 8192 bytes; put 0x00001000  0x00002000  ? there. Are position and size swapped?',
    ],
    ['0x1000 0 +', 'Are position and size swapped?'],
    [
      '0x1000 0x3000 +\n0x3000 0x5000 -',
      'The second number of the line before is its size; is its end meant?',
    ],
  ])('%j: %s', (blocks, hint) => {
    expect(hints(`0 ? 1\n${blocks}\n`)).toEqual([hint]);
  });

  test('that are no multiple of a sector are one advice', () => {
    const text = '0 ? 1\n0 100 +\n100 100 -\n200 312 +\n512 7 ?\n';
    expect(found(text)).toEqual(['3:1 sectors']);
    expect(messages(text)[0]).toContain('at 0x00000064, and 1 more');
  });
});

describe('lines', () => {
  test('a missing status line is told, and its place read as a block', () => {
    expect(found('0 0x1000 +\n0x2000 0x1000 -\n')).toEqual([
      '1:3 status-line!',
      '2:1 not-contiguous!',
    ]);
    expect(hints('0 0x1000 +\n')).toEqual(['The status line is missing; put "0 ? 1" above.']);
  });

  test('every line is looked at, behind an error too', () => {
    const text = '0 ? 1\n0 0x1000 x\n0x1000 0x1000 +\n0x3000 010000 !\nfoo\n';
    expect(found(text)).toEqual([
      '2:10 block-line!',
      '4:15 block-line!',
      '4:8 octal',
      '5:1 block-line!',
    ]);
  });

  test('what stands behind a status is told, comments and CRLF are fine', () => {
    expect(found('# made by hand\r\n0 ? 1\r\n0 0x1000 +\t# good\r\n')).toEqual([]);
    expect(found('0 ? 1\n0 0x1000 + 0x1000 0x1000 -\n')).toEqual(['2:11 ignored']);
  });

  test('no blocks, a byte order mark and UTF-16 are told', () => {
    expect(found('')).toEqual(['1:1 no-blocks']);
    expect(found('0 ? 1\n')).toEqual(['1:1 no-blocks']);
    expect(found('\uFEFF0 ? 1\n0 512 +\n')).toEqual(['1:1 encoding', '1:1 status-line!']);
    expect(found('\uFFFD\uFFFD0\0 \0')).toContain('1:4 encoding');
  });

  test('many bad lines are counted once', () => {
    const text = `0 ? 1\n${'x\n'.repeat(100_000)}`;
    expect(lintMapfile(text).at(-1)?.line).toBe(100_001);
  });
});

describe('lint and parser', () => {
  const word = fc.constantFrom(
    ...['0', '1', '+', '-', '?', '*', '/', '#', '0x', '0x200', '0x400', '512', '010', '08', '100M'],
    ...['-1', '0x20000000000000', '0x7FFFFFFFFFFFFFFF', '\t', '\r', '\0', 'F', '%', 'x'],
  );
  const line = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
  const contiguous = fc.array(fc.nat(3), { maxLength: 5 }).map((sizes) => {
    let pos = 0;
    return sizes.map((size) => {
      pos += size * 256;
      return `${pos - size * 256} ${size * 256} +`;
    });
  });
  const lines = fc.oneof(fc.array(line, { maxLength: 6 }), contiguous);
  const text = fc.tuple(fc.constantFrom('0 ? 1\n', '', '0x0 + 2\n'), lines);

  test('agree on what is an error, on its place and in its words', () => {
    fc.assert(
      fc.property(text, ([top, rest]) => {
        const whole = top + rest.join('\n');
        const error = parserError(whole);
        const first = lintMapfile(whole).find(({ severity }) => severity === 'error');
        expect(first && `line ${first.line}, column ${first.column}: ${first.message}`).toBe(
          error?.message,
        );
        expect(first?.code).toBe(error?.code);
      }),
      { numRuns: 3000 },
    );
  });

  test('findings come in the order of the lines, and lie in the text', () => {
    fc.assert(
      fc.property(text, ([top, rest]) => {
        const whole = top + rest.join('\n');
        const rows = whole.split('\n');
        const findings = lintMapfile(whole);
        const numbers = findings.map((finding) => finding.line);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        for (const { line: number, column } of findings) {
          expect(column).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual((rows[number - 1] as string).length + 1);
        }
      }),
    );
  });
});
