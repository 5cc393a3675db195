// TEMPORARY placeholder so that others can go on: the author of the parser replaces this file.
import { MapfileError } from './errors.ts';
import type { Mapfile } from './mapfile.ts';
import { RescueMap } from './rescue-map.ts';
import type { BlockStatus, RunState } from './status.ts';

export interface ParseOptions {
  readonly loose?: boolean;
}

export function parseMapfile(text: string, _options: ParseOptions = {}): Mapfile {
  const all = text.split('\n');
  const lines = all.map((l) => l.replace(/#.*/, '').trim()).filter(Boolean);
  const heading = all.filter((l) => l.startsWith('#') && !l.includes('current_pos') && !l.includes('#      pos'));
  if (lines.length === 0) return { heading, position: 0, state: '?', pass: 1, map: RescueMap.ofOne(0, 0) };
  const [pos, state, pass] = (lines[0] as string).split(/\s+/);
  if (pos === undefined || Number.isNaN(Number(pos))) throw new MapfileError('status-line', { line: 1, column: 1 }, 'bad');
  const blocks = lines.slice(1).map((l) => {
    const [a, b, c] = l.split(/\s+/);
    return { pos: Number(a), size: Number(b), status: c as BlockStatus };
  });
  return { heading, position: Number(pos), state: state as RunState, pass: Number(pass ?? 1), map: RescueMap.fromBlocks(blocks) };
}
