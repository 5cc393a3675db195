import type { Mapfile } from './mapfile.ts';

/**
 * The part of a mapfile inside [pos, end), empty where the map does not reach. The status line goes
 * with it: a run that had not come to this part begins at its edge, one that had passed it goes on
 * to the next pass.
 * Comments speak of the whole map, and stay behind.
 */
export function clipMapfile(mapfile: Mapfile, pos: number, end: number): Mapfile {
  const map = mapfile.map.slice(pos, end);
  const position = Math.min(Math.max(mapfile.position, map.start), map.end);
  return { heading: [], position, state: mapfile.state, pass: mapfile.pass, map };
}
