/** The bytes of a fill. */

/** `data` over and over, until it makes `size` bytes. @throws RangeError when it is empty */
export function repeatedTo(size: number, data: Uint8Array): Uint8Array {
  if (data.length === 0) throw new RangeError('There is nothing to fill with.');
  const bytes = new Uint8Array(size);
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
