import leven from 'leven';

/** Slips of the keyboard are this many letters away at most. */
const DISTANCE_MAX = 3;

/** What stands behind a command, as examples say it. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  read: 'SOURCE (the failing disk): rescue read /dev/sdb1 --fit --out /media/stick',
  merge: 'CHUNKS (or the stick) and IMAGE: rescue merge /media/stick final.raw',
  verify: 'FILES (a chunk, a stick or an image): rescue verify /media/stick',
  plan: 'SOURCE (the failing disk): rescue plan /dev/sdb1 --out /media/stick',
  copy: 'SOURCE (the failing disk) and TARGET (the image): rescue copy /dev/sdb1 disk.img',
};

/** Says what is missing behind a command where yargs only counts. */
export function withMissing(message: string, words: readonly string[]): string {
  const command = words.find((word) => Object.hasOwn(ARGUMENTS, word));
  if (!message.startsWith('Not enough non-option arguments') || command === undefined) {
    return message;
  }
  return `rescue ${command} needs ${ARGUMENTS[command]}`;
}

/** Adds to "Unknown argument: x" the option that was probably meant. */
export function withSuggestion(message: string, options: readonly string[]): string {
  const unknown = /^Unknown arguments?: (\S+?)(?:,|$)/.exec(message)?.[1];
  if (unknown === undefined || unknown.length < 2) return message;
  const distance = (option: string): number =>
    option.startsWith(unknown) ? 0 : leven(unknown, option);
  const [nearest] = options
    .filter((option) => option.length > 1 && distance(option) <= DISTANCE_MAX)
    .sort((a, b) => distance(a) - distance(b));
  return nearest === undefined ? message : `${message}. Did you mean --${nearest}?`;
}
