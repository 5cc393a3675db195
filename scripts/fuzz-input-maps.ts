/** Laws for the text of mapfiles: parser, loose parser, parts, serializer, lint, domains. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  Domain,
  formatMapfile,
  lintMapfile,
  type Mapfile,
  MapfileError,
  mapfileParts,
  OPEN_END,
  parseMapfile,
  parseMapfileParts,
} from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { accident, anyText, mutated } from './fuzz-input-damage.ts';
import { type InputLaw, must, unlessKnown } from './fuzz-input-law.ts';
import { judge } from './fuzz-input-model.ts';
import type { Random } from './fuzz-random.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../test-fixtures/${name}`, import.meta.url));

interface Verdict {
  readonly role: string;
  readonly text?: string;
  readonly b64?: string;
  readonly exit: number;
}

const VERDICTS: readonly Verdict[] = gunzipSync(fixture('malformed-mapfiles.jsonl.gz'))
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const textOf = ({ text, b64 }: Verdict): string =>
  text ?? Buffer.from(b64 ?? '', 'base64').toString();
const REFUSED = VERDICTS.filter(({ role, exit }) => role === 'mapfile' && exit === 2).map(textOf);

/** Real maps: as recorded from ddrescue, whole and malformed, and one made by hand. */
export const MAPS: readonly string[] = [
  ...new Set(VERDICTS.map(textOf)),
  fixture('demo-bad.map').toString(),
];

const number = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n }),
  fc.bigInt({ min: 2n ** 53n - 9n, max: 2n ** 53n + 9n }),
  fc.bigInt({ min: 2n ** 63n - 9n, max: 2n ** 63n + 9n }),
  fc.nat({ max: 4096 }).map(BigInt),
);
const word = fc
  .tuple(fc.constantFrom('', '+', '-', '0', '000'), number, fc.constantFrom(10, 16, 8, 2))
  .map(([sign, value, base]) => {
    const prefix = { 10: '', 16: '0x', 8: '0', 2: '0b' }[base] as string;
    return `${sign}${prefix}${value.toString(base)}`;
  });
const line = fc.oneof(
  fc.tuple(word, word, fc.constantFrom(...'?*/-+x')).map((words) => words.join(' ')),
  fc.string().map((text) => `#${text}`),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
/** Lines of blocks that mostly touch, as fast-check makes them. */
const touching = fc
  .tuple(
    fc.constantFrom('0 ? 1', '0 +', '512 F 3', '0x7FFFFFFFFFFFFFFF ? 1'),
    fc.array(fc.tuple(fc.nat({ max: 5000 }), fc.constantFrom(...'?*/-+')), { maxLength: 12 }),
    fc.array(line, { maxLength: 2 }),
  )
  .map(([top, blocks, strange]) => {
    let pos = 0;
    const lines = blocks.map(([size, status]) => {
      const text = `0x${pos.toString(16)} ${size} ${status}`;
      pos += size;
      return text;
    });
    return [top, ...lines, ...strange].join('\n');
  });
const texts = fc.oneof(
  touching,
  fc.array(line, { maxLength: 10 }).map((lines) => lines.join('\n')),
);

let pool: string[] = [];

/** Text of a map, or of nothing like it. */
function mapText(random: Random): string {
  const chosen = random.int(0, 99);
  if (chosen < 60) return mutated(random, random.pick(MAPS), MAPS);
  if (chosen < 70) return anyText(random);
  if (chosen < 80) return accident(random, Buffer.from(random.pick(MAPS))).toString('latin1');
  if (pool.length === 0) pool = fc.sample(texts, { numRuns: 500, seed: random.int(0, 2 ** 31) });
  return pool.pop() as string;
}

const isMapfileError = (error: unknown): boolean => error instanceof MapfileError;

function parsed(text: string, loose: boolean): Mapfile | undefined {
  return unlessKnown(isMapfileError, () => parseMapfile(text, { loose }));
}

/** What serialises must parse again to the same, whole and in parts. */
function mustReturn(mapfile: Mapfile): void {
  const text = formatMapfile(mapfile);
  const parts = Array.from(mapfileParts(mapfile), (part) =>
    typeof part === 'string' ? part : Buffer.from(part).toString(),
  );
  must(parts.join('') === text, 'the parts of a map are not its text');
  const again = parseMapfile(text);
  must(formatMapfile(again) === text, 'a map is not read back as it was written');
  must(again.state === mapfile.state && again.map.count === mapfile.map.count, 'a map changed');
  must(again.map.end === mapfile.map.end && again.pass === mapfile.pass, 'a map changed its end');
}

function mustBeSound({ map }: Mapfile): void {
  let end = map.count === 0 ? 0 : map.posAt(0);
  for (const { pos, size } of map.blocks()) {
    must(pos === end && size > 0, 'blocks do not touch, or are empty');
    end = pos + size;
  }
  must(Number.isSafeInteger(end) && end <= OPEN_END, 'a map ends where no number is exact');
}

/** The text cut behind some of its line feeds. */
function cut(random: Random, text: string): string[] {
  return text.split(/(?<=\n)/).reduce<string[]>((parts, each) => {
    if (parts.length > 0 && random.chance(50)) parts.push((parts.pop() as string) + each);
    else parts.push(each);
    return parts;
  }, []);
}

const strict: InputLaw = {
  name: 'mapfile',
  share: 24_000,
  attempt(random, note) {
    const text = mapText(random);
    note(text);
    const mapfile = parsed(text, false);
    const verdict = judge(text);
    must((mapfile !== undefined) === (verdict !== undefined), 'the model judges otherwise');
    const inParts = parseMapfileParts(cut(random, text), random.int(0, text.length));
    must(mapfile !== undefined || inParts === undefined, 'parts of a refused map are accepted');
    if (mapfile === undefined || verdict === undefined) return;
    mustBeSound(mapfile);
    const blocks = [...mapfile.map.blocks()].map(({ pos, size, status }) => [pos, size, status]);
    must(JSON.stringify(blocks) === JSON.stringify(verdict), 'the model reads other blocks');
    must(!inParts || formatMapfile(inParts) === formatMapfile(mapfile), 'parts say something else');
    mustReturn(mapfile);
    const loose = parsed(text, true);
    must(loose !== undefined, 'loose refuses what strict takes');
    const [a, b] = [Domain.fromMap(mapfile.map), Domain.fromMap(loose.map)];
    must(a.subtract(b).isEmpty && b.subtract(a).isEmpty, 'loose and strict claim other bytes');
  },
};

const loose: InputLaw = {
  name: 'mapfile-loose',
  share: 14_000,
  attempt(random, note) {
    const text = mapText(random);
    note(text);
    const mapfile = parsed(text, true);
    if (mapfile === undefined) return;
    mustBeSound(mapfile);
    mustReturn(mapfile);
    const domain = Domain.fromMap(mapfile.map);
    must(domain.size === mapfile.map.sizeOf('+'), 'a domain is not what is finished');
    const shuffled = parseMapfile(formatMapfile(mapfile), { loose: true });
    must(Domain.fromMap(shuffled.map).subtract(domain).isEmpty, 'a loose map grows');
  },
};

const lint: InputLaw = {
  name: 'lint',
  share: 14_000,
  attempt(random, note) {
    const text = mapText(random);
    note(text);
    let error: unknown;
    try {
      parseMapfile(text);
    } catch (thrown) {
      error = thrown;
    }
    const findings = lintMapfile(text);
    const [first] = findings.filter(({ severity }) => severity === 'error');
    must((first === undefined) === (error === undefined), 'lint and parser disagree');
    if (!(error instanceof MapfileError) || first === undefined) return;
    must(first.line === error.line && first.column === error.column, 'lint points elsewhere');
    must(first.code === error.code, 'lint names it otherwise');
    const said = findings.map(({ message, hint = '' }) => message + hint).join('');
    must(!/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(said), 'lint says what a terminal obeys');
  },
};

/** Comments, blank lines and white space heal nothing. */
const refused: InputLaw = {
  name: 'refused-by-ddrescue',
  share: 8000,
  attempt(random, note) {
    const lines = random.pick(REFUSED).split('\n');
    for (let i = random.int(1, 5); i > 0; i--) {
      const more = random.pick(['', ' ', '\t\f', '# 0 0x1000 +', '  # x', '\r', '#\r']);
      lines.splice(random.int(0, lines.length - 1), 0, more);
    }
    const text = random.chance(30) ? lines.join('\r\n') : lines.join('\n');
    note(text);
    must(parsed(text, false) === undefined, 'what ddrescue refuses is accepted');
  },
};

export const MAP_LAWS: readonly InputLaw[] = [strict, loose, lint, refused];
