/**
 * A receipt: what the PC with the image has of one rescue, as a small map on the stick. It goes back to the
 * PC with the failing disk, which then knows what may be deleted from the stick.
 */
import { formatMapfile, type Mapfile, type RescueMap } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { mapHeading } from '../heading.ts';
import { writeTextDurably } from '../node/durable-text.ts';
import { namesIn, pathOf } from '../node/folders.ts';
import { fileMapStore } from '../node/map-store.ts';
import { CHUNK_FORMAT, type Manifest, manifestComments, readManifest } from './manifest.ts';
import { seal, sealState } from './seal.ts';

/** What a receipt says. */
export interface Receipt {
  readonly path: string;
  readonly job: string;
  /** What the image has of the whole source. */
  readonly map: RescueMap;
  /** Checksums of the chunks' maps that were merged. */
  readonly merged: ReadonlySet<string>;
  readonly manifest: Manifest;
}

/** The name of a job's receipt. */
export function receiptName(job: string): string {
  return `receipt-${job.slice(0, 8)}.map`;
}

/** Writes a receipt into a folder; returns its path. @throws a system error */
export function writeReceipt(
  folder: string,
  what: { readonly manifest: Manifest; readonly map: RescueMap; readonly now: Date },
): string {
  const { manifest, map, now } = what;
  const path = pathOf(folder, receiptName(manifest.job ?? ''));
  const heading = mapHeading({
    startTime: now,
    now,
    message: 'Receipt: what arrived in the image',
    comments: manifestComments({ ...manifest, format: CHUNK_FORMAT, kind: 'receipt' }),
  });
  const mapfile: Mapfile = { heading, position: 0, state: '+', pass: 1, map };
  writeTextDurably(path, seal(formatMapfile(mapfile)));
  return path;
}

/** Reads a receipt; undefined when there is none or it is damaged: by its word chunks are deleted. */
export function readReceipt(path: string): Receipt | undefined {
  let isSealed = false;
  const check = (text: string): void => {
    isSealed = sealState(text) === 'good';
  };
  try {
    const mapfile = fileMapStore(path, { keepsBackup: false, check }).load() as Mapfile | undefined;
    if (mapfile === undefined || !isSealed) return undefined;
    const manifest = readManifest(mapfile.heading);
    if (manifest.kind !== 'receipt' || manifest.job === undefined) return undefined;
    return {
      path,
      job: manifest.job,
      map: mapfile.map,
      merged: new Set(manifest.merged ?? []),
      manifest,
    };
  } catch (error) {
    if (error instanceof RescueError) return undefined;
    throw error;
  }
}

/** All receipts in a folder. */
export function receiptsIn(folder: string): Receipt[] {
  return namesIn(folder)
    .filter(isReceiptName)
    .flatMap((name) => readReceipt(pathOf(folder, name)) ?? []);
}

/** The receipt of a job in a folder. */
export function receiptIn(folder: string, job: string): Receipt | undefined {
  return receiptsIn(folder).find((receipt) => receipt.job === job);
}

/** Whether a name is that of a receipt on a stick; one that is kept on a PC has another. */
export function isReceiptName(name: string): boolean {
  return /^receipt-[0-9a-f]{8}\.map$/.test(name);
}
