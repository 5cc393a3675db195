/** Random mapfiles and command lines for `ddrescuelog`. */
import type { LogCase } from './fuzz-ddrescuelog-run.ts';

export const FAMILIES = [
  'types',
  'annotate',
  'invert',
  'logic',
  'compare',
  'complete',
  'create',
  'done',
  'list',
  'status',
  'shift',
  'make-test',
  'usage',
] as const;

export type Family = (typeof FAMILIES)[number];

const STATUSES = '?*/-+';
/** In order of size: what a block may be a multiple of. */
const UNITS = [1, 7, 100, 512, 512, 512, 1024, 4096, 65_536, 1_000_000, 1e12];

/** Draws one case from a seed (mulberry32). */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    for (let i = 0; i < 4; i++) this.#fraction();
  }

  case(family: Family): LogCase {
    const drawn = this.#operation(family);
    const words = [...drawn.words];
    const extra = this.#domainWords(family);
    words.splice(this.#below(words.length), 0, ...extra);
    if (this.#chance(0.04)) words.push(this.#junkWord());
    const files: Record<string, string> = {
      a: this.#map(),
      b: this.#map(),
      m: this.#map(),
    };
    if (this.#chance(0.25)) files['b'] = this.#edited(files['a'] as string);
    if (this.#chance(0.1)) files['m'] = files['a'] as string;
    if (words.includes('-m')) {
      // A domain with a block of no bytes makes GNU's count an empty area; ours does not.
      for (const name of ['a', 'm']) files[name] = withoutEmptyBlocks(files[name] as string);
    }
    const fromInput = words.includes('-') && family !== 'create' && family !== 'make-test';
    const input =
      drawn.input ?? Buffer.from(fromInput ? withoutEmptyBlocks(this.#map()) : '', 'latin1');
    return { words, files, input };
  }

  #operation(family: Family): { words: string[]; input?: Uint8Array } {
    const map = (): string => this.#pick(['a', 'a', 'a', 'a', 'a', 'a', 'a', '-', 'b', 'none']);
    const other = (): string => this.#pick(['b', 'b', 'b', 'b', 'b', 'a', '-', 'none']);
    switch (family) {
      case 'types':
        return { words: [`-a${this.#types(3)},${this.#types(3)}`, map()] };
      case 'annotate':
        return { words: [this.#pick(['-A', '-AB', '--annotate-mapfile']), map()] };
      case 'invert':
        return { words: [this.#pick(['-n', '--invert-mapfile']), map()] };
      case 'logic':
        return { words: [`-${this.#pick(['x', 'y', 'z'])}`, other(), map()] };
      case 'compare': {
        const both = this.#chance(0.05) ? ['-p', other()] : [];
        return { words: [...both, this.#pick(['-p', '-P', '-P']), other(), map()] };
      }
      case 'complete':
        return { words: [`-C${this.#types(1)}`, map()] };
      case 'create':
        return this.#create();
      case 'done':
        return { words: [this.#pick(['-d', '-D', '--delete']), map()] };
      case 'list': {
        const format = this.#chance(0.4) ? ['-F', this.#format()] : [];
        return { words: [...format, `-l${this.#types(3)}`, map()] };
      }
      case 'status': {
        const more = this.#chance(0.2) ? [map()] : [];
        return { words: [this.#pick(['-t', '-tB', '-tv', '-tq', '--show']), map(), ...more] };
      }
      case 'shift':
        return { words: ['--shift', ...this.#shiftWords(), map()] };
      case 'make-test':
        return { words: ['-H', this.#disk(), this.#pick(['-', '-', '-', 'new', 'a'])] };
      case 'usage':
        return { words: [this.#junkWord(), this.#junkWord(), this.#junkWord(), 'a'] };
    }
  }

  #create(): { words: string[]; input: Uint8Array } {
    const types = this.#chance(0.3) ? this.#types(1) + this.#types(1) : '';
    const path = this.#pick(['-', '-', '-', 'new', 'a']);
    const force = this.#chance(0.2) ? ['-f'] : [];
    if (this.#chance(0.4)) {
      const bytes = Uint8Array.from({ length: this.#below(12) }, () =>
        this.#chance(0.4) ? 0 : this.#below(256),
      );
      return { words: ['-F', this.#format(), ...force, `-c${types}`, path], input: bytes };
    }
    const numbers = Array.from({ length: this.#below(12) }, () => {
      if (this.#chance(0.03)) return this.#pick(['x', '-1', '1,2', '#4', '08']);
      if (this.#chance(0.05)) return this.#pick(['0x1F', '010', '+3', '0', '3x', '0x', '00']);
      return String(this.#chance(0.1) ? this.#below(1e9) : this.#below(20));
    });
    const between = (): string => this.#pick(['\n', '\n', '\n', '\n\n', ' ', '\t', '\r\n']);
    const text = numbers.map((number) => number + between()).join('');
    return { words: [...force, `-c${types}`, path], input: Buffer.from(text) };
  }

  #shiftWords(): string[] {
    const size = (): string => String(this.#size());
    switch (this.#below(6)) {
      case 0:
        return ['-o', size()];
      case 1:
        return ['-i', size(), '-o0'];
      case 2:
        return ['-i', size()];
      case 3:
        return ['-i0', '-o', size()];
      case 4:
        return ['-i', size(), '-o', size()];
      default:
        return [];
    }
  }

  #disk(): string {
    if (this.#chance(0.05)) return this.#pick(['40', '40:2', 'x', '40:2:8:F', '40:2:8-7:FF:0']);
    const cylinders = this.#pick(['40', '41', '100', '39', '1_000', '0x40', '64s', '2Ki']);
    const heads = this.#pick(['1', '2', '3', '16', '0', '257']);
    const outer = 8 + this.#below(60);
    const isZoned = this.#chance(0.6);
    const inner = isZoned
      ? `-${this.#chance(0.1) ? this.#below(70) : 8 + this.#below(outer - 8 || 1)}`
      : '';
    const zone = isZoned && this.#chance(0.5) ? `,${this.#pick([8, 10, 20, 33, 40, 7])}` : '';
    const order = this.#chance(0.9)
      ? isZoned
        ? 'FF'
        : 'F'
      : this.#pick(['F', 'FF', 'f', '', 'FFF']);
    const head = this.#below(3);
    const end = this.#chance(0.05) ? this.#pick([':', 'x', ' ', ',1', 's', 'k']) : '';
    return `${cylinders}:${heads}:${outer}${inner}${zone}:${order}:${head}${end}`;
  }

  #domainWords(family: Family): string[] {
    const words: string[] = [];
    const mayOffset = family === 'create' || family === 'list';
    if (this.#chance(0.3) && family !== 'shift') words.push('-i', this.#number());
    if (this.#chance(0.3)) words.push('-s', this.#chance(0.05) ? '-1' : this.#number());
    if (this.#chance(0.3))
      words.push('-m', this.#pick(['m', 'm', 'm', 'm', 'm', '-', 'none', 'a']));
    if (this.#chance(0.2)) words.push('-L');
    if (this.#chance(mayOffset ? 0.5 : 0.05) && family !== 'shift')
      words.push('-o', this.#number());
    if (this.#chance(0.2)) words.push('-b', this.#pick(['1', '7', '512', '1000', '4096', '1Mi']));
    if (this.#chance(0.15)) words.push(this.#pick(['-v', '-vv', '-q', '-B', '-f', '-qv']));
    return words;
  }

  #junkWord(): string {
    return this.#pick([
      '-t',
      '-n',
      '-d',
      '-D',
      '-A',
      '-c',
      '-C',
      '-C+',
      '-l+',
      '-lx',
      '-a',
      '-a+',
      '-a?,-',
      '-a,',
      '-ax,+',
      '-a+,-,?',
      '-b',
      '-b0',
      '-b4k',
      '-b-1',
      '-i-1',
      '-i5kk',
      '-s-2',
      '-s0',
      '-Fx',
      '-Flist',
      '-Z',
      '--foo',
      '--c',
      '--comp',
      '--list-blocks=',
      '--create-mapfile=',
      '--create-mapfile=x',
      '-c+-?',
      '--sector-size=1s',
      '--sector=9',
      '-m',
      'm',
      '-p',
      '--shift=1',
      '--shift',
      '-q',
      '-v',
      '-qv',
      '--',
      '-',
      '',
      '-o',
      '-o1',
      '-i1',
      '-H',
      '-Hx',
      '-H40:2:8:F:0',
      '-x',
      '-y',
      '-z',
      'none',
      '.',
      '-B',
      '-L',
      '-i1s',
      '-i 2',
      '-s1_000',
      '-s1_00',
      '--quiet',
      '--no',
      '-mnone',
      '-m.',
      '-i999999999999999999999999',
    ]);
  }

  #number(): string {
    if (this.#chance(0.2)) return `${this.#below(30)}s`;
    return String(this.#chance(0.1) ? 0 : this.#size());
  }

  #size(): number {
    const unit = this.#pick(UNITS);
    return unit * (1 + this.#below(20));
  }

  #format(): string {
    return this.#pick(['list', 'bitmap', 'bitmap', 'bitmap-be', 'bitmap-le']);
  }

  #types(most: number): string {
    const count = 1 + this.#below(most);
    return Array.from({ length: count }, () => this.#status()).join('');
  }

  #status(): string {
    return this.#pick([...STATUSES]);
  }

  /** A mapfile's text; now and then one that is wrong. */
  #map(): string {
    const lines = this.#chance(0.4) ? ['# Mapfile. Created by somebody', '# comment'] : [];
    if (this.#chance(0.02)) return this.#pick(['', '\n', '# only\n', '0 ?\n', '5\n', '0 x 1\n']);
    const position = this.#chance(0.5) ? 0 : this.#size();
    const pass = this.#pick(['', ' 1', ' 3', ' 12']);
    lines.push(`${this.#numeral(position)} ${this.#pick([...'?*%/-FG+'])}${pass}`);
    lines.push(...this.#blocks());
    if (this.#chance(0.04)) {
      const at = this.#below(lines.length);
      lines.splice(
        at,
        1,
        this.#pick(['junk', '5 5', '-1 5 +', '0 0 +', '100 0 +', '3 3 x', '  # c']),
      );
    }
    return lines.join('\n') + (this.#chance(0.9) ? '\n' : '');
  }

  #blocks(): string[] {
    const lines: string[] = [];
    const unit = this.#pick(UNITS);
    const gaps = this.#chance(0.15) ? 0.3 : 0;
    const isOneStatus = this.#chance(0.15);
    const favourite = this.#status();
    let pos = this.#chance(0.25) ? unit * this.#below(8) : 0;
    if (pos === 0 && this.#chance(0.05)) lines.push(`0 0 ${this.#status()}`);
    for (let count = this.#below(12); count > 0; count--) {
      if (this.#chance(gaps)) pos += unit * this.#below(5);
      const size = this.#chance(0.8) ? unit * (1 + this.#below(8)) : 1 + this.#below(3000);
      const status = isOneStatus && this.#chance(0.9) ? favourite : this.#status();
      lines.push(`${this.#numeral(pos)}  ${this.#numeral(size)}  ${status}`);
      pos += size;
    }
    if (this.#chance(0.06)) {
      lines.push(`${this.#numeral(pos)} 0x7FFFFFFFFFFFFFFF ${this.#status()}`);
    }
    if (gaps > 0 && this.#chance(0.3)) lines.reverse();
    return lines;
  }

  #edited(text: string): string {
    const lines = text.split('\n');
    const at = this.#below(lines.length);
    const line = lines[at] as string;
    if (line.startsWith('#') || this.#chance(0.3)) return text;
    lines[at] = line.slice(0, -1) + this.#status();
    return lines.join('\n');
  }

  #numeral(value: number): string {
    const isPlain = this.#chance(0.3);
    return isPlain ? String(value) : `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item;
  }

  #chance(probability: number): boolean {
    return this.#fraction() < probability;
  }

  #below(count: number): number {
    return Math.floor(this.#fraction() * count);
  }

  #fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

function withoutEmptyBlocks(map: string): string {
  return map.replace(/^0 0 .\n?/gm, '');
}
