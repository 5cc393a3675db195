/** What a finished chunk turned out not to have counts as not read: the run after this one reads it again. */
import { Domain, type Mapfile, type Range } from '@chunkrescue/mapfile';
import { claimsOf } from '../chunks/chunk-state.ts';
import { sealedMapStore } from '../chunks/sealed-map-store.ts';
import type { MapStore } from '../ports.ts';

/** The maps that claim what is not there. */
export interface Claiming {
  readonly common: MapStore;
  /** The path of the chunk's own map. */
  readonly own: string;
}

/**
 * Takes claims back in both maps, durably; returns the common one. The chunk's own map comes last: while it claims
 * the bytes, its digests tell that they are not those of the source. Without the claim the common map alone would
 * speak for them, and could be believed.
 */
export function takeBack({ common, own }: Claiming, different: readonly Range[]): Mapfile {
  const options = { keepsBackup: false, keepsSpare: true, followsLinks: false };
  const store = sealedMapStore(own, options);
  try {
    const mapfile = store.load() as Mapfile;
    // Of a piece that differs, the chunk may claim a part; the rest lies elsewhere, and is none of its business.
    const lost = claimsOf(mapfile.map).intersect(Domain.of(different));
    const changed = without(common.load() as Mapfile, lost);
    common.save(changed);
    // Digests of pieces that nothing is claimed of are skipped by whoever reads them.
    store.save(without(mapfile, lost));
    return changed;
  } finally {
    store.close();
  }
}

/** A map that is not finished any more. */
function without(mapfile: Mapfile, lost: Domain): Mapfile {
  const map = mapfile.map.clone();
  map.fill(lost, '?');
  map.mergeNeighbours();
  return { ...mapfile, position: lost.start, state: '?', pass: 1, map };
}
