import { describe, expect, test } from 'vitest';
import { parseChunks } from '../src/options/chunks.ts';
import { parseSize } from '../src/options/size.ts';
import { bytes, duration, percent } from '../src/screen/units.ts';

describe('sizes', () => {
  test.each([
    ['104857600', 104857600],
    ['100MiB', 104857600],
    ['100Mi', 104857600],
    ['0x6400000', 104857600],
    ['1k', 1000],
    ['1Ki', 1024],
    ['1KiB', 1024],
    ['2s', 1024],
    ['1Kis', 524288],
    ['010', 8],
    ['1_000', 1000],
    ['0x1_00', 256],
    ['5B', 5],
    ['+3', 3],
  ])('%s is %d', (text, value) => {
    expect(parseSize(text, { option: '-s', sectorSize: 512 })).toBe(value);
  });

  // Section 2 of ddrescue's number rules: each of these it refuses as well.
  test.each([
    '',
    'k',
    '1.5k',
    '1e3',
    '08',
    '1K',
    '1ki',
    '1sB',
    '1kk',
    '1_00',
    '1__000',
    '1000_',
    '_1',
    '0x',
    '-1',
    '9007199254740992',
    '1m',
  ])('%s is refused', (text) => {
    expect(() => parseSize(text, { option: '-s', sectorSize: 512 })).toThrow(/^-s: /);
  });

  test('sectors only where a sector is known', () => {
    expect(() => parseSize('2s', { option: '-b' })).toThrow('sectors');
  });
});

describe('chunk lists', () => {
  test('are numbers and spans, from 0', () => {
    expect(parseChunks('0-9,12')).toEqual([
      { first: 0, last: 9 },
      { first: 12, last: 12 },
    ]);
  });

  test.each(['', '3-1', '-1', 'a', '1,,2', '1-', '100M', '999999999'])('%s is refused', (text) => {
    expect(() => parseChunks(text)).toThrow(/^--chunk: /);
  });
});

describe('numbers for people', () => {
  test('never say 100 % of less than all', () => {
    expect(percent(999_999_999, 1_000_000_000)).toBe('99.99 %');
    expect(percent(5, 5)).toBe('100 %');
  });

  test('are exact where they are small or round', () => {
    expect(bytes(1536)).toBe('1536 B');
    expect(bytes(104857600)).toBe('100 MiB');
    expect(bytes(4195840)).toBe('4097.5 KiB');
    expect(duration(3_723_000)).toBe('1 h 02 min');
  });
});
