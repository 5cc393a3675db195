/** Sizes and positions of our own commands: ddrescue's numbers, with sentences for people. */
import { UsageError } from '../exit.ts';
import { readNumber } from './number.ts';

/** What an option accepts. */
export interface SizeRule {
  /** The option as the user knows it, for messages. */
  readonly option: string;
  /** Bytes of a sector, for the unit `s`; without it `s` is refused. */
  readonly sectorSize?: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * The number of bytes (or whatever the option counts) that `text` means.
 * @throws UsageError naming the option, the text and what is wrong with it
 */
export function parseSize(text: string, rule: SizeRule): number {
  const number = readNumber(text);
  if ('problem' in number) throw refusal(text, rule, problems(number));
  if (number.isInSectors && rule.sectorSize === undefined) {
    throw refusal(text, rule, 'cannot be given in sectors');
  }
  const result = number.value * BigInt(number.isInSectors ? (rule.sectorSize ?? 1) : 1);
  const min = BigInt(rule.min ?? 0);
  const max = BigInt(rule.max ?? Number.MAX_SAFE_INTEGER);
  if (result < min || result > max) throw refusal(text, rule, `is not between ${min} and ${max}`);
  return Number(result);
}

function problems(number: Extract<ReturnType<typeof readNumber>, { problem: string }>): string {
  switch (number.problem) {
    case 'no-number':
      return 'is not a number. Examples: 104857600, 100MiB, 0x6400000, 2s';
    case 'digits':
      return 'is not a well-formed number';
    case 'unit':
      return `has an unknown unit "${number.unit}". Use k, M, G (powers of 1000) or Ki, Mi, Gi (powers of 1024), with B or s`;
  }
}

function refusal(text: string, rule: SizeRule, what: string): UsageError {
  return new UsageError(`${rule.option}: "${text.slice(0, 40)}" ${what}.`);
}
