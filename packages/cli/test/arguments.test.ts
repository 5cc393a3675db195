import { OPEN_END } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { UsageError } from '../src/exit.ts';
import { helpLines, readValues, splitArguments } from '../src/gnu/arguments.ts';
import { counter, flag, number, type OptionRow, once, text } from '../src/options/row.ts';
import { grouped, scaled } from '../src/screen/gnu-numbers.ts';

/** Some rows of ddrescue, each kind of argument once or more. */
const table = {
  'sector-size': number({
    letter: 'b',
    shown: '<bytes>',
    help: 'sector size',
    unit: 'bytes',
    min: 1,
    max: 256 * 1024 * 1024,
  }),
  'input-position': number({
    letter: 'i',
    shown: '<bytes>',
    help: 'first byte',
    unit: 'bytes',
    min: 0,
  }),
  'retry-passes': number({
    letter: 'r',
    shown: '<n>',
    help: 'passes',
    unit: 'passes',
    min: -1,
    max: 1_000_000,
  }),
  'domain-mapfile': once({ letter: 'm', shown: '<file>', help: 'domain' }),
  'log-reads': text({ shown: '<file>', help: 'log' }),
  'no-scrape': flag({ letter: 'n', help: 'no scraping' }),
  'no-sweep': flag({ letter: 'N', help: 'no sweeping' }),
  force: flag({ letter: 'f', help: 'force' }),
  'forget-it': flag({ help: 'ours', isOurs: true }),
  'data-preview': {
    letter: 'P',
    argument: 'optional',
    shown: '<lines>',
    help: 'preview',
    parse: (value) => Number(value ?? 3),
  } satisfies OptionRow<number>,
  verbose: counter({ letter: 'v', help: 'tell more' }),
};

function read(...words: string[]): object {
  const { given, operands } = splitArguments(table, words);
  return { ...readValues(table, given, { sectorOption: 'sector-size' }), operands };
}

/** The sentence of the UsageError that the words end in. */
function complaint(...words: string[]): string {
  try {
    read(...words);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'none';
}

describe('GNU argument syntax', () => {
  test('letters in a group, the last with its value attached or apart', () => {
    expect(read('-nNvb4096', 'a', '-vi', '5s')).toEqual({
      'no-scrape': true,
      'no-sweep': true,
      verbose: 2,
      'sector-size': 4096,
      'input-position': 20480,
      operands: ['a'],
    });
  });

  test('what s means depends on the -b in front of it', () => {
    expect(read('-i2s')).toMatchObject({ 'input-position': 1024 });
    expect(read('-i2s', '-b', '100')).toMatchObject({ 'input-position': 1024 });
    expect(read('-b100', '-i2ks')).toMatchObject({ 'input-position': 200_000 });
  });

  test('long names by their beginnings, values behind = or apart', () => {
    expect(read('--input=0x1_00', '--retry', '-1')).toMatchObject({
      'input-position': 256,
      'retry-passes': -1,
    });
  });

  test('an optional value is attached or not there', () => {
    expect(read('-P', '5')).toEqual({ 'data-preview': 3, operands: ['5'] });
    expect(read('-P5', '--data-preview=7')).toEqual({ 'data-preview': 7, operands: [] });
  });

  test('- is an operand, and everything behind --', () => {
    expect(read('-', '--', '-n', '--force')).toEqual({ operands: ['-', '-n', '--force'] });
  });

  test('an option of ours has no abbreviation and makes none of theirs ambiguous', () => {
    expect(read('--for')).toMatchObject({ force: true });
    expect(complaint('--forg')).toBe("unrecognized option '--forg'");
    expect(read('--forget-it')).toMatchObject({ 'forget-it': true });
  });

  test('positions beyond what is exact are the open end', () => {
    expect(read('-i', '9223372036854775807')).toMatchObject({ 'input-position': OPEN_END });
  });

  test('help has a line for each option', () => {
    const lines = helpLines(table);
    expect(lines).toHaveLength(Object.keys(table).length);
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}-P, --data-preview\[=<lines>] +preview$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^ {6}--log-reads=<file> +log$/));
  });
});

const missing = missingOracle();
const title = missing === undefined ? 'as ddrescue says it' : `(skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  test.each([
    ['-b', '0'],
    ['--sector-size=0'],
    ['--sector=0'],
    ['-b', 'a'],
    ['-b5Q'],
    ['-i', '5kk'],
    ['-i', '99999999999999999999'],
    ['-i1_00'],
    ['-i1000_'],
    ['-i0x_12'],
    ['-r', '-2'],
    ['-r1000001'],
    ['--no'],
    ['--force=3'],
    ['--sector-size='],
    ['--sector-size'],
    ['-nz'],
    ['-b'],
    ['--foo=3'],
    ['-m', 'x', '-m', 'y'],
  ])('%s %s', (...words) => {
    const { stderr, status } = runOracle(words);
    expect(status).toBe(1);
    expect(`ddrescue: ${complaint(...words)}`).toBe(stderr.split('\n')[0]);
  });
});

describe('numbers as GNU prints them', () => {
  test.each([
    [999, '999'],
    [9999, '9999'],
    [10_000, '10k'],
    [268_435_456, '256Mi'],
    [801_024, '801_024'],
    [2_147_483_647, '2_147_483_647'],
    [2n ** 63n - 1n, '9_223_372_036_854_775_807'],
  ])('%s is %s', (value, shown) => expect(grouped(value)).toBe(shown));

  test.each([
    [799_296, false, '799296 '],
    [1_048_576, false, '1048 k'],
    [1_048_576, true, '1024 Ki'],
    [0, false, '0 '],
  ])('%i, binary: %s', (value, isBinary, shown) =>
    expect(scaled(value, 999_999, isBinary)).toBe(shown),
  );
});
