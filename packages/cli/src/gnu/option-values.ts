/** Arguments of ddrescue's options that are more than one number: lists, intervals, letters. */
import { statOf } from '@chunkrescue/engine';
import { type BlockStatus, isBlockStatus } from '@chunkrescue/mapfile';
import { UsageError } from '../exit.ts';
import { type Limits, type OptionRow, parseNumber, rangeText, refusal } from '../options/row.ts';

type Row = Omit<OptionRow, 'argument' | 'parse' | 'range'> & { readonly shown: string };

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };
const INT_MAX = 2n ** 31n - 1n;
const KI = 1024;
const EXA = 2n ** 60n;

/** A length of time in whole seconds: `90`, `1.5m`, `1/2h`. */
export function interval(row: Row): OptionRow<number> {
  return {
    ...row,
    argument: 'required',
    range: 'seconds, minutes, hours or days (s m h d), whole seconds from 0',
    parse: (text, { option }) => wholeSeconds(text ?? '', option),
  };
}

/** A pause: real, or only counted when it begins with `s`. */
export interface Pause {
  readonly ms: number;
  readonly isSimulated: boolean;
}

/** As {@link interval}, and with `s` in front a simulated one, of fractions of a second too. */
export function pause(row: Row): OptionRow<Pause> {
  return {
    ...row,
    argument: 'required',
    range: 'as an interval; behind an s simulated, and down to milliseconds',
    parse(text = '', { option }) {
      if (!text.startsWith('s')) {
        return { ms: wholeSeconds(text, option) * 1000, isSimulated: false };
      }
      return { ms: hundredths(text.slice(1), option) * 10, isSimulated: true };
    },
  };
}

/** When the map is saved and made durable; undefined: by the size of the map. */
export interface MapIntervals {
  readonly saveS: number | undefined;
  readonly syncS: number;
}

/** `[save][,sync]`, in whole seconds; -1 saves by the size of the map. What is left out stays as it was. */
export function mapIntervals(row: Row): OptionRow<MapIntervals> {
  return {
    ...row,
    argument: 'required',
    range: 'save interval from 0, or -1 (auto); sync interval from 5 s',
    parse(text = '', { option, previous }) {
      const { first, second } = pair(text);
      let saveS = previous?.saveS;
      if (first === '-1') saveS = undefined;
      else if (first !== '' || second === undefined) saveS = wholeSeconds(first, option);
      const syncS = second === undefined ? (previous?.syncS ?? 300) : wholeSeconds(second, option);
      if (syncS < 5) throw refusal(text, 'Sync interval must be >= 5 seconds in', option);
      if (saveS !== undefined && saveS > syncS) {
        throw refusal(text, 'Save interval must be <= sync interval in', option);
      }
      return { saveS, syncS };
    },
  };
}

/** Bytes to skip after an error; undefined where the source's size decides. */
export interface SkipSizes {
  readonly initial: number | undefined;
  readonly max: number | undefined;
}

/** `[initial][,max]`. What is left out stays as it was. */
export function skipSizes(row: Row): OptionRow<SkipSizes> {
  const size = { unit: 'bytes', max: EXA };
  return {
    ...row,
    argument: 'required',
    range: `${rangeText({ ...size, min: 64 * KI })}; initial also 0 (never skip)`,
    parse(text = '', context) {
      const { first, second } = pair(text);
      let { initial, max } = context.previous ?? { initial: undefined, max: undefined };
      if (first !== '' || second === undefined) {
        const start = separated(first, { option: context.option, whole: text });
        initial = parseNumber(start, context, { ...size, min: 0 });
        if (initial > 0 && initial < 64 * KI) {
          throw refusal(text, 'Initial skip size must be 0 or >= 64KiB in', context.option);
        }
      }
      if (second !== undefined) {
        const [number = '', ...rest] = second.split(',');
        max = parseNumber(number, context, { ...size, min: 64 * KI });
        if (rest.length > 0) throw refusal(text, 'Extra characters in argument of', context.option);
      }
      if (initial !== undefined && max !== undefined && initial > max) {
        throw refusal(text, 'Initial skip size must be <= max skip size in', context.option);
      }
      return { initial, max };
    },
  };
}

/** What stands before and behind the first comma. */
function pair(text: string): { first: string; second: string | undefined } {
  const comma = text.indexOf(',');
  if (comma < 0) return { first: text, second: undefined };
  return { first: text.slice(0, comma), second: text.slice(comma + 1) };
}

/** The copying passes to run: `1,3-4`, or `0` for none. */
export function passRanges(row: Row): OptionRow<readonly number[]> {
  return {
    ...row,
    argument: 'required',
    range: 'numbers or ranges of 1 to 4, or 0 for none',
    parse(text = '', { option }) {
      if (text === '0') return [];
      const wrong = (): UsageError => refusal(text, 'Invalid pass or range of passes in', option);
      const passes = new Set<number>();
      for (const part of text.split(',')) {
        const [, from, to = from] = /^([1-4])(?:-([1-4]))?$/.exec(part) ?? [];
        if (from === undefined || Number(to) < Number(from)) throw wrong();
        for (let pass = Number(from); pass <= Number(to); pass++) passes.add(pass);
      }
      return [...passes].sort();
    },
  };
}

/** Numbers of system errors; several options add up. */
export function errnoList(row: Row): OptionRow<readonly number[]> {
  const limits: Limits = { min: 1, max: INT_MAX };
  return {
    ...row,
    argument: 'required',
    range: `numbers of errors, from 1 to ${INT_MAX}`,
    parse(text = '', context) {
      const numbers = text.split(',').map((part) => {
        if (!/^\d/.test(part)) throw refusal(text, 'Invalid errno value in', context.option);
        return parseNumber(part, { ...context, takesSectors: false }, limits);
      });
      return [...((context.previous as readonly number[] | undefined) ?? []), ...numbers];
    },
  };
}

/** What fill mode fills. */
export interface FillTypes {
  readonly statuses: readonly BlockStatus[];
  /** Position, sector and status are written into each sector (`l`). */
  readonly writesLocation: boolean;
}

export function fillTypes(row: Row): OptionRow<FillTypes> {
  return {
    ...row,
    argument: 'required',
    range: 'one or more of ? * / - +, and l for location data',
    parse(text = '', { option }) {
      const letters = [...text];
      const statuses = letters.filter(isBlockStatus);
      const writesLocation = letters.includes('l');
      if (letters.some((letter) => !isBlockStatus(letter) && letter !== 'l')) {
        throw refusal(text, 'Invalid type in argument of', option);
      }
      if (statuses.length === 0) throw refusal(text, 'Missing type in argument of', option);
      return { statuses, writesLocation };
    },
  };
}

/** A limit of bad areas; `+`: of new ones. */
export interface AreaLimit {
  readonly count: number;
  readonly isOfNew: boolean;
}

export function areaLimit(row: Row): OptionRow<AreaLimit> {
  return {
    ...row,
    argument: 'required',
    range: 'areas, from 0; behind a + only new ones count',
    parse(text = '', context) {
      // A second sign is what the number reader refuses.
      const count = parseNumber(text, { ...context, takesSectors: false }, { min: 0 });
      return { count, isOfNew: text.startsWith('+') };
    },
  };
}

/** A size, or the word `output` for the output's own. */
export function sizeOrOutput(row: Row): OptionRow<number | 'output'> {
  return {
    ...row,
    argument: 'required',
    range: 'bytes from 0; -1 for no limit; or the word output',
    parse: (text = '', context) =>
      text === 'output' ? 'output' : parseNumber(text, context, { min: -1 }),
  };
}

/** The name of a log; standard output belongs to the screen. */
export function logFile(row: Row): OptionRow<string> {
  return {
    ...row,
    argument: 'required',
    parse(text = '') {
      if (text === '-') throw new UsageError("I won't write log data to standard output.");
      const stat = statOf(text);
      if (stat !== undefined && !stat.isFile()) {
        throw new UsageError(`${text}: Logfile exists and is not a regular file.`);
      }
      return text;
    },
  };
}

/** Lines from 1 to 32. */
export function previewLines(row: Row): OptionRow<number> {
  return {
    ...row,
    argument: 'optional',
    range: 'lines, from 1 to 32; 3 when left out',
    parse: (text, context) =>
      text === undefined
        ? 3
        : parseNumber(text, { ...context, takesSectors: false }, { min: 1, max: 32 }),
  };
}

function wholeSeconds(text: string, option: string): number {
  const { numerator, divisor } = readInterval(text, option);
  if (numerator % divisor !== 0n) throw badInterval(text, option);
  return inRange(numerator / divisor, text, option);
}

/** Simulated pauses go down to hundredths of a second; a fraction is cut off to them, a decimal is not. */
function hundredths(text: string, option: string): number {
  const { numerator, divisor, isFraction } = readInterval(text, option);
  const value = (numerator * 100n) / divisor;
  const isExact = (numerator * 100n) % divisor === 0n;
  if ((numerator > 0n && value === 0n) || !(isExact || isFraction)) {
    throw badInterval(text, option);
  }
  return inRange(value, text, option);
}

/** Seconds as `numerator / divisor`, both whole. */
function readInterval(
  text: string,
  option: string,
): { numerator: bigint; divisor: bigint; isFraction: boolean } {
  const [, sign, whole = '', fraction = '', divisor, unit = ''] =
    /^\s*([+-]?)(\d*)(?:\.(\d+)|\/(\d+))?(.*)$/s.exec(text) ?? [];
  const isNumber = whole !== '' || (fraction !== '' && divisor === undefined);
  if (!isNumber || unit.startsWith('.') || (divisor === undefined && unit.startsWith('/'))) {
    if (!isNumber || fraction === '') throw badInterval(text, option);
  }
  const factor = Object.hasOwn(SECONDS, unit) ? SECONDS[unit] : undefined;
  if (factor === undefined) {
    throw refusal(text, 'Bad unit in time interval argument of', option);
  }
  const numerator = BigInt(`${whole}${fraction}`) * BigInt(factor);
  const scale = divisor === undefined ? 10n ** BigInt(fraction.length) : BigInt(divisor);
  if (scale === 0n || (sign === '-' && numerator > 0n)) throw badInterval(text, option);
  return { numerator, divisor: scale, isFraction: divisor !== undefined };
}

function inRange(value: bigint, text: string, option: string): number {
  if (value > INT_MAX) throw badInterval(text, option);
  return Number(value);
}

function badInterval(text: string, option: string): UsageError {
  return refusal(text, 'Bad value in time interval argument of', option);
}

/** The number in front of what should have been a comma. */
function separated(text: string, { option, whole }: { option: string; whole: string }): string {
  const [, number, rest] =
    /^(\s*[+-]?(?:0x[\da-f_]+|\d[\d_]*)(?:[kKMGTPEZYRQ]i?)?[Bs]?)(.*)$/is.exec(text) ?? [
      undefined,
      text,
      '',
    ];
  if (rest !== '') throw refusal(whole, 'Bad separator in argument of', option);
  return number as string;
}
