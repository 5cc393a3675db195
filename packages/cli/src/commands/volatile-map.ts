/** A map in a live system's memory is gone when it is switched off. */
import { dirname } from 'node:path';
import { isVolatile, readMapText, writeTextDurably } from '@chunkrescue/engine';
import type { Context } from '../context.ts';

/** A map, and where a copy of it can be kept. */
export interface VolatileMap {
  readonly map: string;
  readonly copy: string;
}

/** Warns of a map that lies in memory. `how` tells how to name another one. */
export function warnOfVolatile({ map, copy }: VolatileMap, how: string, context: Context): void {
  if (!isVolatile(dirname(map))) return;
  const kept = isVolatile(dirname(copy)) ? '' : ` A copy is kept as ${copy}.`;
  context.report.warning(
    `${map} lies in memory and is lost when this PC is switched off or restarts. ${how}${kept}`,
  );
}

/** Keeps the copy, where the map needs one and the copy lies better. */
export function keepCopy({ map, copy }: VolatileMap): void {
  if (!isVolatile(dirname(map)) || isVolatile(dirname(copy))) return;
  const text = readMapText(map);
  if (text !== undefined) writeTextDurably(copy, text);
}
