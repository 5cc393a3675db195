/**
 * Stops a rescue after each of its reads, and lets GNU ddrescue and ours carry on from there. Whoever was
 * stopped and whoever carries on: the stopped map, the reads that follow, the last map and the image must
 * be those of GNU. (A resumed rescue may end in another map than one that ran through; so what ours must
 * equal is GNU carrying on from the same place, and never the rescue in one go.)
 *
 * GNU knows no limit of reads. strace sends it SIGINT with the system call of its nth read: that is `read` for
 * one that succeeds and, in test mode, the `stat` of the input for one that fails.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Files, type FuzzCase, wordsOf, writeFiles } from './fuzz-case.ts';
import { runOurs } from './fuzz-ours.ts';
import { type Difference, mapLines, readRanges, readsText } from './fuzz-run.ts';
import { runOracle } from './oracle.ts';

const STRACE = 'strace';
/** Where `oracle.ts` looks, too. */
const GNU = join(process.env['RESCUE_ORACLE'] ?? '/opt/ddrescue-1.30/bin', 'ddrescue');

/** 30 000 bytes in sectors of 512 with an area, a sector and a long area that are bad. */
const FILES: Files = {
  in: { kind: 'data', size: 30_000, pieces: [{ pos: 0, size: 30_000, text: 0 }] },
  test: {
    kind: 'map',
    statusLine: '0 ? 1',
    blocks: [
      { pos: 0, size: 0x1000, status: '+' },
      { pos: 0x1000, size: 0x800, status: '-' },
      { pos: 0x1800, size: 0x1f00, status: '+' },
      { pos: 0x3700, size: 0x200, status: '-' },
      { pos: 0x3900, size: 0x1200, status: '+' },
      { pos: 0x4b00, size: 0x1000, status: '-' },
      { pos: 0x5b00, size: 0x1a30, status: '+' },
    ],
  },
};

/** The rescue with these options, as a case of the fuzzer. */
export function matrixCase(options: readonly string[]): FuzzCase {
  const always = ['-q', '-c4', '-H', '@test', '--log-reads=@reads'];
  const operands = ['@in', '@out', '@map'];
  return {
    family: 'resume matrix',
    options: [[...always, ...options]],
    operands,
    files: FILES,
    stdin: '',
  };
}

/** Why GNU cannot be stopped here, for the title of a skipped test; undefined when it can. */
export function missingStrace(): string | undefined {
  const { status } = spawnSync(STRACE, ['-qq', '-o/dev/null', 'true']);
  return status === 0 ? undefined : 'needs strace that may trace';
}

type Tool = 'gnu' | 'ours';

export interface MatrixResult {
  /** Reads of the rescue in one go; it was stopped after each of them but the last. */
  readonly reads: number;
  readonly differences: readonly (Difference & { readonly at: string })[];
}

export function resumeMatrix(each: FuzzCase): MatrixResult {
  const root = mkdtempSync(join(tmpdir(), 'resume-'));
  try {
    const start = join(root, 'start');
    mkdirSync(start);
    writeFiles(each.files, start);
    const scene = new Scene(each, root);
    const calls = scene.callsOfGnu();
    const stops = scene.stopsOfOurs(calls.length);
    const differences: (Difference & { at: string })[] = [];
    const compare = (at: string, gnu: State, ours: State): void => {
      for (const what of ['map', 'reads', 'image'] as const) {
        if (gnu[what] !== ours[what]) {
          differences.push({ at, what, gnu: gnu[what], ours: ours[what] });
        }
      }
    };
    for (let count = 1; count < calls.length; count++) {
      const stopped = {
        gnu: scene.stopGnu(calls[count - 1] as Call),
        ours: stops.get(count) ?? start,
      };
      compare(`stopped after ${count}`, stateOf(stopped.gnu), stateOf(stopped.ours));
      const wanted = scene.carryOn(stopped.gnu, 'gnu');
      for (const first of ['gnu', 'ours'] as const) {
        for (const second of ['gnu', 'ours'] as const) {
          if (first === 'gnu' && second === 'gnu') continue;
          const ended = scene.carryOn(stopped[first], second);
          compare(`${first} stopped after ${count}, ${second} carried on`, wanted, ended);
        }
      }
    }
    return { reads: calls.length, differences };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface State {
  readonly map: string;
  readonly reads: string;
  readonly image: string;
}

function stateOf(directory: string): State {
  const image = join(directory, 'out');
  const bytes = existsSync(image) ? readFileSync(image) : 'none';
  return {
    map: mapLines(join(directory, 'map')),
    reads: readsText(join(directory, 'reads')),
    image: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** A system call of GNU: the `ordinal`th of its name on the input. */
interface Call {
  readonly name: 'read' | 'newfstatat';
  readonly ordinal: number;
}

/** Directories in which the tools run; each run gets a new one. */
class Scene {
  readonly #each: FuzzCase;
  readonly #root: string;
  #count = 0;

  constructor(each: FuzzCase, root: string) {
    this.#each = each;
    this.#root = root;
  }

  /** The system call of each read of a rescue in one go. */
  callsOfGnu(): Call[] {
    const directory = this.#copyOf('start');
    const trace = join(directory, 'trace');
    this.#traced(directory, ['-o', trace]);
    const names = readFileSync(trace, 'utf8').matchAll(/^(read|newfstatat)\(/gm);
    const ordinals = { read: 0, newfstatat: 0 };
    const calls = [...names].map(([, name]) => {
      const known = name as Call['name'];
      ordinals[known]++;
      return { name: known, ordinal: ordinals[known] };
    });
    // The first looks whether input and output are one file.
    calls.shift();
    const { length } = readRanges(join(directory, 'reads'));
    if (length !== calls.length) {
      throw new Error(`strace saw ${calls.length} reads of the input, the log has ${length}`);
    }
    return calls;
  }

  /** Ours stopped after each number of reads: the first time it asks whether to stop. */
  stopsOfOurs(readsMax: number): Map<number, string> {
    const stops = new Map<number, string>();
    for (let query = 0; query <= readsMax * 8; query++) {
      const directory = this.#stopOurs(query);
      const { length } = readRanges(join(directory, 'reads'));
      if (stops.has(length)) rmSync(directory, { recursive: true });
      else stops.set(length, directory);
      if (length >= readsMax) break;
    }
    return stops;
  }

  stopGnu({ name, ordinal }: Call): string {
    const directory = this.#copyOf('start');
    const inject = `inject=${name}:signal=INT:when=${ordinal}`;
    this.#traced(directory, ['-o', '/dev/null', '-e', inject]);
    return directory;
  }

  carryOn(stopped: string, tool: Tool): State {
    const directory = this.#copyOf(stopped);
    rmSync(join(directory, 'reads'), { force: true });
    const words = wordsOf(this.#each, directory);
    if (tool === 'gnu') runOracle(words);
    else runOurs(words, { stop: { aborted: false } });
    const state = stateOf(directory);
    rmSync(directory, { recursive: true });
    return state;
  }

  #stopOurs(queries: number): string {
    const directory = this.#copyOf('start');
    let asked = 0;
    const stop = {
      get aborted() {
        return asked++ >= queries;
      },
    };
    runOurs(wordsOf(this.#each, directory), { stop });
    return directory;
  }

  #traced(directory: string, options: readonly string[]): void {
    const filter = ['-qq', '-P', join(directory, 'in'), '-e', 'trace=read,newfstatat'];
    const command = [GNU, ...wordsOf(this.#each, directory)];
    const { error } = spawnSync(STRACE, [...filter, ...options, ...command]);
    if (error !== undefined) throw error;
  }

  #copyOf(from: string): string {
    const directory = join(this.#root, `run-${this.#count++}`);
    cpSync(from === 'start' ? join(this.#root, from) : from, directory, { recursive: true });
    return directory;
  }
}
