/** What happens to bytes that come from outside: accidents of a medium, and hands that mean harm. */
import type { Random } from './fuzz-random.ts';

/** Words that parsers stumble over: borders of number ranges, odd spellings, what terminals obey. */
const WORDS: readonly string[] = [
  ...['0', '-0', '+0', '-1', '00000000000000000000000000000001', '08', '010', '0x', '0X10', '0b'],
  ...['9007199254740990', '9007199254740991', '9007199254740992', '0x1FFFFFFFFFFFFF'],
  ...['0x20000000000000', '9223372036854775806', '9223372036854775807', '9223372036854775808'],
  ...['0x7FFFFFFFFFFFFFFF', '0xFFFFFFFFFFFFFFFF', '18446744073709551616', `1${'0'.repeat(400)}`],
  ...['4294967296', '2147483648', '1e9', '1.5', 'NaN', 'Infinity', '0b101', '1_000', '512s', '1Ki'],
  ...[
    '?',
    '*',
    '/',
    '-',
    '+',
    '%',
    'F',
    'G',
    '++',
    '\0',
    '\0\0\0\0',
    '\r',
    '\r\n',
    '\n',
    '\t',
    '\v',
  ],
  ...[
    '\f',
    ' ',
    '     ',
    '#',
    '# ',
    '\u001b[2J',
    '\u009b31m',
    '\u202e',
    '\u2066',
    '\ufeff',
    '\uffff',
  ],
  ...['\ud800', '__proto__', 'constructor', '../../etc/passwd', '/dev/zero', '$(reboot)', "'", '"'],
  ...['# Map checksum: ', '# Chunk: 0', '# Chunk range: 0 9007199254740991', '# Piece size: 0'],
  ...[
    '# Piece size: 1',
    '# Piece size: 9007199254740991',
    '# Piece size: 0.5',
    '# Layout: compact',
  ],
  ...['# Chunk format: 2', '# Kind: chunk', '# Kind: receipt', '# Compression: gzip', '# Job: '],
  ...['# Digests: 0 00000000', '# Sample: 0 65536 ', '# Source size: 9007199254740991'],
  ...['# Chunk range: 4096 8192', '# Compression: zstd', '# Piece size: 4096', '# Chunk: 3'],
  ...['# Layout: sparse', '# Source size: 1', '# Unchecked bytes: 9', '# Kind: image'],
  ...['# current_pos  current_status  current_pass\n', '0 + 1\n', '0 0x100000 +\n', '0 0 +\n'],
];

/** One accident: it touches one place only, as bad sectors, cut copies and flipped bits do. */
export function accident(random: Random, bytes: Buffer): Buffer {
  const at = random.int(0, Math.max(0, bytes.length - 1));
  const end = Math.min(bytes.length, at + random.size(1, Math.max(1, bytes.length)));
  switch (random.int(0, 6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.from(bytes).fill(0, at, end);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 4: {
      const garbled = Buffer.from(bytes);
      for (let i = at; i < end; i++) garbled[i] = random.int(0, 255);
      return garbled;
    }
    default: {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[at] = (flipped[at] as number) ^ (1 << random.int(0, 7));
      return flipped;
    }
  }
}

/** Some changes, each of which an enemy, an editor or another program could make. */
export function mutated(random: Random, text: string, others: readonly string[]): string {
  let result = text;
  for (let i = random.size(1, 8); i > 0; i--) result = changed(random, result, others);
  return result;
}

function changed(random: Random, text: string, others: readonly string[]): string {
  const at = random.int(0, text.length);
  const end = Math.min(text.length, at + random.size(0, 40));
  switch (random.int(0, 9)) {
    case 0:
      return text.slice(0, at) + random.pick(WORDS) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, end) + text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(random.int(0, 0x17f)) + text.slice(at + 1);
    case 4:
      return withNumber(random, text);
    case 5:
      return withLines(random, text);
    case 6:
      return random.chance(50) ? text.replaceAll('\n', '\r') : text.replaceAll('\n', '\r\n');
    case 7:
      return text.slice(0, at) + random.pick(others).slice(random.int(0, at));
    case 8:
      return text.replace(random.pick([/[?*/+-]/, /\d+/, /0x/, / {2}/, /\n/]), random.pick(WORDS));
    default:
      return accident(random, Buffer.from(text)).toString();
  }
}

/** One of the numbers becomes another one. */
function withNumber(random: Random, text: string): string {
  const numbers = [...text.matchAll(/0x[\da-fA-F]+|\d+/g)];
  const found = numbers.length === 0 ? undefined : random.pick(numbers);
  if (found === undefined) return text;
  return (
    text.slice(0, found.index) + random.pick(WORDS) + text.slice(found.index + found[0].length)
  );
}

/** Lines lost, doubled, moved. */
function withLines(random: Random, text: string): string {
  const lines = text.split('\n');
  const at = random.int(0, lines.length - 1);
  const to = random.int(0, lines.length - 1);
  const [line = ''] = lines.slice(at, at + 1);
  const rest = random.chance(50) ? lines.toSpliced(at, 1) : lines;
  return (random.chance(30) ? rest : rest.toSpliced(to, 0, line)).join('\n');
}

/** The text with comment lines above it that claim what they like. */
export function withClaims(random: Random, text: string): string {
  const claims = WORDS.filter((word) => /^# \w/.test(word));
  const lines = Array.from({ length: random.size(0, 8) }, () => random.pick(claims).trimEnd());
  return [...lines, text].join('\n');
}

/** Text of any characters, or of those that mean something to the parsers. */
export function anyText(random: Random): string {
  if (random.chance(50)) {
    const words = Array.from({ length: random.size(0, 30) }, () => random.pick(WORDS));
    return words.join(random.pick(['', ' ', '  ', '\n']));
  }
  const highest = random.pick([0x39, 0x7f, 0xff, 0x2100, 0xffff]);
  return String.fromCharCode(
    ...Array.from({ length: random.size(0, 200) }, () => random.int(0, highest)),
  );
}
