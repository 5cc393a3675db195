const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A number of bytes for people: `1536 B`, `100 MiB`, `1.4 GiB`. Exact up to 9999 and for round numbers. */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (unit + 1 < BINARY.length && (value >= 10_000 || (value >= 1024 && value % 1024 === 0))) {
    value /= 1024;
    unit++;
  }
  const text = Number.isInteger(value) ? String(value) : value.toFixed(1);
  return `${text} ${BINARY[unit]}`;
}

/** Two positions for people, in one unit where both are round: `300 MiB - 400 MiB`. */
export function span(pos: number, end: number): string {
  return `${bytes(pos)} - ${bytes(end)}`;
}

/** Rounded down, so that 100 % is never said of less than all. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '100 %';
  const hundredths = Math.floor((part * 10_000) / whole);
  return part === whole ? '100 %' : `${(hundredths / 100).toFixed(2)} %`;
}

/** `1 area`, `2 areas`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `7 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

/** Text from outside (names of files and devices) without anything that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(OBEYED, '\uFFFD');
}

/** The same for text of several lines that are ours. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** The same for what the drop-in commands say, with what they end and align lines by. */
export function printableWords(text: string): string {
  return text.replace(OBEYED, (char) => (/[\n\t]/.test(char) ? char : '\uFFFD'));
}

/** A JSON record in one line that a terminal shows as it is; whoever parses it gets what was put in. */
export function jsonLine(record: object): string {
  const escaped = (unit: string): string =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(record).replace(OBEYED, (char) => char.split('').map(escaped).join(''));
}

/** What a terminal obeys: control characters of both sets, and those that turn the direction of writing. */
const OBEYED = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
