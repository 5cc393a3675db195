/** The two programs that write an image, as the tests of silent loss need to know them. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { expect } from 'vitest';
import { type Answer, PROGRAM, rescueCommand } from './command.ts';

export interface Program {
  readonly name: string;
  /** The words in front of source, output and map. */
  readonly words: readonly string[];
  /** The status of trouble with the files or the machine. */
  readonly trouble: number;
  /** The status of a refusal. */
  readonly refused: number;
  /** The option that goes on although the output lacks what the map claims. */
  readonly goesOn: string;
  /** The option that writes onto what is mounted. */
  readonly overMounted: string;
}

export const COPY: Program = {
  name: 'rescue copy',
  words: ['copy'],
  trouble: 1,
  refused: 7,
  goesOn: '--reread',
  overMounted: '--allow-mounted',
};

export const DROP_IN: Program = {
  name: 'rescue ddrescue',
  words: ['ddrescue'],
  trouble: 1,
  refused: 1,
  goesOn: '--trust-outfile',
  overMounted: '--force-mounted',
};

export const PROGRAMS: readonly Program[] = [COPY, DROP_IN];

/** Runs one of them to its end. */
export const rescue = ({ words }: Program, ...more: readonly string[]): Answer =>
  rescueCommand([...words, ...more]);

/** Runs one of them under strace, whose own options come first. */
export function traced(
  { words }: Program,
  strace: readonly string[],
  ...more: readonly string[]
): Answer {
  const all = [...TRACE, ...strace, process.execPath, PROGRAM, ...words, ...more];
  const { status, signal, stdout, stderr } = spawnSync('strace', all, { encoding: 'utf8' });
  return { status, signal, stdout, stderr };
}

/** The same, left running. */
export function startTraced(
  { words }: Program,
  strace: readonly string[],
  ...more: readonly string[]
): Promise<Answer> {
  const all = [...TRACE, ...strace, process.execPath, PROGRAM, ...words, ...more];
  const child = spawn('strace', all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, ...said }));
  });
}

const TRACE = ['-f', '--seccomp-bpf', '-qq', '-s', '0'];

/** What keeps strace from its work, for the title of a skipped test. */
export function missingForTracing(): string | undefined {
  const { status } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']);
  return status === 0 ? undefined : 'needs strace that may trace';
}

export const mapOf = (path: string): RescueMap => parseMapfile(readFileSync(path, 'utf8')).map;

/** Bytes that a mapfile claims; none when there is no mapfile. */
export const claimed = (path: string): number => (existsSync(path) ? mapOf(path).sizeOf('+') : 0);

/** Every byte that the map claims is in the file at its place. */
export function expectHeld(map: string, file: string, truth: Uint8Array): void {
  if (!existsSync(map)) return;
  const held = readFileSync(file);
  for (const { pos, size } of mapOf(map).ranges('+')) {
    const isHeld = held.subarray(pos, pos + size).equals(truth.subarray(pos, pos + size));
    expect(isHeld, `${map} claims ${pos} to ${pos + size}`).toBe(true);
  }
}

/** Resolves when it is so; fails after 20 s. Another program is waited for, which has a clock of its own. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error('It did not come to that.');
    await pause(5);
  }
}
