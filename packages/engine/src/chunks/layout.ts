import type { Range } from '@chunkrescue/mapfile';

/** Bytes of a chunk when nobody says otherwise: 100 MiB. */
export const DEFAULT_CHUNK_SIZE: number = 100 * 1024 * 1024;

/** How a source is cut into chunks. All chunks but the last have `chunkSize` bytes. */
export interface ChunkLayout {
  /** Bytes; a multiple of the sector. */
  readonly chunkSize: number;
  /** Bytes of the whole source. */
  readonly sourceSize: number;
}

/** How many chunks there are; they count from 0. */
export function chunkCount(layout: ChunkLayout): number {
  return Math.ceil(layout.sourceSize / layout.chunkSize);
}

/** Where chunk `number` lies in the source, or undefined when it would begin at or behind the end. */
export function chunkRange(layout: ChunkLayout, number: number): Range | undefined {
  const pos = number * layout.chunkSize;
  if (pos >= layout.sourceSize) return undefined;
  return { pos, size: Math.min(layout.chunkSize, layout.sourceSize - pos) };
}

/** `chunk03`: at least two digits, so that the first hundred sort by name. */
export function chunkName(number: number): string {
  return `chunk${String(number).padStart(2, '0')}`;
}
