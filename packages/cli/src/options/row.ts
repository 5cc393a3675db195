/**
 * One row an option. A table of rows makes the argument reader, the type of the values, `--help` and
 * docs/options.md of the drop-in commands, and the shared options of our own.
 */
import { OPEN_END } from '@chunkrescue/mapfile';
import { UsageError } from '../exit.ts';
import { type Grouped, grouped } from '../screen/gnu-numbers.ts';
import { readNumber } from './number.ts';

/** What an option's text is read with. */
export interface ArgumentContext<Value> {
  /** `'-b'` or `'--sector-size'`, for messages. */
  readonly option: string;
  /** Bytes of a sector, as said so far: the position of `-b` on the command line counts. */
  readonly sectorSize: number;
  /** What an earlier use of the same option said. */
  readonly previous: Value | undefined;
}

/** An option. The long name is its key in the table. */
export interface OptionRow<Value = unknown> {
  readonly letter?: string;
  /** Further long names. */
  readonly aliases?: readonly string[];
  readonly argument: 'none' | 'required' | 'optional';
  /** The argument as help shows it: `<bytes>`. */
  readonly shown?: string;
  /** Half a line, for `--help`. */
  readonly help: string;
  /** The same for the commands of our own that have this option, where they have another default. */
  readonly ownHelp?: string;
  /** What the argument counts and how far it goes, for the page of options. */
  readonly range?: string;
  /** Modes of the command in which the option does something; all when left out. */
  readonly modes?: readonly string[];
  /** Not GNU's: never counts as an abbreviation, so that theirs stay unambiguous. */
  readonly isOurs?: boolean;
  /** @throws UsageError */
  parse(text: string | undefined, context: ArgumentContext<Value>): Value;
}

export type OptionTable = Readonly<Record<string, OptionRow>>;

/** The values that a table's options have after reading. */
export type ValuesOf<Table> = {
  [Key in keyof Table]?: Table[Key] extends OptionRow<infer Value> ? Value : never;
};

type Common = Pick<OptionRow, 'letter' | 'aliases' | 'help' | 'ownHelp' | 'modes' | 'isOurs'>;

/** An option without an argument. */
export function flag(row: Common): OptionRow<boolean> {
  return { ...row, argument: 'none', parse: () => true };
}

/** An option that means more each time it is given. */
export function counter(row: Common): OptionRow<number> {
  return { ...row, argument: 'none', parse: (_, { previous }) => (previous ?? 0) + 1 };
}

/** A word, or the name of a file. */
export function text(row: Common & { readonly shown: string }): OptionRow<string> {
  return { ...row, argument: 'required', parse: (value) => value ?? '' };
}

/** The name of a file that may be given once. */
export function once(row: Common & { readonly shown: string }): OptionRow<string> {
  return {
    ...row,
    argument: 'required',
    parse(value, { option, previous }) {
      if (previous !== undefined) {
        throw new UsageError(`Option '${option}' can be specified only once.`);
      }
      return value ?? '';
    },
  };
}

/** Lowest and highest value; the highest there is without one. */
export interface Limits {
  readonly min: number;
  readonly max?: Grouped;
}

/** A number with its unit. */
export function number(
  row: Common & { readonly shown: string; readonly unit: string } & Limits,
): OptionRow<number> {
  return {
    ...row,
    argument: 'required',
    range: rangeText(row),
    parse: (value, context) =>
      parseNumber(value ?? '', { ...context, takesSectors: row.unit.startsWith('bytes') }, row),
  };
}

/** The words for a range. */
export function rangeText(row: Limits & { readonly unit: string }): string {
  const top = row.max === undefined ? 'up' : `to ${grouped(row.max)}`;
  return `${row.unit}, from ${row.min} ${top}`;
}

/** What a number is read with. */
export interface NumberContext extends Pick<ArgumentContext<unknown>, 'option' | 'sectorSize'> {
  /** Whether the unit `s` makes sense. Default true. */
  readonly takesSectors?: boolean;
}

/**
 * Reads a number as GNU's programs do. Beyond what is exact it is the open end.
 * @throws UsageError in GNU's words
 */
export function parseNumber(value: string, context: NumberContext, limits: Limits): number {
  const number = readNumber(value);
  const isForeign = 'value' in number && number.isInSectors && context.takesSectors === false;
  if ('problem' in number || isForeign) {
    const isUnit = isForeign || ('problem' in number && number.problem === 'unit');
    const what = isUnit
      ? 'Bad multiplier in numerical argument of'
      : 'Bad or missing numerical argument in';
    throw refusal(value, what, context.option);
  }
  const bytes = number.value * BigInt(number.isInSectors ? context.sectorSize : 1);
  const max = BigInt(limits.max ?? 2n ** 63n - 1n);
  if (bytes < BigInt(limits.min) || bytes > max) {
    const range = `[${grouped(limits.min)},${grouped(max)}]`;
    throw refusal(value, `Value out of limits ${range} in`, context.option);
  }
  return bytes > BigInt(OPEN_END) ? OPEN_END : Number(bytes);
}

/** GNU's sentence for a bad argument. */
export function refusal(value: string, what: string, option: string): UsageError {
  return new UsageError(`'${value}': ${what} option '${option}'.`);
}
