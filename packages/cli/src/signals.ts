/** Signals end a run after its map is saved, and then the program as they would have. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npx and terminals may deliver one key press twice; only a later signal means "at once". */
const REPEAT_MS = 1000;

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
  const release = (): void => {
    for (const name of SIGNALS) process.off(name, take);
  };
  const take = (signal: NodeJS.Signals): void => {
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
  for (const name of SIGNALS) process.on(name, take);
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
