/**
 * What a map says of chunks in its comment lines, which ddrescue skips. A map without them (made by hand or
 * by ddrescue) is as good, only less is known.
 */

/** Numbers are bytes, but for the chunk's number. */
export interface Manifest {
  readonly chunk?: number;
  readonly chunkSize?: number;
  readonly sourceSize?: number;
  /** Bytes of an image that came from chunks whose map nobody can vouch for. */
  readonly unchecked?: number;
}

const KEYS = {
  chunk: 'Chunk',
  chunkSize: 'Chunk size',
  sourceSize: 'Source size',
  unchecked: 'Unchecked bytes',
} as const;

/** Comment lines for the heading of a map, without their `#`. */
export function manifestComments(manifest: Manifest): string[] {
  return (Object.keys(KEYS) as (keyof Manifest)[])
    .filter((key) => manifest[key] !== undefined)
    .map((key) => `${KEYS[key]}: ${manifest[key]}`);
}

/** What a heading says; what is not there, or makes no sense, is left out. */
export function readManifest(heading: readonly string[]): Manifest {
  const found: { -readonly [Key in keyof Manifest]: number } = {};
  for (const line of heading) {
    const [, name, digits] = /^#\s*([A-Za-z ]+):\s*(\d{1,16})\s*$/.exec(line) ?? [];
    const key = (Object.keys(KEYS) as (keyof Manifest)[]).find((each) => KEYS[each] === name);
    const value = Number(digits);
    if (key === undefined || !Number.isSafeInteger(value)) continue;
    if (key !== 'chunk' && value === 0) continue;
    found[key] = value;
  }
  return found;
}
