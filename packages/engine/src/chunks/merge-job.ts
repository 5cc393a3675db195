/** What a merge is asked to do, and what it says. Plain values: they cross threads. */
import type { Range } from '@chunkrescue/mapfile';
import type { RescueErrorCode } from '../errors.ts';
import type { Manifest } from './manifest.ts';

/** Chunks to put into an image. */
export interface MergeJob {
  /** Each chunk and its map, in any order. */
  readonly chunks: readonly { readonly raw: string; readonly map: string }[];
  readonly image: string;
  readonly map: string;
  /** The image may exist without a map. */
  readonly isForced?: boolean;
  /** Chunks of another disk, as far as can be seen, are copies of the same one all the same. */
  readonly isSameDisk?: boolean;
  /** Where chunk and image differ in bytes that both have, the chunk's are taken. */
  readonly replaces?: boolean;
  /** Takes what is in chunks whose reading was interrupted. */
  readonly takesUnfinished?: boolean;
  /** Holes in files of other tools, where their maps claim something, are zeros. */
  readonly trustsHoles?: boolean;
  /** A new image beside another one that has chunks of this rescue already, as a receipt says. */
  readonly startsAnew?: boolean;
  /** Writes a receipt beside the chunks. Default true. */
  readonly givesReceipt?: boolean;
  readonly commandLine?: string;
}

/** What became of one chunk. */
export interface MergedChunk {
  readonly raw: string;
  /** Number, where its map says so. */
  readonly chunk: number | undefined;
  /** Its map was written by this program, so it tells rescued from unreadable. */
  readonly isOurs: boolean;
  /** The very same chunk was merged before. */
  readonly isRepeated: boolean;
  /** Its range of the source, where its map says so. */
  readonly range: Range | undefined;
  /** Bytes of its range that could not be read, or not to the end. */
  readonly unread: number;
  /** Bytes that were new to the image. */
  readonly added: number;
  /** Bytes that the image had, and that are the chunk's now (`replaces`). */
  readonly replaced: number;
  /** Why it was refused, or undefined. */
  readonly refusal: Refusal | undefined;
}

/** Why nothing of a chunk is claimed. */
export interface Refusal {
  readonly code: RescueErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

export type MergeEvent =
  | {
      readonly type: 'merging';
      readonly raw: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'merged'; readonly chunk: MergedChunk };

export interface MergeResult {
  readonly end: 'finished' | 'aborted';
  readonly chunks: readonly MergedChunk[];
  /** What the maps say of the chunks' size and the source's. */
  readonly manifest: Manifest;
  /** Bytes of the image by status. */
  readonly totals: {
    readonly size: number;
    readonly rescued: number;
    readonly bad: number;
    readonly unfinished: number;
    readonly nonTried: number;
  };
  /** What no chunk has brought yet. */
  readonly missing: readonly Range[];
  /** What could not be read on the source, or was not tried to the end. */
  readonly unread: readonly Range[];
  /** The receipts for the PC where the chunks were read. */
  readonly receipts: readonly ReceiptNote[];
}

/** A receipt that was written, or why it was not. */
export interface ReceiptNote {
  readonly path: string;
  readonly problem: string | undefined;
  /** It is that there was no room. */
  readonly isFull?: boolean;
}
