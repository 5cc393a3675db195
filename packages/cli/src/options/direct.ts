/** `--direct`, whose argument may be left out: as GNU's `-d` it is then `always`. */
import { existsSync } from 'node:fs';
import type { DirectReading } from '@chunkrescue/engine';
import { UsageError } from '../exit.ts';

export const DIRECT_WORDS: readonly DirectReading[] = ['auto', 'always', 'never'];

/** `-d`, alone or among the letters of other options that take no argument. */
const LETTERS = /^-([nNqv]*)d([nNqv]*)$/;

/**
 * The same command line with an argument behind each `--direct`. yargs knows no arguments that may be left out,
 * and would take the source in `-d /dev/sdb` for one.
 */
export function withDirectWord(words: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') return [...result, ...words.slice(i)];
    const letters = LETTERS.exec(word);
    if (word !== '--direct' && letters === null) {
      result.push(word);
      continue;
    }
    const [, before = '', behind = ''] = letters ?? [];
    if (before + behind !== '') result.push(`-${before}${behind}`);
    const next = words[i + 1];
    const isSaid = behind === '' && DIRECT_WORDS.some((each) => each === next);
    if (!isSaid && behind === '' && next !== undefined) refuseOtherWord(next);
    if (isSaid) i++;
    result.push(`--direct=${isSaid ? next : 'always'}`);
  }
  return result;
}

/** A word that is neither a choice nor a file was meant for a choice. @throws UsageError */
function refuseOtherWord(word: string): void {
  if (!/^\w+$/.test(word) || existsSync(word)) return;
  throw new UsageError(
    `--direct: ${word} is none of auto, always and never, and there is no file ${word} here.`,
  );
}
