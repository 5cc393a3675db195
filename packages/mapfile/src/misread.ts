/** Numbers of hand-made maps that are read otherwise than their author thinks, or not at all. */

/** What is odd about a number, and what was probably meant. */
export interface Misread {
  readonly code: 'octal' | 'unit' | 'hexadecimal' | 'separator';
  readonly message: string;
}

const PREFIXES = 'KMGTPE';
const SECTOR = 512n;

/** Looks at a word where a position or a size belongs; undefined when it is as it seems. */
export function misreadNumber(word: string): Misread | undefined {
  return octal(word) ?? hexadecimal(word) ?? unit(word) ?? separator(word);
}

function octal(word: string): Misread | undefined {
  if (!/^0\d+$/.test(word)) return undefined;
  const meant = BigInt(word);
  const code = 'octal';
  if (/[89]/.test(word)) {
    const what = `${word} begins with 0 and is read as octal up to its first 8 or 9`;
    return { code, message: `${what}; is ${meant} meant?` };
  }
  const value = BigInt(`0o${word}`);
  if (value === meant) return undefined;
  return { code, message: `${word} is octal, ${value}; is ${meant} meant?` };
}

/** `B` and `E` are digits here: nobody knows whether `10B` means bytes, so the user is asked. */
function hexadecimal(word: string): Misread | undefined {
  const digits = /^([\da-f]+)h$/i.exec(word)?.[1] ?? word;
  const isHex = /^[\da-f]+$/i.test(digits) && (digits !== word || /[a-f]/i.test(digits));
  if (!isHex || /^0b[01]+$/i.test(word)) return undefined;
  const message = `${word} is no number here; is 0x${digits.toUpperCase()} meant?`;
  return { code: 'hexadecimal', message };
}

function unit(word: string): Misread | undefined {
  const [, number, prefix, binary] = /^(0x[\da-f]+|\d+)(?:([kmgtpe])(i?)b?|b|s)$/i.exec(word) ?? [];
  if (number === undefined || /^0x[\da-f]+$/i.test(word)) return undefined;
  const what = `${word} has a unit, and a map counts bytes without one; write`;
  const code = 'unit';
  const value = BigInt(number);
  if (prefix === undefined) {
    const isSectors = /s$/i.test(word);
    const meant = isSectors ? `${value * SECTOR} for sectors of ${SECTOR} bytes` : value;
    return { code, message: `${what} ${meant}` };
  }
  const power = BigInt(PREFIXES.indexOf(prefix.toUpperCase()) + 1);
  const large = value * 1024n ** power;
  if (binary !== '') return { code, message: `${what} ${large}` };
  const small = value * 1000n ** power;
  return { code, message: `${what} ${small}, or ${large} if ${number}${prefix}i is meant` };
}

function separator(word: string): Misread | undefined {
  if (!/^\d{1,3}([_.,'])\d{3}(?:\1\d{3})*$/.test(word)) return undefined;
  const meant = word.replace(/\D/g, '');
  return {
    code: 'separator',
    message: `${word} has separators, and a map has none; write ${meant}`,
  };
}

/** A word of the text and its place. */
export interface Word {
  readonly word: string;
  readonly at: number;
}

/** The first two words of the line whose content begins at `offset`; a missing one is empty. */
export function wordsAt(text: string, offset: number): Word[] {
  const content = /(\S{1,127})(?:([^\S\n]+)(\S{1,127}))?/y;
  content.lastIndex = offset;
  const [, first = '', space = '', second = ''] = content.exec(text) ?? [];
  return [
    { word: first, at: offset },
    { word: second, at: offset + first.length + space.length },
  ];
}
