/**
 * The direction of imports, checked on the text of the sources: cli -> engine -> mapfile, and inside the
 * engine nothing but `node/` and `worker/` knows Node. `docs/architecture.md` says why.
 */
import { posix } from 'node:path';

export interface SourceFile {
  /** From the root of the repository, with `/`: `packages/engine/src/session.ts`. */
  readonly path: string;
  readonly text: string;
}

interface Rule {
  /** Files it is for: all whose path begins so. The first rule that fits a file is its rule. */
  readonly folder: string;
  /** Ends the sentence "FOLDER may import only ...". */
  readonly only: string;
  /** Says whether the specifier of a package or of Node is allowed. */
  readonly outside: RegExp;
  /** What relative imports may reach, as paths from the root. */
  readonly inside: RegExp;
  /** Words that must not be in the code, outside comments and strings. */
  readonly without: readonly RegExp[];
}

const NOTHING = /^$(?!)/;
const MAPFILE = /^@chunkrescue\/mapfile$/;
const TERMINAL: readonly RegExp[] = [/\bconsole\b/g, /\bprocess\s*(?:\?\.|\.)\s*exit\b/g];
const IMPURE: readonly RegExp[] = [
  /\basync\b/g,
  /\bawait\b/g,
  /\bPromise\b/g,
  /\bDate\s*\.\s*now\b/g,
  /\bnew\s+Date\b/g,
  /\bperformance\b/g,
  /\bMath\s*\.\s*random\b/g,
  /\bset(?:Timeout|Interval|Immediate)\b/g,
];

const RULES: readonly Rule[] = [
  {
    folder: 'packages/mapfile/src/',
    only: 'its own files',
    outside: NOTHING,
    inside: /^packages\/mapfile\/src\//,
    without: TERMINAL,
  },
  {
    folder: 'packages/engine/src/strategy/',
    only: 'its own files and @chunkrescue/mapfile',
    outside: MAPFILE,
    inside: /^packages\/engine\/src\/strategy\//,
    without: [...TERMINAL, ...IMPURE],
  },
  {
    folder: 'packages/engine/src/node/',
    only: "the engine's files, @chunkrescue/mapfile, node:* and fs-ext",
    outside: /^(?:@chunkrescue\/mapfile|node:.+|fs-ext)$/,
    inside: /^packages\/engine\/src\//,
    without: TERMINAL,
  },
  {
    folder: 'packages/engine/src/worker/',
    only: "the engine's files, @chunkrescue/mapfile and node:worker_threads",
    outside: /^(?:@chunkrescue\/mapfile|node:worker_threads)$/,
    inside: /^packages\/engine\/src\//,
    without: TERMINAL,
  },
  {
    folder: 'packages/engine/src/testing/',
    only: "the engine's files outside node/ and worker/, and @chunkrescue/mapfile",
    outside: MAPFILE,
    inside: /^packages\/engine\/src\/(?!node\/|worker\/)/,
    without: TERMINAL,
  },
  {
    folder: 'packages/engine/src/',
    only: "the engine's files and @chunkrescue/mapfile",
    outside: MAPFILE,
    inside: /^packages\/engine\/src\//,
    without: TERMINAL,
  },
  {
    folder: 'packages/cli/src/',
    only: 'its own files, and packages by the names they export',
    outside: /^(?!@chunkrescue\/(?:cli|[^/]+\/(?:src|dist))(?:\/|$))/,
    inside: /^packages\/cli\//,
    without: [],
  },
];

/** One sentence for each thing that is against the rules, with file and line; empty when all is well. */
export function wrongImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const rule = RULES.find(({ folder }) => file.path.startsWith(folder));
    if (rule === undefined) return [`${file.path} is in no folder that has a rule`];
    const text = blank(file.text, 'comments');
    return [...badImports(file.path, text, rule), ...badWords(file.path, text, rule)];
  });
}

function badImports(path: string, text: string, rule: Rule): string[] {
  return specifiersOf(text)
    .filter(({ name }) =>
      name.startsWith('.')
        ? !rule.inside.test(posix.join(posix.dirname(path), name))
        : !rule.outside.test(name),
    )
    .map(({ name, index }) => {
      return `${path}:${lineOf(text, index)} imports ${name}; ${rule.folder} may import only ${rule.only}`;
    });
}

function badWords(path: string, text: string, rule: Rule): string[] {
  const code = blank(text, 'strings');
  return rule.without.flatMap((word) =>
    [...code.matchAll(word)].map(({ 0: found, index }) => {
      return `${path}:${lineOf(code, index)} says ${found}; ${rule.folder} must do without`;
    }),
  );
}

/** What `import`, `export ... from` and `import()` name, types too. */
function specifiersOf(text: string): { name: string; index: number }[] {
  const statement =
    /\b(?:import|export)\b(?:[\s\w$*,{}]*?\bfrom)?\s*\(?\s*(['"`])([^'"`\n]*)\1|\brequire\s*\(\s*(['"`])([^'"`\n]*)\3/g;
  return [...text.matchAll(statement)].map((match) => {
    return { name: match[2] ?? match[4] ?? '', index: match.index + match[0].length };
  });
}

/** The text with spaces for its comments or its strings; lines stay where they are. */
function blank(text: string, what: 'comments' | 'strings'): string {
  const token =
    /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return text.replace(token, (found: string, comment: string | undefined) => {
    const isWanted = (comment !== undefined) === (what === 'comments');
    return isWanted ? found.replace(/[^\n]/g, ' ') : found;
  });
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
