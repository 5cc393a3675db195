import { availableParallelism } from 'node:os';

/** How many threads of this process can run at a time. */
export function processorCount(): number {
  return availableParallelism();
}
