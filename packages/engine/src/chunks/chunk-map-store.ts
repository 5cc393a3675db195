import { Domain, type Range, type RescueMap } from '@chunkrescue/mapfile';
import type { MapStore } from '../ports.ts';

/** The map that travels with a chunk. */
export interface ChunkMap {
  readonly store: MapStore;
  /** What the chunk's file is for. */
  readonly ranges: readonly Range[];
  /** What was rescued before, but into another file. */
  readonly elsewhere: Domain;
  /** Comment lines for the map that is about to be saved, without their `#`. */
  readonly comments: (map: RescueMap) => readonly string[];
  /** Whether there is anything to travel with. Default yes. */
  readonly isWanted?: () => boolean;
}

/**
 * The common map together with the part of it that travels with a chunk. The chunk's map is written first:
 * should the second write never happen, both claim only what is in the chunk.
 */
export function withChunkMap(common: MapStore, chunk: ChunkMap): MapStore {
  const domain = Domain.of(chunk.ranges);
  // What lies between the ranges may be rescued too, but not into this file.
  const between = Domain.whole(domain.start, domain.end).subtract(domain);
  return {
    name: common.name,
    load: () => common.load(),
    save(mapfile) {
      if (chunk.isWanted?.() === false) return common.save(mapfile);
      const map = mapfile.map.slice(domain.start, domain.end);
      map.fill(between.union(chunk.elsewhere), '?');
      map.mergeNeighbours();
      const comments = chunk.comments(map).map((comment) => `# ${comment}`);
      const saved = chunk.store.save({
        ...mapfile,
        map,
        heading: [...mapfile.heading, ...comments],
      });
      return saved === undefined ? common.save(mapfile) : saved.then(() => common.save(mapfile));
    },
  };
}

/** A store that adds comment lines (without their `#`) to each map it saves. */
export function withComments(store: MapStore, comments: () => readonly string[]): MapStore {
  return {
    name: store.name,
    load: () => store.load(),
    save: (mapfile) => {
      const lines = comments().map((comment) => `# ${comment}`);
      return store.save({ ...mapfile, heading: [...mapfile.heading, ...lines] });
    },
  };
}
