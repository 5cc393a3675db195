/** The bytes of a fill. */

/** `data` over and over, until it makes `size` bytes, in `bytes`. @throws RangeError when it is empty */
export function repeatedTo(
  size: number,
  data: Uint8Array,
  bytes: Uint8Array = new Uint8Array(size),
): Uint8Array {
  if (data.length === 0) throw new RangeError('There is nothing to fill with.');
  bytes.set(data.subarray(0, size));
  for (let done = Math.min(size, data.length); done < size; ) {
    // Doubling keeps the period, for what is there is a whole number of copies until the very end.
    const n = Math.min(done, size - done);
    bytes.copyWithin(done, 0, n);
    done += n;
  }
  return bytes;
}

/** A position as a mapfile writes it: `0x`, upper case, at least 8 digits. */
export function hexOfPosition(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
