/** Reads outside of a session: before a rescue, or when somebody asks for them. */
import type { Source } from './ports.ts';
import { ReadGivenUp } from './run.ts';

type Signal = Pick<AbortSignal, 'aborted'>;

/** For {@link Source.watch}: gives a read up that has not come back when everything is to stop. */
export function givingUp(signal: Signal): () => void {
  return () => {
    if (signal.aborted) throw new ReadGivenUp();
  };
}

/** Work that reads a source; false when it was stopped while a read did not come back. */
export function unlessStopped(source: Source, signal: Signal, work: () => void): boolean {
  source.watch?.(givingUp(signal));
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof ReadGivenUp) return false;
    throw error;
  } finally {
    source.watch?.(undefined);
  }
}
