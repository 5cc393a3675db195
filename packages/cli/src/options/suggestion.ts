import leven from 'leven';

/** Slips of the keyboard are this many letters away at most. */
const DISTANCE_MAX = 3;

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
