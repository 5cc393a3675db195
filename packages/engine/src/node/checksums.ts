import { createHash, randomBytes } from 'node:crypto';
import { crc32 as crcOf } from 'node:zlib';

/** A number that no other rescue has: 16 hexadecimal digits. */
export function randomId(): string {
  return randomBytes(8).toString('hex');
}

/** The first 128 bits of SHA-256 as 32 hexadecimal digits. */
export function digestOf(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 32);
}

/** CRC-32 as zip, gzip and Ethernet have it; `before` is that of the bytes in front. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return crcOf(bytes, before);
}
