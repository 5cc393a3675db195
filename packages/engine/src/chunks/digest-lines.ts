/** Digests of pieces as text: the first piece's position, then one CRC-32 each for it and those behind it. */

const PER_LINE = 10;

/** Lines like `314572800 1b2f09a4 00c3f5d1`, without their name. Positions rise from line to line. */
export function* digestLines(
  digests: ReadonlyMap<number, number>,
  pieceSize: number,
): IterableIterator<string> {
  let words: string[] = [];
  let next = -1;
  for (const pos of [...digests.keys()].sort((a, b) => a - b)) {
    if (pos !== next || words.length > PER_LINE) {
      if (words.length > 0) yield words.join(' ');
      words = [String(pos)];
    }
    words.push((digests.get(pos) as number).toString(16).padStart(8, '0'));
    next = pos + pieceSize;
  }
  if (words.length > 0) yield words.join(' ');
}

/** Adds the digests of a line; a line that makes no sense adds none. */
export function readDigestLine(
  text: string,
  pieceSize: number | undefined,
  digests: Map<number, number>,
): void {
  const [first, ...words] = text.split(' ');
  const pos = /^\d{1,16}$/.test(first ?? '') ? Number(first) : Number.NaN;
  if (pieceSize === undefined || !Number.isSafeInteger(pos + words.length * pieceSize)) return;
  if (pos % pieceSize !== 0 || !words.every((word) => /^[0-9a-f]{8}$/.test(word))) return;
  words.forEach((word, i) => {
    digests.set(pos + i * pieceSize, Number.parseInt(word, 16));
  });
}
