const PLAIN = /^[\w@%+=:,./][\w@%+=:,./-]*$/;

/** A path as a shell takes it for one word, for commands that are shown to be copied. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : shellQuoted(text);
}

/** The same in quotes in any case. */
export function shellQuoted(text: string): string {
  const path = text.startsWith('-') ? `./${text}` : text;
  return `'${path.replaceAll("'", "'\\''")}'`;
}
