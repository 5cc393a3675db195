/** Our ddrescue in this process, as the fuzzer and the resume matrix call it. */
import { ddrescue } from '../packages/cli/src/gnu/ddrescue.ts';
import { GnuError, type GnuIo } from '../packages/cli/src/gnu/io.ts';
import { type Side, TIME_MS } from './fuzz-run.ts';

export const ourSide: Side = (words, { input }) => runOurs(words, { input, stop: stopAfterTime() });

/** Runs ours to its end; what it throws becomes a text on standard error and no status. */
export function runOurs(
  words: readonly string[],
  { input = '', stop }: { readonly input?: string; readonly stop: GnuIo['stop'] },
): ReturnType<Side> {
  const out: string[] = [];
  const err: string[] = [];
  const io: GnuIo = {
    out: (data) => void out.push(typeof data === 'string' ? data : Buffer.from(data).toString()),
    err: (text) => void err.push(text),
    ...standardInput(input),
    stop,
    clock: {
      now: () => performance.now(),
      wallTime: () => new Date(),
      sleep(ms) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      },
    },
    programName: 'ddrescue',
    commandLine: ['ddrescue', ...words].join(' '),
  };
  let status: number | null;
  try {
    status = ddrescue(words, io);
  } catch (error) {
    status = null;
    err.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (error instanceof GnuError) err.push('a GnuError came out of ddrescue()');
  }
  return { status, stdout: out.join(''), stderr: err.join('') };
}

function standardInput(input: string): Pick<GnuIo, 'readLine' | 'readAll'> {
  let rest = input;
  return {
    readLine() {
      if (rest === '') return undefined;
      const feed = rest.indexOf('\n');
      const line = feed < 0 ? rest : rest.slice(0, feed + 1);
      rest = feed < 0 ? '' : rest.slice(feed + 1);
      return line;
    },
    readAll() {
      const all = Buffer.from(rest);
      rest = '';
      return all;
    },
  };
}

function stopAfterTime(): GnuIo['stop'] {
  const end = performance.now() + TIME_MS;
  return {
    get aborted() {
      return performance.now() > end;
    },
  };
}
