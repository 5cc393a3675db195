const PLAIN = /^[\w@%+=:,./][\w@%+=:,./-]*$/;

/** Control characters of both sets, and those that turn the direction of writing. */
const OBEYED = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A path as a shell takes it for one word, for commands that are shown to be copied. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : shellQuoted(text);
}

/**
 * The same in quotes in any case. What a terminal would obey is spelled out, as bash and zsh read it; no quote stands
 * in between, so that a shell that does not read it so takes it for one harmless word all the same.
 */
export function shellQuoted(text: string): string {
  const path = text.startsWith('-') ? `./${text}` : text;
  if (path.search(OBEYED) < 0) return `'${path.replaceAll("'", "'\\''")}'`;
  return `$'${path.replaceAll('\\', '\\\\').replaceAll("'", spelled).replace(OBEYED, spelled)}'`;
}

function spelled(char: string): string {
  return `\\U${(char.codePointAt(0) as number).toString(16).padStart(8, '0')}`;
}
