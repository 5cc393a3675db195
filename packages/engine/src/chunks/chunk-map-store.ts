import { Domain, type Range } from '@chunkrescue/mapfile';
import type { MapStore } from '../ports.ts';

/**
 * The common map together with the part of it that travels with a chunk. The chunk's map is written first:
 * should the second write never happen, both claim only what is in the chunk.
 */
export function withChunkMap(
  common: MapStore,
  chunk: { store: MapStore; ranges: readonly Range[]; comments: readonly string[] },
): MapStore {
  const { store } = chunk;
  const domain = Domain.of(chunk.ranges);
  // What lies between the ranges may be rescued too, but into another file.
  const elsewhere = Domain.whole(domain.start, domain.end).subtract(domain);
  const comments = chunk.comments.map((comment) => `# ${comment}`);
  return {
    name: common.name,
    load: () => common.load(),
    save(mapfile) {
      const map = mapfile.map.slice(domain.start, domain.end);
      for (const { pos, size } of elsewhere.clip(map.start, map.end).ranges()) {
        map.set(pos, pos + size, '?');
      }
      const saved = store.save({ ...mapfile, map, heading: [...mapfile.heading, ...comments] });
      return saved === undefined ? common.save(mapfile) : saved.then(() => common.save(mapfile));
    },
  };
}
