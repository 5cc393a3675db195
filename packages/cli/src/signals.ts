/** Signals end a run after its map is saved, and then the program as they would have. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SignalTrap {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The signal that came, if any. */
  readonly caught: () => NodeJS.Signals | undefined;
  /** Lets signals do again what they do. */
  release(): void;
}

/** @param onSignal told once, when the first signal comes */
export function trapSignals(onSignal: (signal: NodeJS.Signals) => void): SignalTrap {
  const abort = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const take = (signal: NodeJS.Signals): void => {
    if (caught !== undefined) return;
    caught = signal;
    onSignal(signal);
    abort.abort();
  };
  for (const name of SIGNALS) process.on(name, take);
  return {
    signal: abort.signal,
    caught: () => caught,
    release() {
      for (const name of SIGNALS) process.off(name, take);
    },
  };
}

/** Ends the program by the signal, so that whoever started it sees what happened. */
export function dieBy(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
}
