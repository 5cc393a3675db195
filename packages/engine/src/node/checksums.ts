/**
 * Checksums and numbers by chance. What they are made with is loaded when the first is asked for: who only looks at
 * a map without a seal should not wait for it.
 */
let crcOf: ((bytes: Uint8Array, before?: number) => number) | undefined;

/** A number that no other rescue has: 16 hexadecimal digits. */
export function randomId(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex');
}

/** {@link digestOf} of what comes part by part. */
export function runningDigest(): { update(part: Uint8Array | string): void; end(): string } {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  return {
    update: (part) => void hash.update(part),
    end: () => hash.digest('hex').slice(0, 32),
  };
}

/** The first 128 bits of SHA-256 as 32 hexadecimal digits; of parts, as if they were one. */
export function digestOf(data: Uint8Array | string | readonly (Uint8Array | string)[]): string {
  const digest = runningDigest();
  const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
  for (const part of parts) digest.update(part);
  return digest.end();
}

/** CRC-32 as zip, gzip and Ethernet have it; `before` is that of the bytes in front. */
export function crc32(bytes: Uint8Array, before = 0): number {
  crcOf ??= process.getBuiltinModule('node:zlib').crc32;
  return crcOf(bytes, before);
}
