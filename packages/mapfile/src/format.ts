// TEMPORARY placeholder so that others can go on: the author of the serializer replaces this file.
import type { Mapfile } from './mapfile.ts';

export function formatMapfile(m: Mapfile): string {
  const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(8, '0')}`;
  const blocks = [...m.map.blocks()].map((b) => `${hex(b.pos)}  ${hex(b.size)}  ${b.status}`);
  return [...m.heading, '# current_pos  current_status  current_pass', `${hex(m.position)}     ${m.state}               ${m.pass}`, '#      pos        size  status', ...blocks, ''].join('\n');
}
