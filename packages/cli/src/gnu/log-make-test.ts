/** `-H`: the map of a disc with one bad head, for the test mode of ddrescue. */
import { UsageError } from '../exit.ts';
import { readNumber } from '../options/number.ts';
import { grouped } from '../screen/gnu-numbers.ts';
import { RunList } from './log-runs.ts';

/** Zones behind the first one when their size is not given. */
const ZONES_MAX = 24;

/** Zones of tracks, from the outer one to the inner one. Sizes in sectors. */
export interface TestDisk {
  readonly heads: number;
  readonly badHead: number;
  /** Tracks that a head writes before the next head takes over. */
  readonly tracksPerTurn: number;
  readonly cylinders: number;
  readonly sectorsOf: (turn: number) => number;
}

/**
 * Reads `cylinders:heads:sectors[-sectors[,tracks_per_zone]]:order:head`. A disc in order `F` has tracks of one
 * size, and each cylinder is a turn; one in order `FF` has zones, and a turn is a zone.
 * @throws UsageError
 */
export function parseTestDisk(value: string, option: string): TestDisk {
  const reader = new Pieces(value, option);
  const cylinders = reader.number(40, 1_000_000);
  reader.expect(':');
  const heads = reader.number(1, 256);
  reader.expect(':');
  const outer = reader.number(8, 10_000);
  let inner = outer;
  let tracks = 1;
  const isZoned = reader.accept('-');
  if (isZoned) {
    inner = reader.number(8, 10_000);
    if (inner === outer) throw reader.invalid();
    tracks = reader.accept(',')
      ? reader.number(8, cylinders)
      : Math.floor(cylinders / Math.min(Math.abs(outer - inner), ZONES_MAX));
  }
  reader.expect(':');
  const order = reader.accept('FF') ? 'FF' : 'F';
  if (order === 'F') reader.expect('F');
  reader.expect(':');
  const badHead = reader.number(0, heads - 1);
  if (!reader.isAtEnd || isZoned !== (order === 'FF')) throw reader.invalid();
  const last = Math.ceil(cylinders / tracks) - 1;
  return {
    heads,
    badHead,
    cylinders,
    tracksPerTurn: tracks,
    sectorsOf: (turn) =>
      isZoned ? inner + Math.floor(((outer - inner) * (last - turn)) / last) : outer,
  };
}

/** False for zones that are but one, where GNU's program divides by zero. */
export function isPossible({ cylinders, tracksPerTurn, sectorsOf }: TestDisk): boolean {
  return cylinders > tracksPerTurn && Number.isFinite(sectorsOf(0));
}

/** The map: bad where the bad head writes, finished elsewhere. */
export function testDiskRuns(disk: TestDisk, sectorSize: number): RunList {
  const { heads, badHead, cylinders, tracksPerTurn, sectorsOf } = disk;
  const runs = new RunList();
  let pos = 0;
  for (let turn = 0; turn * tracksPerTurn < cylinders; turn++) {
    const tracks = Math.min(tracksPerTurn, cylinders - turn * tracksPerTurn);
    const size = tracks * sectorsOf(turn) * sectorSize;
    runs.add(pos, '+');
    runs.add(pos + badHead * size, '-');
    runs.add(pos + (badHead + 1) * size, '+');
    pos += heads * size;
  }
  runs.close(pos);
  return runs;
}

/** Reads a text piece by piece; what is wrong is quoted from the number on, or as a whole. */
class Pieces {
  #rest: string;
  readonly #whole: string;
  readonly #option: string;

  constructor(whole: string, option: string) {
    this.#rest = whole;
    this.#whole = whole;
    this.#option = option;
  }

  get isAtEnd(): boolean {
    return this.#rest === '';
  }

  number(min: number, max: number): number {
    const rest = this.#rest;
    const [token] = /^\s*[+-]?(?:0[xX][\da-fA-F_]*|[\d_]*)(?:[kKMGTPEZYRQ]i?)?[Bs]?/.exec(
      rest,
    ) as RegExpExecArray;
    const number = readNumber(token);
    if ('problem' in number || number.isInSectors) {
      const isUnit = !('problem' in number) || (number.problem === 'unit' && !/^0x$/i.test(token));
      throw this.#refusal(
        rest,
        isUnit ? 'Bad multiplier in numerical argument of' : 'Bad or missing numerical argument in',
      );
    }
    if (number.value < BigInt(min) || number.value > BigInt(max)) {
      throw this.#refusal(rest, `Value out of limits [${grouped(min)},${grouped(max)}] in`);
    }
    this.#rest = rest.slice(token.length);
    return Number(number.value);
  }

  accept(piece: string): boolean {
    const isThere = this.#rest.startsWith(piece);
    if (isThere) this.#rest = this.#rest.slice(piece.length);
    return isThere;
  }

  expect(piece: string): void {
    if (!this.accept(piece)) throw this.invalid();
  }

  invalid(): UsageError {
    return this.#refusal(this.#whole, "Invalid 'C:H:S:order:head' description in");
  }

  #refusal(quoted: string, what: string): UsageError {
    return new UsageError(`'${quoted}': ${what} option '${this.#option}'.`);
  }
}
