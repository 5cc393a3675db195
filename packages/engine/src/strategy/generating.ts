/**
 * Generating (`G`): which bytes of a copy are looked at next, and what they tell. A sector of zeros is taken
 * for one that was never copied and stays non-tried; any other was rescued. Sectors are counted from where
 * the piece begins, as ddrescue does, so that an unaligned domain gives the same map.
 */
import { BLOCK_STATUSES, type RescueMap } from '@chunkrescue/mapfile';
import { forwards, type Piece } from './direction.ts';
import { resumesAt } from './filling.ts';
import type { Rescue } from './rescue.ts';

/** Bytes. */
export interface GenerateSizes {
  readonly sectorSize: number;
  readonly clusterSize: number;
}

/**
 * Yields the non-tried pieces of the domain: a cluster at most, and unless its block ends there, to the edge of
 * a sector. Goes on where an interrupted run stopped, when that lies in the domain; else begins anew.
 */
export function* generating(
  rescue: Rescue,
  sizes: GenerateSizes,
): Generator<Piece, void, undefined> {
  const { map } = rescue;
  let from = resumesAt(rescue, 'G');
  for (;;) {
    const search = { from, status: '?', size: sizes.clusterSize, align: sizes.sectorSize } as const;
    const { piece } = forwards.find(map, { ...search, isTouching: false });
    if (piece === undefined) return;
    rescue.state = 'G';
    rescue.position = piece.pos;
    yield piece;
    from = piece.end;
  }
}

/** Marks the sectors of `bytes`, which lie at `pos`, that hold anything but zeros. */
export function markRescued(
  map: RescueMap,
  found: { readonly pos: number; readonly bytes: Uint8Array; readonly sectorSize: number },
): void {
  const { pos, bytes, sectorSize } = found;
  for (let at = 0; at < bytes.length; at += sectorSize) {
    const end = Math.min(at + sectorSize, bytes.length);
    if (isZero(bytes, at, end)) continue;
    map.set(pos + at, pos + end, '+');
  }
}

/** Bytes of the domain whose status is known without looking. */
export function sizeKnown(map: RescueMap): number {
  let size = 0;
  for (const status of BLOCK_STATUSES) if (status !== '?') size += map.sizeInDomain(status);
  return size;
}

function isZero(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
