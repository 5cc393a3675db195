/**
 * A checksum over a map, in the map: one flipped bit turns `*` into `+`, and nobody would know. It stands in
 * a comment line of its own, which ddrescue skips and does not write again.
 */
import { digestOf } from '../node/checksums.ts';

const LINE = /^# Map checksum: ([0-9a-f]{32})\n/m;
const COLUMNS = /^# current_pos/m;

/** The text with its seal, in front of the columns' headings. A seal that it had is replaced. */
export function seal(text: string): string {
  const open = text.replace(LINE, '');
  const at = open.search(COLUMNS);
  const line = `# Map checksum: ${digestOf(open)}\n`;
  return at < 0 ? line + open : open.slice(0, at) + line + open.slice(at);
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
