/**
 * Numbers on the command line, as GNU ddrescue reads them: decimal, 0x hexadecimal, leading-0 octal,
 * underscores between digits, then a multiplier (k M G … = 1000, Ki Mi Gi … = 1024), then `B` or `s`.
 */
const PREFIXES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q'];

/** A number, or which part of the text is none. `unit` is what stands behind the digits. */
export type NumberText =
  | { readonly value: bigint; readonly isInSectors: boolean }
  | { readonly problem: 'no-number' | 'digits' }
  | { readonly problem: 'unit'; readonly unit: string };

/** Reads a number; with the unit `s` the value counts sectors. */
export function readNumber(text: string): NumberText {
  const [, sign, digits, unit] =
    /^\s*([+-]?)(0[xX][\dA-Fa-f_]+|0[0-7_]*|[1-9][\d_]*)(.*)$/s.exec(text) ?? [];
  const isCut = digits === '0' && /^x/i.test(unit ?? '');
  if (digits === undefined || unit === undefined || isCut) return { problem: 'no-number' };
  const value = readDigits(digits);
  if (value === undefined) return { problem: 'digits' };
  const factor = readUnit(unit);
  if (factor === undefined) return { problem: 'unit', unit };
  return { value: value * factor * (sign === '-' ? -1n : 1n), isInSectors: unit.endsWith('s') };
}

function readDigits(digits: string): bigint | undefined {
  const isHex = /^0x/i.test(digits);
  const groups = digits.replace(/^0x/i, '').split('_');
  const least = isHex ? 2 : 3;
  if (groups[0] === '' || groups.slice(1).some((group) => group.length < least)) return undefined;
  const plain = groups.join('');
  if (isHex) return BigInt(`0x${plain}`);
  if (plain.length > 1 && plain.startsWith('0')) {
    return BigInt(`0o${plain.slice(1)}`);
  }
  return BigInt(plain);
}

function readUnit(text: string): bigint | undefined {
  const [, prefix, binary] = /^([kKMGTPEZYRQ]?)(i?)[Bs]?$/.exec(text) ?? [];
  const isKnown =
    prefix !== undefined &&
    (prefix === '' ? binary === '' : prefix === 'K' ? binary === 'i' : true) &&
    !(prefix === 'k' && binary === 'i');
  if (!isKnown) return undefined;
  const power = prefix === '' ? 0 : PREFIXES.indexOf(prefix === 'K' ? 'k' : prefix) + 1;
  return (binary === 'i' ? 1024n : 1000n) ** BigInt(power);
}
