/** Chunks that follow each other, in few words. */

interface Numbered {
  readonly chunk: number | undefined;
}

/** Neighbours of one kind together. */
export function alike<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  const groups: Row[][] = [];
  let last: string | undefined;
  for (const row of rows) {
    const key = keyOf(row);
    if (key === last) groups.at(-1)?.push(row);
    else groups.push([row]);
    last = key;
  }
  return groups;
}

/** `4-9`, `3`, or `all` where there are no chunks. */
export function rowName(group: readonly Numbered[]): string {
  const [first, last] = [group[0]?.chunk, group.at(-1)?.chunk];
  if (first === undefined || last === undefined) return 'all';
  return first === last ? String(first) : `${first}-${last}`;
}

const NAMED_MAX = 12;

/** `0-2,4`, as `--chunk` takes it. */
export function chunkNumbers(rows: readonly Numbered[]): string {
  return spans(rows).join(',');
}

/** `chunk 3`, `chunks 0-2, 4`. */
export function chunkWords(rows: readonly Numbered[]): string {
  const names = spans(rows);
  const more = names.length > NAMED_MAX ? ' and more' : '';
  return `${rows.length === 1 ? 'chunk' : 'chunks'} ${names.slice(0, NAMED_MAX).join(', ')}${more}`;
}

/** Rows rise by number; their distance from their place tells where a span ends. */
function spans(rows: readonly Numbered[]): string[] {
  const placed = rows.map(({ chunk = 0 }, place) => ({ chunk, distance: chunk - place }));
  return alike(placed, ({ distance }) => String(distance)).map(rowName);
}
