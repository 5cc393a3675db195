/** How maps look on the screen. */
import { bytes } from '../../screen/units.ts';
import type { MapFacts } from './facts.ts';

/** A position as mapfiles have it. */
export function hexadecimal(pos: number): string {
  return `0x${pos.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** A size for people, which may be unknown. */
export function sizeText(size: number | null): string {
  return size === null ? '' : bytes(size);
}

/** `0x00000000 - 0x00100000 (1 MiB)`. */
export function extent({ start, end, size }: MapFacts): string {
  if (end === null) return `${hexadecimal(start)} - unknown end`;
  if (size === 0) return 'nothing, it has no blocks';
  return `${hexadecimal(start)} - ${hexadecimal(end)} (${sizeText(size)})`;
}

/** Columns, indented; the first and the last stand to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] as number;
      const isLeft = column === 0 || column === row.length - 1;
      return isLeft ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
