/** The names of a chunk's files. */

import { existingSize } from '../node/existing-size.ts';
import { PACKING_SUFFIX, type Packing } from '../node/packing.ts';

const RAW = /\.raw(?:\.gz|\.zst)?$/;

/** Whether a name is that of a chunk's data: `chunk03.raw`, `chunk03.raw.gz`. Images have such names too. */
export function isRawName(name: string): boolean {
  return RAW.test(name);
}

/**
 * The map that belongs to a file: `chunk03.raw.map` where a domain made by hand was read, `chunk03.map`
 * otherwise; `final.map` for `final.raw` and `disk.map` for `disk.img`.
 */
export function mapNameOf(raw: string): string {
  const own = `${raw}.map`;
  if (existingSize(own) !== undefined) return own;
  const stem = RAW.test(raw) ? raw.replace(RAW, '') : raw.replace(/\.[^./]*$/, '');
  return `${stem}.map`;
}

/** `chunk03.raw.gz` for `chunk03.raw`. */
export function packedName(raw: string, packing: Packing): string {
  return `${raw}${PACKING_SUFFIX[packing]}`;
}
