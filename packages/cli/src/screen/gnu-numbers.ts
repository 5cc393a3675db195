/** Numbers as GNU ddrescue prints them. */

/** An integer of any size. */
export type Grouped = number | bigint;

const SI = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi', 'Ri', 'Qi'];

/** Digits in groups of three, from five digits on: `9999`, `1_024_000`. */
export function groupedDigits(value: Grouped): string {
  const digits = String(value);
  const isSplit = digits.replace('-', '').length >= 5;
  return isSplit ? digits.replace(/\B(?=(\d{3})+$)/g, '_') : digits;
}

/** Digits in groups of three, with factors of 1024 or 1000 as a prefix: `256Mi`, `100_000`, `1M`. */
export function grouped(value: Grouped): string {
  let rest = BigInt(value);
  const isLong = rest > 9999n || rest < -9999n;
  let prefix = '';
  if (isLong) {
    const [factor, prefixes] = rest % 1024n === 0n ? [1024n, BINARY] : [1000n, SI];
    let power = 0;
    while (rest % factor === 0n && (rest > 999n || rest < -999n)) {
      rest /= factor;
      power++;
    }
    prefix = power === 0 ? '' : (prefixes[power - 1] as string);
  }
  return groupedDigits(rest) + prefix;
}

/** A number of at most so many characters with a prefix behind it: `  799296 `, `1048 k`. */
export function scaled(value: number, limit: number, isBinary: boolean): string {
  const factor = isBinary ? 1024 : 1000;
  const prefixes = isBinary ? BINARY : SI;
  let rest = Math.trunc(value);
  let prefix = '';
  for (let i = 0; Math.abs(rest) > limit && i < prefixes.length; i++) {
    rest = Math.trunc(rest / factor);
    prefix = prefixes[i] as string;
  }
  return `${rest} ${prefix}`;
}
