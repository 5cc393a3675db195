/** Runs the built command, as a user would. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const PROGRAM: string = fileURLToPath(
  new URL('../../../node_modules/.bin/rescue', import.meta.url),
);

/** Without what tells the program that npm called it: its advice would be for npx then. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')),
);

/** The path of a file in test-fixtures. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test-fixtures/${name}`, import.meta.url));

/** A small disk, and the options by which some of its sectors fail. */
export const DEMO: string = fixture('demo.img');
export const BAD: readonly string[] = ['-H', fixture('demo-bad.map')];

export const MIB: number = 1024 * 1024;

export interface Answer {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What standard input is of a command that is left running. Default: nothing. */
  readonly input?: 'ignore' | 'pipe';
}

export function rescueCommand(args: readonly string[], options: CommandOptions = {}): Answer {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd,
    env: { ...ENV, ...options.env },
    encoding: 'utf8',
  });
  return { status, signal, stdout, stderr };
}

/** Starts the command and leaves it running. */
export function startRescue(args: readonly string[], options: CommandOptions = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd,
    env: { ...ENV, ...options.env },
    stdio: [options.input ?? 'ignore', 'pipe', 'pipe'],
  });
}

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A title with the reason why its tests are skipped, and whether they are. */
export function needing(
  title: string,
  missing: string | undefined,
): { readonly title: string; readonly isSkipped: boolean } {
  const isSkipped = missing !== undefined;
  return { title: isSkipped ? `${title} (${missing})` : title, isSkipped };
}
