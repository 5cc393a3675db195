import {
  formatMapfile,
  MapfileError,
  OPEN_END,
  parseMapfile,
  parseMapfileParts,
  RescueMap,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const OPEN = '0x7FFFFFFFFFFFFFFF';

/** The blocks of a map as `pos+size status`. */
function blocksOf(text: string): string {
  const { map } = parseMapfile(text);
  return [...map.blocks()].map(({ pos, size, status }) => `${pos}+${size}${status}`).join(' ');
}

function errorOf(text: string): MapfileError {
  try {
    parseMapfile(text);
  } catch (error) {
    if (error instanceof MapfileError) return error;
    throw error;
  }
  throw new Error(`taken: ${JSON.stringify(text)}`);
}

describe('parseMapfile', () => {
  test('reads status line, heading and blocks', () => {
    const mapfile = parseMapfile(
      '# Mapfile. Created by GNU ddrescue version 1.30\n# Command line: ddrescue a b c\n' +
        '# current_pos  current_status  current_pass\n0x00000200     *               3\n' +
        '#      pos        size  status\n0x00000000  0x00000200  +\n0x00000200  0x00000400  -\n',
    );
    expect(mapfile.heading).toEqual([
      '# Mapfile. Created by GNU ddrescue version 1.30',
      '# Command line: ddrescue a b c',
    ]);
    expect([mapfile.position, mapfile.state, mapfile.pass]).toEqual([512, '*', 3]);
    expect([...mapfile.map.blocks()]).toEqual([
      { pos: 0, size: 512, status: '+' },
      { pos: 512, size: 1024, status: '-' },
    ]);
  });

  test('keeps equal neighbours apart', () => {
    expect(blocksOf('0 ? 1\n0 4 +\n4 4 +\n')).toBe('0+4+ 4+4+');
  });

  test('takes a text without data for an empty map at its start', () => {
    for (const text of ['', '\n \n', '# a comment\n']) {
      const { position, state, pass, map } = parseMapfile(text);
      expect([position, state, pass, map.count]).toEqual([0, '?', 1, 0]);
    }
  });

  test('drops blocks of size 0 at the start, and refuses them elsewhere', () => {
    expect(blocksOf('0 ? 1\n0 0 -\n0 0 ?\n0 4 +\n')).toBe('0+4+');
    expect(errorOf('0 ? 1\n0 4 +\n4 0 ?\n').code).toBe('block-line');
    expect(errorOf('0 ? 1\n0 4 +\n0 0 ?\n').code).toBe('not-contiguous');
    expect(errorOf('0 ? 1\n0 0 ?\n4 4 +\n').code).toBe('not-contiguous');
  });

  test.each([
    ['0x10', 16],
    ['0X1f', 31],
    ['017', 15],
    ['+5', 5],
    ['-0', 0],
    ['0b101', 5],
    ['0B11', 3],
  ])('reads the number %s as %d', (number, value) => {
    expect(Object.is(parseMapfile(`${number} ? 1\n`).position, value)).toBe(true);
  });

  test.each(['0 ?', '0?', '0 ? x', '0 ? - 3', '0 ?# 3', `0 ?${' '.repeat(130)}3`])(
    'reads the pass of %j as 1',
    (line) => expect(parseMapfile(line).pass).toBe(1),
  );

  test.each([
    ['0?7', 7],
    ['0 ? 010', 10],
    ['0 ? +5x', 5],
    [`0 ?${' '.repeat(123)}71`, 7],
  ])('reads the pass of %j as %d', (line, pass) => expect(parseMapfile(line).pass).toBe(pass));

  test.each(['0', '0 x', '-1 ? 1', '0x? 1', '0 ? 0', '0 ? -0', '0 ? 0x2', '0 ? 2147483648'])(
    'refuses the status line %j',
    (line) => expect(errorOf(line).code).toBe('status-line'),
  );

  test.each(['0 4+', '0+4+', '0 4 + junk', '0 4 ++', '0 4 +#x', '0 4 + # x', '\v0\f4\r+ \r'])(
    'reads the block line %j',
    (line) => expect(blocksOf(`0 ? 1\n${line}\n`)).toBe('0+4+'),
  );

  test.each([
    '0',
    '0 4',
    '0 4 x',
    '0 4 # +',
    '0#4 +',
    '0 08 +',
    '0 0x +',
    '0 1k +',
    '0 -4 +',
    '- 0 4 +',
  ])('refuses the block line %j', (line) =>
    expect(errorOf(`0 ? 1\n${line}\n`).code).toBe('block-line'),
  );

  test('reads 127 characters of a line, counted from the first that is not white space', () => {
    const line = (blanks: number): string => `0 ? 1\n${' '.repeat(300)}0${' '.repeat(blanks)}4 +`;
    expect(blocksOf(line(123))).toBe('0+4+');
    expect(errorOf(line(124)).message).toContain('the end of what counts (127 characters)');
    expect(blocksOf(`0 ? 1\n# ${'x'.repeat(999)}\n0 4 + ${'x'.repeat(999)}\n4 1 -`)).toBe(
      '0+4+ 4+1-',
    );
  });
});

describe('big positions', () => {
  test.each([`0 ${OPEN} +`, '0 0xFFFFFFFFFFFFFFFF +', `0 ${'9'.repeat(99)} +`])(
    '%j has an open end',
    (line) => expect(parseMapfile(`0 ? 1\n${line}\n`).map.end).toBe(OPEN_END),
  );

  test('a size that reaches 2^63-1 from its position makes an open end', () => {
    const { map, position } = parseMapfile(`${OPEN} ? 1\n0 16 +\n16 0x7FFFFFFFFFFFFFEF ?\n`);
    expect([map.endAt(0), map.end, position]).toEqual([16, OPEN_END, OPEN_END]);
    expect(errorOf('0 ? 1\n0 16 +\n16 0x7FFFFFFFFFFFFFEE ?\n').code).toBe('too-large');
  });

  test.each([
    '0x1FFFFFFFFFFFFF ? 1',
    '0x7FFFFFFFFFFFFFFE ? 1',
    '0 ? 1\n0 0x1FFFFFFFFFFFFF +',
    '0 ? 1\n1 0x1FFFFFFFFFFFFE +',
    '0 ? 1\n0x20000000000000 1 +',
    `0 ? 1\n${OPEN} 1 +`,
  ])('refuses %j, which would not be exact', (text) => {
    expect(errorOf(text).code).toBe('too-large');
  });

  test('the largest exact end is 2^53-2', () => {
    expect(parseMapfile('0x1FFFFFFFFFFFFE ? 1\n0 0x1FFFFFFFFFFFFE +').map.end).toBe(2 ** 53 - 2);
  });
});

describe('errors', () => {
  test.each([
    [
      '# x\n0 ? 1\r\n\n 0 16 x\n',
      'line 4, column 7: expected a block status (? * / - +), found "x"',
    ],
    [
      '0 ? 1\n0 16',
      'line 2, column 5: expected a block status (? * / - +), found the end of the line',
    ],
    [
      '0 ? 1\n0 16 +\n  32 16 +\n',
      'line 3, column 3: expected a block at 0x00000010, where the one before ends, ' +
        'found one at 0x00000020',
    ],
    [
      '0 ? 1\n\u001b[31m\u009b\u202e" 16 +',
      'line 2, column 1: expected the position of a block (0 or more), ' +
        'found "\\u001b[31m\\u009b\\u202e\\""',
    ],
    [
      '\ufeff0 ? 1',
      'line 1, column 1: expected the current position (0 or more), found "\\ufeff0"',
    ],
    [
      '0 ? 1\n0x7FFFFFFFFFFFFFF0 1 +',
      'line 2, column 1: expected a position below 0x1FFFFFFFFFFFFF, or ' +
        '0x7FFFFFFFFFFFFFFF, found "0x7FFFFFFFFFFFFFF0"',
    ],
  ])('%j', (text, message) => expect(errorOf(text).message).toBe(message));

  test('cut what they quote', () => {
    const { message } = errorOf(`0 ? 1\n${'x'.repeat(500)}`);
    expect(message).toContain(`found "${'x'.repeat(39)}…"`);
  });
});

describe('any text', () => {
  const isFine = (text: string): void => {
    for (const loose of [false, true]) {
      try {
        parseMapfile(text, { loose });
      } catch (error) {
        expect(error).toBeInstanceOf(MapfileError);
        expect((error as Error).message).toMatch(/^[ -~…]*$/);
      }
    }
  };

  test('is read or refused with a MapfileError that is safe to print', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isFine));
  });

  test('so is a good map with some characters changed', () => {
    const good = formatMapfile({
      heading: ['# Mapfile'],
      position: 96,
      state: '-',
      pass: 2,
      map: RescueMap.fromRuns({ starts: [0, 64, 96], codes: [4, 3, 0], count: 3, end: OPEN_END }),
    });
    const piece = fc.constantFrom(
      '',
      ' ',
      '\n',
      '#',
      '0',
      '0x',
      '0b',
      '9'.repeat(40),
      '-',
      '\0',
      'é',
    );
    const change = fc.tuple(fc.nat(good.length), fc.nat(3), piece);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let text = good;
        for (const [at, cut, add] of changes) text = text.slice(0, at) + add + text.slice(at + cut);
        isFine(text);
      }),
    );
  });

  const goodMaps = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 2 ** 45 }), fc.constantFrom(...'?*/-+')), {
      maxLength: 12,
    })
    .map((blocks) => {
      let text = '0x00000000     ?               1\n';
      let pos = 0;
      for (const [size, status] of blocks) {
        text += `0x${pos.toString(16).padStart(8, '0')}  0x${size.toString(16)}  ${status}\n`;
        pos += size;
      }
      return text;
    });

  /** What comes of a text, without the column of an error. */
  function outcomeOf(text: string): unknown {
    try {
      return [...parseMapfile(text).map.blocks()];
    } catch (error) {
      const { code, line, message } = error as MapfileError;
      return { code, line, message: message.replace(/^.*?: /, '') };
    }
  }

  test('gives the same whether or not its lines look as ddrescue writes them', () => {
    const cut = {
      at: fc.nat(400),
      size: fc.nat(3),
      text: fc.constantFrom('', '0', 'x', 'F', ' ', '+', '\n', '#', 'é'),
    };
    fc.assert(
      fc.property(goodMaps, fc.array(fc.record(cut), { maxLength: 3 }), (good, cuts) => {
        let text = good;
        for (const { at, size, text: put } of cuts) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + put + text.slice(from + size);
        }
        // A blank in front of a line means nothing, but no line is plain then.
        const odd = text.replace(/^/gm, ' ');
        expect(outcomeOf(text)).toEqual(outcomeOf(odd));
      }),
      { numRuns: 3000 },
    );
  });

  test('gives the same in parts, or nothing at all', () => {
    fc.assert(
      fc.property(goodMaps, fc.nat(400), fc.nat(300), fc.boolean(), (good, at, cut, breaks) => {
        const from = at % (good.length + 1);
        const text = breaks ? `${good.slice(0, from)}x${good.slice(from + 1)}` : good;
        const border = text.indexOf('\n', cut) + 1;
        const parts = [text.slice(0, border), text.slice(border)].filter((part) => part !== '');
        const inParts = parseMapfileParts(parts);
        const isWhole = !breaks && border !== 0;
        if (isWhole) expect(inParts).toBeDefined();
        if (inParts === undefined) return;
        const { map, ...top } = parseMapfile(text);
        expect({ ...inParts, map: [...inParts.map.blocks()] }).toEqual({
          ...top,
          map: [...map.blocks()],
        });
      }),
      { numRuns: 2000 },
    );
  });
});

test('a comment is kept without the carriage returns at its end, however many', () => {
  const mapfile = parseMapfile('# words\r\r\n#\r\n0 ? 1\r\r\n0 512 +\r\n');
  expect(mapfile.heading).toEqual(['# words', '#']);
  expect(parseMapfile(formatMapfile(mapfile)).heading).toEqual(mapfile.heading);
});

test('a million comments are kept, and no more', () => {
  expect(parseMapfile(`${'#\n'.repeat(1_000_010)}0 ? 1\n`).heading).toHaveLength(1_000_000);
});
