/** Signals end a run after its map is saved, and then the program as they would have. */
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { BrokenPipes } from '@chunkrescue/engine';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGPIPE'] as const;

/** npx and terminals may deliver one key press twice; only a later signal means "at once". */
const REPEAT_MS = 1000;

/** Where SIGPIPE came from is asked so often, and for so long, if it cannot be told at once. */
const ASK_MS = 2;
const ASKING_MS = 1000;

export interface SignalTrap {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The signal that came, if any. */
  readonly caught: () => NodeJS.Signals | undefined;
  /** Stops the run as a signal would, for another reason. */
  stop(): void;
  /** Lets signals do again what they do. */
  release(): void;
}

/**
 * The first signal asks for an orderly end; one more, a second later, ends the program at once. Maps are
 * replaced as a whole, so that costs what was read since the last save and nothing else.
 * @param onSignal told once, when the first signal comes
 */
export function trapSignals(onSignal: (signal: NodeJS.Signals) => void): SignalTrap {
  const abort = new AbortController();
  let caught: NodeJS.Signals | undefined;
  let caughtMs = 0;
  const names = trapped();
  // Asked now: when a terminal is closed, the shell goes before its signal comes.
  const ignored = names.filter(wasIgnored);
  const pipes = new BrokenPipes();
  let isReleased = false;
  const release = (): void => {
    isReleased = true;
    for (const name of names) process.off(name, name === 'SIGPIPE' ? takePipe : take);
  };
  const take = (signal: NodeJS.Signals): void => {
    if (isReleased || ignored.includes(signal)) return;
    if (caught === undefined) {
      caught = signal;
      caughtMs = performance.now();
      onSignal(signal);
      abort.abort();
    } else if (performance.now() - caughtMs >= REPEAT_MS) {
      release();
      dieBy(signal);
    }
  };
  // A process of ours that was killed is no reason to stop: what it did is done by another one.
  const takePipe = (signal: NodeJS.Signals): void => askPipes(signal, performance.now());
  const askPipes = (signal: NodeJS.Signals, heardMs: number): void => {
    const isOurs = pipes.isCause();
    if (isOurs === undefined && performance.now() - heardMs < ASKING_MS) {
      setTimeout(askPipes, ASK_MS, signal, heardMs);
    } else if (isOurs !== true) take(signal);
  };
  for (const name of names) process.on(name, name === 'SIGPIPE' ? takePipe : take);
  return { signal: abort.signal, caught: () => caught, stop: () => abort.abort(), release };
}

/** Ends the program by the signal, so that whoever started it sees what happened. */
export function dieBy(signal: NodeJS.Signals): void {
  // Node ignores SIGPIPE from its start; taking a listener away gives the signal its own effect back.
  const nothing = (): void => {};
  process.on(signal, nothing);
  process.off(signal, nothing);
  process.kill(process.pid, signal);
}

/**
 * SIGXFSZ comes with a write that was refused since files may only be so long (`ulimit -f`): that write tells it
 * better. Where there is no such limit, somebody sent it.
 */
function trapped(): NodeJS.Signals[] {
  const limits = textOf('/proc/self/limits');
  const isUnlimited = limits === '' || /^Max file size +unlimited/m.test(limits);
  return isUnlimited ? [...SIGNALS, 'SIGXFSZ'] : [...SIGNALS];
}

const SHELLS = ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh', 'busybox'];

/**
 * Whether a signal was ignored when the program was started (`nohup`, `trap '' INT`). Node forgets that before any
 * code of ours runs; what is left are the traces of nohup, and the shell above. Of a shell only these two count:
 * an interactive one ignores others for itself alone, as other programs do while they wait for a child.
 */
function wasIgnored(signal: NodeJS.Signals): boolean {
  if (signal === 'SIGHUP' && isUnderNohup()) return true;
  const bit = { SIGHUP: 0n, SIGINT: 1n }[signal as string];
  if (bit === undefined) return false;
  const status = textOf(`/proc/${process.ppid}/status`);
  const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
  const ignored = /^SigIgn:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return SHELLS.includes(name) && ((BigInt(`0x${ignored}`) >> bit) & 1n) === 1n;
}

/** By the name that bash gives a program of the one that it started, or by the file that nohup writes to. */
function isUnderNohup(): boolean {
  if (basename(process.env['_'] ?? '') === 'nohup') return true;
  return [1, 2].some((fd) => basename(linkOf(`/proc/self/fd/${fd}`)) === 'nohup.out');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or the parent is gone.
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
