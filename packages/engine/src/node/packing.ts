/** Compression with what Node has built in. */
import * as zlib from 'node:zlib';

/** How a file is compressed; `zstd` from Node 22.15 on. */
export type Packing = 'gzip' | 'zstd';

/** Both are files of members one behind the other, which common tools unpack as one. */
export const PACKING_SUFFIX: Readonly<Record<Packing, string>> = { gzip: '.gz', zstd: '.zst' };

interface Zstd {
  zstdCompressSync?: (bytes: Uint8Array) => Buffer;
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer;
}
const { zstdCompressSync, zstdDecompressSync } = zlib as Zstd;

/** Whether this Node can do it. */
export function canPack(packing: Packing): boolean {
  return packing === 'gzip' || zstdCompressSync !== undefined;
}

/** One member. Fast rather than small: a stick is slow, but a dying disk does not wait. */
export function packed(bytes: Uint8Array, packing: Packing): Uint8Array {
  if (packing === 'gzip') return zlib.gzipSync(bytes, { level: 1 });
  if (zstdCompressSync === undefined) throw new TypeError('This Node has no zstd.');
  return zstdCompressSync(bytes);
}

/** All members, or what is wrong with them. More than `sizeMax` bytes are not unpacked. */
export function unpacked(
  bytes: Uint8Array,
  { packing, sizeMax }: { readonly packing: Packing; readonly sizeMax: number },
): { readonly bytes: Uint8Array } | { readonly problem: string } {
  const options = { maxOutputLength: Math.max(1, sizeMax) };
  try {
    if (packing === 'gzip') return { bytes: zlib.gunzipSync(bytes, options) };
    if (zstdDecompressSync === undefined) {
      return { problem: 'this Node cannot unpack zstd; Node 22.15 or newer can' };
    }
    return { bytes: zstdDecompressSync(bytes, options) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { problem: `it cannot be unpacked (${code})` };
  }
}
