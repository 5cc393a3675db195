/** What was done to files, in the order in which it was done: what a power cut keeps, or does not. */

/** A file as such, whatever its names are. */
export type FileId = number;

/** One step; paths are relative to the folder under test. */
export type Operation =
  | { readonly kind: 'create'; readonly file: FileId; readonly path: string }
  | {
      readonly kind: 'write';
      readonly file: FileId;
      readonly pos: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'truncate'; readonly file: FileId; readonly size: number }
  /** `fsync`; `fdatasync` makes only what is needed to read the data back durable. */
  | { readonly kind: 'sync'; readonly file: FileId; readonly isDataOnly: boolean }
  | { readonly kind: 'sync-folder'; readonly path: string }
  | {
      readonly kind: 'rename';
      readonly file: FileId;
      readonly from: string;
      readonly path: string;
    }
  | { readonly kind: 'link'; readonly file: FileId; readonly path: string }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'mkdir'; readonly path: string }
  /** The tool told that it has saved: nothing of these claims may be lost from here on. */
  | { readonly kind: 'saved'; readonly claims: readonly Claim[] };

/** Bytes [pos, pos + size) of the source. */
export interface Claim {
  readonly pos: number;
  readonly size: number;
}
