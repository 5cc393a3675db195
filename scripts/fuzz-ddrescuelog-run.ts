/** One command line of `ddrescuelog`, run by ours in process and by GNU's, and what both did. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ddrescuelog } from '../packages/cli/src/gnu/ddrescuelog.ts';
import type { GnuIo } from '../packages/cli/src/gnu/io.ts';

/** Bytes are kept as Latin-1 text. */
export interface LogCase {
  readonly words: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly input: Uint8Array;
}

export interface LogAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Every file afterwards. */
  readonly files: Readonly<Record<string, string>>;
}

const PROGRAM = join(process.env['RESCUE_ORACLE'] ?? '/opt/ddrescue-1.30/bin', 'ddrescuelog');
/** Longer output is compared up to here: a list of all sectors of an open end has no end. */
const OUTPUT_MAX = 1 << 22;

class TooMuch extends Error {}

let root: string | undefined;

/** What both do, with the lines left out that are bound to differ. */
export function answers(drawn: LogCase): { ours: LogAnswer; theirs: LogAnswer } {
  return { theirs: withFiles(drawn, theirAnswer), ours: withFiles(drawn, ourAnswer) };
}

/** Whether the two do different things. Output that never ends, and a crash of theirs, count as the same. */
export function differs(drawn: LogCase): boolean {
  const theirs = withFiles(drawn, theirAnswer);
  if (theirs.status === null || theirs.status > 3) return false;
  const ours = withFiles(drawn, ourAnswer);
  return JSON.stringify(ours) !== JSON.stringify(theirs);
}

/** The case as one line for a shell. */
export function shellOf({ words, files, input }: LogCase): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const printed = (text: string): string => {
    const escaped = text
      .replaceAll('\\', '\\\\')
      .replaceAll('%', '%%')
      .replace(/[^ -~]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
    return `printf -- ${quoted(escaped)}`;
  };
  const made = Object.entries(files).map(([name, text]) => `${printed(text)} > ${name}; `);
  const piped = printed(Buffer.from(input).toString('latin1'));
  return `${made.join('')}${piped} | ddrescuelog ${words.map(quoted).join(' ')}`;
}

/** Runs in a directory with the files of the case. */
export function withFiles(
  drawn: LogCase,
  run: (drawn: LogCase) => Omit<LogAnswer, 'files'>,
): LogAnswer {
  root ??= mkdtempSync(join(tmpdir(), 'fuzz-ddrescuelog-'));
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  for (const [name, text] of Object.entries(drawn.files)) {
    writeFileSync(join(root, name), text, 'latin1');
  }
  const before = process.cwd();
  process.chdir(root);
  try {
    const { status, stdout, stderr } = run(drawn);
    const names = readdirSync(root).sort();
    const files = names.map((name) => [name, comparable(readFileSync(name, 'latin1'))]);
    return {
      status,
      stdout: comparable(stdout),
      stderr: stderr.replace(/Try '.*?ddrescuelog --help'/g, "Try 'ddrescuelog --help'"),
      files: Object.fromEntries(files),
    };
  } finally {
    process.chdir(before);
    rmSync(root, { recursive: true, force: true });
  }
}

function theirAnswer({ words, input }: LogCase): Omit<LogAnswer, 'files'> {
  const { status, stdout, stderr } = spawnSync(PROGRAM, words, {
    input,
    timeout: 5000,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX,
    env: { ...process.env, LC_ALL: 'C' },
  });
  return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
}

/** Runs ours in process, in the current directory. */
export function ourAnswer({ words, input }: LogCase): Omit<LogAnswer, 'files'> {
  const out: Buffer[] = [];
  const err: string[] = [];
  let length = 0;
  let rest = input;
  const io: GnuIo = {
    out(data) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
      length += bytes.length;
      if (length > OUTPUT_MAX) throw new TooMuch();
      out.push(bytes);
    },
    err: (text) => void err.push(text),
    readLine: () => undefined,
    readAll() {
      const all = rest;
      rest = rest.subarray(rest.length);
      return all;
    },
    stop: { aborted: false },
    clock: { now: () => 0, wallTime: () => new Date(0), sleep: () => undefined },
    programName: 'ddrescuelog',
    commandLine: `ddrescuelog ${words.join(' ')}`,
  };
  let status: number | null = null;
  try {
    status = ddrescuelog(words, io);
  } catch (error) {
    if (!(error instanceof TooMuch)) err.push(`THROWN ${String((error as Error).stack)}`);
  }
  return { status, stdout: Buffer.concat(out).toString('latin1'), stderr: err.join('') };
}

function comparable(text: string): string {
  if (!text.startsWith('# Mapfile. Created by ')) return text;
  return text.replace(/^# (Mapfile\. Created by|Command line:|Start time:).*$/gm, '# $1');
}
