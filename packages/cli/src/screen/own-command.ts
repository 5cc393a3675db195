/** How this program was called, so that command lines which are told can be copied as they stand. */
import { basename } from 'node:path';
import { shellWord } from '@chunkrescue/engine';

/** `npx rescue` from a package that is not installed for everybody, `node …/rescue.js`, or `rescue`. */
export function ownCommand(
  path: string = process.argv[1] ?? '',
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (env['npm_command'] !== undefined || env['npm_execpath'] !== undefined) return 'npx rescue';
  if (!/\.[cm]?js$/.test(basename(path))) return 'rescue';
  return `node ${shellWord(path)}`;
}

/** Advice in which the command lines can be copied. Names of files, which may be anything, stay. */
export function asCalled(text: string): string {
  return text.replace(COMMAND, ownCommand());
}

/** Where a sentence begins, behind a colon or a bracket. */
const COMMAND =
  /(?<=^|[:.;] |\(|^See )rescue(?= (?:read|merge|verify|plan|status|copy|map|--help)\b)/g;
