/**
 * CRC-32 of a piece whose bytes come in any order. Without its initial and final complement a CRC is linear:
 * that of a whole is the XOR of those of its parts, each with zeros in place of the others. Zeros in front
 * change nothing, zeros behind are a multiplication by x^8n; so a part is worth its own CRC, shifted.
 */

/** CRC-32's polynomial, bit-reversed. */
const POLYNOMIAL = 0xedb88320;
/** x^0 in the reversed representation. */
const ONE = 0x80000000;
const ALL_ONES = 0xffffffff;

/** Shifts that were computed before; reads come in few sizes. */
const known = new Map<number, number>();
const KNOWN_MAX = 4096;

/** The linear part of a common CRC-32 of as many bytes as `factor` was made for. */
export function linearCrc(crc: number): number {
  return (crc ^ ALL_ONES) >>> 0;
}

/** What to start a common CRC-32 with so that {@link linearCrc} of its result goes on from `linear`. */
export function resumeLinear(linear: number): number {
  return (linear ^ ALL_ONES) >>> 0;
}

/** The linear CRC of some bytes with `count` zero bytes behind them. */
export function shiftCrc(linear: number, count: number): number {
  return count === 0 || linear === 0 ? linear : multiply(linear, powerOf(count));
}

/** The common CRC-32 of `size` bytes whose linear CRC is given. */
export function commonCrc(linear: number, size: number): number {
  // The initial ones, moved behind by the whole length, and the final complement.
  return (linear ^ shiftCrc(ALL_ONES, size) ^ ALL_ONES) >>> 0;
}

/** x^(8 count) modulo the polynomial. */
function powerOf(count: number): number {
  const found = known.get(count);
  if (found !== undefined) return found;
  let power = ONE;
  // x^8
  let square = ONE >>> 8;
  for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  if (known.size < KNOWN_MAX) known.set(count, power);
  return power;
}

/** The product of two polynomials modulo CRC-32's. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) !== 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}
