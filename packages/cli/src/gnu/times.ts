/** Times as GNU ddrescue shows them on its screen and writes them into its logs. */

const UNITS = [
  ['y', 365 * 86_400],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** From here on the remaining time is told without its seconds. */
const COARSE_S = 180;

/** Whole seconds as years, days, hours, minutes and seconds. */
function parts(seconds: number): number[] {
  let rest = seconds;
  return UNITS.map(([, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count;
  });
}

/** `0s`, `1m  5s`, `1d  2h  3m`: no unit that is 0, and at most 11 characters; `n/a` when undefined. */
export function shownTime(seconds: number | undefined): string {
  if (seconds === undefined) return 'n/a';
  const counts = parts(seconds);
  const [years = 0, days = 0] = counts;
  let text = '';
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue;
    // What no longer fits is left out; beside years and days nothing else is shown.
    if (i > 1 && (text.length > 7 || (years > 0 && days > 0))) continue;
    const unit = UNITS[i]?.[0];
    text += text === '' ? `${count}${unit}` : ` ${String(count).padStart(2)}${unit}`;
  }
  return text === '' ? '0s' : text;
}

/** An estimate: from three minutes on without seconds. */
export function shownRemaining(seconds: number | undefined): string {
  if (seconds === undefined || seconds < COARSE_S) return shownTime(seconds);
  return shownTime(seconds - (seconds % 60));
}

/** `5s`, `2m:05s`, `3d:01h:02m:05s`, `1y:0d:00h:00m:00s`. */
export function loggedTime(seconds: number): string {
  const counts = parts(seconds);
  const first = counts.findIndex((count) => count > 0);
  const from = first < 0 ? UNITS.length - 1 : first;
  const shown = counts.map((count, i) => {
    // Days have as many digits as they need, everywhere.
    const digits = i === from || i < 2 ? String(count) : String(count).padStart(2, '0');
    return `${digits}${UNITS[i]?.[0]}`;
  });
  return shown.slice(from).join(':');
}

/** A date in local time as headings have it: `2001-09-09 01:46:40`. */
export function clockText(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
