/** Programs that a benchmark runs: the time of the whole process, from its start to its end. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const RESCUE = fileURLToPath(new URL('../packages/cli/bin/rescue.js', import.meta.url));

export interface Program {
  readonly words: readonly [program: string, ...words: string[]];
  /** Exit status that it must have. Default 0. */
  readonly status?: number;
  /** File that takes its standard output; without, nobody sees it. */
  readonly output?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed. Default 10 minutes. */
  readonly timeoutMs?: number;
}

export interface RunOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/** Our command, as a user starts it. */
export function rescueProgram(...words: string[]): Program {
  return { words: [process.execPath, RESCUE, ...words] };
}

/**
 * Milliseconds that it took; undefined when its time was over and it was killed.
 * Rejects when its status is not the one it must have: a time of wrong work is worth nothing.
 */
export async function timeOf(program: Program, options: RunOptions): Promise<number | undefined> {
  const { words, status: wanted = 0, output, env, timeoutMs = 600_000 } = program;
  const [name, ...args] = words;
  const { cwd, signal } = options;
  signal.throwIfAborted();
  const stdout = output === undefined ? 'ignore' : openSync(resolve(cwd, output), 'w');
  const startMs = performance.now();
  const child = spawn(name, args, {
    cwd,
    env: { ...process.env, LC_ALL: 'C', ...env },
    stdio: ['ignore', stdout, 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const status = await new Promise<number | null>((done, fail) => {
      child.once('error', fail).once('exit', done);
    });
    const elapsedMs = performance.now() - startMs;
    // For what it said last; and Ctrl-C reaches the program too, and may do so before us.
    await new Promise((turn) => setTimeout(turn, 5));
    signal.throwIfAborted();
    if (isLate) return undefined;
    if (status !== wanted) {
      const what = `exit status ${status}, not ${wanted}: ${words.join(' ')} (in ${cwd})`;
      throw new Error(`${what}\n${complaint}`);
    }
    return elapsedMs;
  } finally {
    clearTimeout(timer);
    if (typeof stdout === 'number') closeSync(stdout);
  }
}

/** Runs what is not measured. */
export async function run(program: Program, options: RunOptions): Promise<void> {
  if ((await timeOf(program, options)) === undefined) {
    throw new Error(`never ended: ${program.words.join(' ')}`);
  }
}
