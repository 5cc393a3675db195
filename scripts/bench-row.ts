/** One row of the benchmarks: what it is, what it needs, and the figures it ended with. */

/** Where a row works. The directories are its own, empty, and go with it. */
export interface World {
  readonly memory: string;
  readonly disk: string;
  readonly isQuick: boolean;
  /** Why GNU ddrescue cannot be measured here; undefined when it can. */
  readonly missingOracle: string | undefined;
  /** Ends the benchmark. */
  readonly signal: AbortSignal;
}

export interface Row {
  readonly name: string;
  /** The most that the median may be. */
  readonly goal: number;
  /** What is in the way here; undefined when it can be measured. */
  readonly missing?: (world: World) => string | undefined;
  readonly measure: (world: World) => Promise<Figures>;
}

export interface Figures {
  /** Ratios, or what `unit` says; empty when there was nothing to compare with. */
  readonly values: readonly number[];
  /** Default: they are ratios. */
  readonly unit?: 'MB';
  /** Milliseconds of each run. */
  readonly oursMs: readonly number[];
  readonly theirsMs: readonly number[];
  /** What the machine needs for the least that has to be done. */
  readonly limitMs?: readonly number[];
  /** The other one was killed after this long, so that the ratio is less than shown. */
  readonly killedAfterMs?: number;
}

export interface Result {
  readonly row: Row;
  /** Or why there are none. */
  readonly figures: Figures | string;
}

/** The middle one, or the mean of the two in the middle; undefined for nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined || sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] as number) + upper) / 2;
}
