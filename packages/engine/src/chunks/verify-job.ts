/** What a verification is asked to do, and what it says. Plain values: they cross threads. */
import type { Range } from '@chunkrescue/mapfile';
import type { Refusal } from './merge-job.ts';
import type { ChunkPair } from './open-chunk.ts';

/** Something that was rescued, and should still be as it came from the source. */
export type VerifyTarget =
  | { readonly kind: 'chunk'; readonly pair: ChunkPair }
  | { readonly kind: 'image'; readonly image: string; readonly map: string }
  /** An image that was written in one piece: nobody took digests of it, but a disk can be compared with it. */
  | { readonly kind: 'copy'; readonly image: string; readonly map: string };

export interface VerifyJob {
  readonly targets: readonly VerifyTarget[];
  /** Reads this instead of the targets' files, to see whether it still says what it said. */
  readonly source?: { readonly path: string; readonly testMap?: string };
}

/** What became of one target. Positions are the source's. */
export interface Verified {
  readonly path: string;
  /** Reads went to the medium, past the system's cache. */
  readonly isPastCache: boolean;
  /** Bytes that are as they came from the source. */
  readonly same: number;
  /** Pieces that are not. */
  readonly different: readonly Range[];
  /** Pieces of which a byte could not be read now. */
  readonly unreadable: readonly Range[];
  /** Bytes that are claimed, but nobody took a digest of them. */
  readonly unchecked: number;
  /** Why nothing of it could be looked at. */
  readonly refusal: Refusal | undefined;
}

export type VerifyEvent = {
  readonly type: 'verifying';
  readonly path: string;
  readonly done: number;
  readonly total: number;
};

export interface VerifyResult {
  readonly end: 'finished' | 'aborted';
  readonly targets: readonly Verified[];
  /** Bytes of the source, where known. */
  readonly sourceSize: number | undefined;
}
