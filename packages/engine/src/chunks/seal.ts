/**
 * A checksum over a map, in the map: one flipped bit turns `*` into `+`, and nobody would know. It stands in
 * a comment line of its own, which ddrescue skips and does not write again.
 */
import { type Mapfile, mapfileParts } from '@chunkrescue/mapfile';
import { digestOf } from '../node/checksums.ts';

const LINE = /^# Map checksum: ([0-9a-f]{32})\n/m;
const ALL_LINES = new RegExp(LINE, 'gm');
const COLUMNS = /^# current_pos/m;

/** The text with its seal, in front of the columns' headings. Seals that it had are replaced. */
export function seal(text: string): string {
  const open = text.replace(ALL_LINES, '');
  return sealed(open, digestOf(open));
}

/** `top` is a map's text at least down to the columns' headings. */
function sealed(top: string, digest: string): string {
  const at = top.search(COLUMNS);
  const line = `# Map checksum: ${digest}\n`;
  return at < 0 ? line + top : top.slice(0, at) + line + top.slice(at);
}

/** The text of a map with its seal, in parts. */
export function sealedParts(mapfile: Mapfile): (string | Uint8Array)[] {
  const [top, ...blocks] = Array.from(mapfileParts(mapfile), (part) => part.slice());
  // Everything above the blocks is the first part, and a seal stands there only.
  const open = (top as string).replace(ALL_LINES, '');
  return [sealed(open, digestOf([open, ...blocks])), ...blocks];
}

/** The checksum that the text claims, whether or not it is right; undefined when it has none. */
export function sealOf(text: string): string | undefined {
  return LINE.exec(normal(text))?.[1];
}

/** Whether a text is as it was sealed. Line ends that a mail program or Windows changed do not count. */
export function sealState(text: string): 'good' | 'broken' | 'none' {
  const claimed = sealOf(text);
  if (claimed === undefined) return 'none';
  return digestOf(normal(text).replace(LINE, '')) === claimed ? 'good' : 'broken';
}

function normal(text: string): string {
  return text.replaceAll('\r\n', '\n');
}
