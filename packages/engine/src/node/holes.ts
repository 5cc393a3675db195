/**
 * Where an output file is known to read as zeros, so that zeros need not be written. Wrong once, and old
 * bytes shine through a rescued image: whatever is not known here counts as data.
 */
import { alignDown } from '@chunkrescue/mapfile';
import { errnoOf } from './errno.ts';
import { type FsExt, SEEK_DATA } from './fs-ext.ts';

/** Bytes; what is known is known of whole pieces. */
export const PIECE_SIZE = 65536;
/** Pieces in one page of the record: 2 GiB of the file in 4 KiB of memory. */
const PIECES_PER_PAGE = 32768;
const zeros = new Uint8Array(PIECE_SIZE);

/** What is known of one open file. */
export class Holes {
  readonly #fd: number;
  readonly #sizeAtOpen: number;
  readonly #fsExt: FsExt | undefined;
  /** One bit for each piece that was written through us. */
  readonly #touched = new Map<number, Uint8Array>();

  /** @param sizeAtOpen bytes that may hold old data */
  constructor(fd: number, sizeAtOpen: number, fsExt: FsExt | undefined) {
    this.#fd = fd;
    this.#sizeAtOpen = sizeAtOpen;
    this.#fsExt = fsExt;
  }

  /** Notes that [pos, end) is written. */
  touch(pos: number, end: number): void {
    for (let at = alignDown(pos, PIECE_SIZE); at < end; at += PIECE_SIZE) {
      const piece = at / PIECE_SIZE;
      const key = Math.floor(piece / PIECES_PER_PAGE);
      const page = this.#touched.get(key) ?? new Uint8Array(PIECES_PER_PAGE / 8);
      this.#touched.set(key, page);
      const bit = piece % PIECES_PER_PAGE;
      page[bit >>> 3] = (page[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }

  /** Whether [pos, end), which lies in one piece, is known to read as zeros. */
  includes(pos: number, end: number): boolean {
    // First what we wrote: a file system that tells of holes may not have noticed yet.
    if (this.#isTouched(pos)) return false;
    return pos >= this.#sizeAtOpen || this.#hasNoData(pos, end);
  }

  #isTouched(pos: number): boolean {
    const piece = alignDown(pos, PIECE_SIZE) / PIECE_SIZE;
    const bit = piece % PIECES_PER_PAGE;
    const page = this.#touched.get(Math.floor(piece / PIECES_PER_PAGE));
    return page !== undefined && ((page[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }

  #hasNoData(pos: number, end: number): boolean {
    return this.#fsExt !== undefined && hasNoData(this.#fsExt, this.#fd, { pos, end });
  }
}

/** Whether [pos, end) of a file is known to be a hole. Moves the file's position. */
export function hasNoData(
  ext: FsExt,
  fd: number,
  { pos, end }: { readonly pos: number; readonly end: number },
): boolean {
  try {
    return ext.seekSync(fd, pos, SEEK_DATA) >= end;
  } catch (error) {
    // ENXIO: no data from here to the end. Any other trouble: not known.
    return errnoOf(error) === 'ENXIO';
  }
}

/** Whether all of at most {@link PIECE_SIZE} bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) return bytes.length === 0;
  return Buffer.compare(bytes, zeros.subarray(0, bytes.length)) === 0;
}
