/**
 * Checksums and numbers by chance. What they are made with is loaded when the first is asked for: who only looks at
 * a map without a seal should not wait for it.
 */
let crcOf: ((bytes: Uint8Array, before?: number) => number) | undefined;

/** A number that no other rescue has: 16 hexadecimal digits. */
export function randomId(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex');
}

/** The first 128 bits of SHA-256 as 32 hexadecimal digits. */
export function digestOf(data: Uint8Array | string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(data).digest('hex').slice(0, 32);
}

/** CRC-32 as zip, gzip and Ethernet have it; `before` is that of the bytes in front. */
export function crc32(bytes: Uint8Array, before = 0): number {
  crcOf ??= process.getBuiltinModule('node:zlib').crc32;
  return crcOf(bytes, before);
}
