/**
 * Numbers on the command line, as GNU ddrescue reads them: decimal, 0x hexadecimal, leading-0 octal,
 * underscores between digits, then a multiplier (k M G … = 1000, Ki Mi Gi … = 1024), then `B` or `s`.
 */
import { UsageError } from '../exit.ts';

const PREFIXES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q'];

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
  const [, sign, digits, rest] = /^\s*([+-]?)(0[xX][\dA-Fa-f_]+|\d[\d_]*)(.*)$/.exec(text) ?? [];
  if (digits === undefined || rest === undefined) {
    throw refusal(text, rule, 'is not a number. Examples: 104857600, 100MiB, 0x6400000, 2s');
  }
  const value = readDigits(digits);
  if (value === undefined) throw refusal(text, rule, 'is not a well-formed number');
  const factor = readUnit(rest, rule);
  if (typeof factor === 'string') throw refusal(text, rule, factor);
  const result = value * factor * (sign === '-' ? -1n : 1n);
  const min = BigInt(rule.min ?? 0);
  const max = BigInt(rule.max ?? Number.MAX_SAFE_INTEGER);
  if (result < min || result > max) throw refusal(text, rule, `is not between ${min} and ${max}`);
  return Number(result);
}

function readDigits(digits: string): bigint | undefined {
  const isHex = /^0x/i.test(digits);
  const groups = digits.replace(/^0x/i, '').split('_');
  const least = isHex ? 2 : 3;
  if (groups[0] === '' || groups.slice(1).some((group) => group.length < least)) return undefined;
  const plain = groups.join('');
  if (isHex) return BigInt(`0x${plain}`);
  if (plain.length > 1 && plain.startsWith('0')) {
    return /^[0-7]+$/.test(plain) ? BigInt(`0o${plain.slice(1)}`) : undefined;
  }
  return BigInt(plain);
}

/** The factor of a unit, or what is wrong with it. */
function readUnit(text: string, rule: SizeRule): bigint | string {
  const [, prefix, binary, unit] = /^([kKMGTPEZYRQ]?)(i?)([Bs]?)$/.exec(text) ?? [];
  const isKnown =
    prefix !== undefined &&
    (prefix === '' ? binary === '' : prefix === 'K' ? binary === 'i' : true) &&
    !(prefix === 'k' && binary === 'i');
  if (!isKnown) {
    return `has an unknown unit "${text}". Use k, M, G (powers of 1000) or Ki, Mi, Gi (powers of 1024), with B or s`;
  }
  if (unit === 's' && rule.sectorSize === undefined) return 'cannot be given in sectors';
  const power = prefix === '' ? 0 : PREFIXES.indexOf(prefix === 'K' ? 'k' : prefix) + 1;
  const multiplier = (binary === 'i' ? 1024n : 1000n) ** BigInt(power);
  return unit === 's' ? multiplier * BigInt(rule.sectorSize ?? 1) : multiplier;
}

function refusal(text: string, rule: SizeRule, what: string): UsageError {
  return new UsageError(`${rule.option}: "${text.slice(0, 40)}" ${what}.`);
}
