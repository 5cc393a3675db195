/**
 * GNU argument syntax: grouped letters, attached and separate values, optional values, unique beginnings of
 * long names, options behind operands, `--`. It knows no option; a table does.
 */
import { UsageError } from '../exit.ts';
import type { ArgumentContext, OptionRow, OptionTable, ValuesOf } from '../options/row.ts';

/** One option as it was given. */
export interface Given {
  /** Long name: key in the table. */
  readonly name: string;
  /** As messages name it: `-b` or `--sector-size`. */
  readonly option: string;
  readonly value: string | undefined;
}

export interface Arguments {
  readonly given: readonly Given[];
  readonly operands: readonly string[];
}

/** @throws UsageError in GNU's words */
export function splitArguments(table: OptionTable, words: readonly string[]): Arguments {
  const given: Given[] = [];
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const next = words[i + 1];
    if (word === '--') {
      operands.push(...words.slice(i + 1));
      break;
    }
    if (word.startsWith('--')) {
      if (readLong(table, { word, next }, given)) i++;
    } else if (word.startsWith('-') && word !== '-') {
      if (readLetters(table, { word, next }, given)) i++;
    } else {
      operands.push(word);
    }
  }
  return { given, operands };
}

interface Here {
  readonly word: string;
  readonly next: string | undefined;
}

/** Returns whether the next word was the value. */
function readLong(table: OptionTable, { word, next }: Here, given: Given[]): boolean {
  const sign = word.indexOf('=');
  const typed = sign < 0 ? word.slice(2) : word.slice(2, sign);
  const name = resolveName(table, typed, word);
  const option = `--${name}`;
  const { argument } = table[name] as OptionRow;
  if (sign >= 0) {
    const value = word.slice(sign + 1);
    if (argument === 'none') throw new UsageError(`option '${option}' doesn't allow an argument`);
    if (argument === 'required' && value === '') {
      throw new UsageError(`option '${option}' requires an argument`);
    }
    given.push({ name, option, value });
    return false;
  }
  if (argument !== 'required') {
    given.push({ name, option, value: undefined });
    return false;
  }
  if (next === undefined || next === '') {
    throw new UsageError(`option '${option}' requires an argument`);
  }
  given.push({ name, option, value: next });
  return true;
}

function resolveName(table: OptionTable, typed: string, word: string): string {
  const names = Object.entries(table).flatMap(([key, { aliases = [], isOurs = false }]) =>
    [key, ...aliases].map((name) => ({ key, name, isOurs })),
  );
  const exact = names.find(({ name }) => name === typed);
  if (exact !== undefined) return exact.key;
  const found = names.filter(({ name, isOurs }) => !isOurs && name.startsWith(typed));
  if (found.length === 0) throw new UsageError(`unrecognized option '${word}'`);
  const keys = new Set(found.map(({ key }) => key));
  if (keys.size > 1) throw new UsageError(`option '${word}' is ambiguous`);
  return [...keys][0] as string;
}

/** Returns whether the next word was the value. */
function readLetters(table: OptionTable, { word, next }: Here, given: Given[]): boolean {
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] as string;
    const row = Object.entries(table).find(([, each]) => each.letter === letter);
    if (row === undefined) throw new UsageError(`invalid option -- '${letter}'`);
    const [name, { argument }] = row;
    const option = `-${letter}`;
    const attached = word.slice(i + 1);
    if (argument === 'none' || (argument === 'optional' && attached === '')) {
      given.push({ name, option, value: undefined });
      continue;
    }
    const value = attached === '' ? next : attached;
    if (value === undefined || value === '') {
      throw new UsageError(`option requires an argument -- '${letter}'`);
    }
    given.push({ name, option, value });
    return attached === '';
  }
  return false;
}

/**
 * Reads the values of the options in the order given; `sectorOption` changes what the unit `s` means for
 * those behind it. `onEach` sees each option before it is read (`--help` ends a program there).
 * @throws UsageError
 */
export function readValues<Table extends OptionTable>(
  table: Table,
  given: readonly Given[],
  how: { readonly sectorOption: string; readonly onEach?: (name: string) => void },
): ValuesOf<Table> {
  const values: Record<string, unknown> = {};
  for (const { name, option, value } of given) {
    how.onEach?.(name);
    const row = table[name] as OptionRow;
    const sector = values[how.sectorOption];
    const context: ArgumentContext<unknown> = {
      option,
      sectorSize: typeof sector === 'number' ? sector : 512,
      previous: values[name],
    };
    values[name] = row.parse(value, context);
  }
  return values as ValuesOf<Table>;
}

/** The option lines of `--help`. */
export function helpLines(table: OptionTable): string[] {
  const rows = Object.entries(table).map(([name, row]) => {
    const letter = row.letter === undefined ? '      ' : `  -${row.letter}, `;
    const shown = row.shown ?? '';
    const value = row.argument === 'optional' ? `[=${shown}]` : shown === '' ? '' : `=${shown}`;
    return { left: `${letter}--${name}${value}`, help: row.help };
  });
  const width = Math.min(36, Math.max(...rows.map(({ left }) => left.length)) + 2);
  return rows.map(({ left, help }) => `${left.padEnd(width - 1)} ${help}`);
}
