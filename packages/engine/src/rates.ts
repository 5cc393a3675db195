/** Milliseconds of a steady clock become whole seconds of run time here; rates change once a second. */

/** What a run has moved until now, in bytes. */
export interface Moved {
  readonly rescued: number;
  /** Parts of reads that failed; a sector counts each time it is tried. */
  readonly failed: number;
}

/** Seconds that the estimate of the remaining time looks back. */
const MEMORY_S = 60;

/** Bytes per second, over the last second and over the run. */
export class Rates {
  readonly #startMs: number;
  readonly #startBytes: number;
  #second = 0;
  #mark: Moved;
  #lastSuccessMs: number | undefined;
  readonly #recent: number[] = [];
  currentBytesPerS = 0;
  averageBytesPerS = 0;
  errorBytesPerS = 0;

  constructor(nowMs: number, rescued: number) {
    this.#startMs = nowMs;
    this.#startBytes = rescued;
    this.#mark = { rescued, failed: 0 };
  }

  /** A read brought something. */
  succeeded(nowMs: number): void {
    this.#lastSuccessMs = nowMs;
  }

  /** Computes the rates anew when another second of the run has begun, and says so. */
  tick(nowMs: number, moved: Moved): boolean {
    const second = Math.floor(this.runTimeMs(nowMs) / 1000);
    if (second <= this.#second) return false;
    this.#compute(second - this.#second, second, moved);
    this.#second = second;
    return true;
  }

  /** At the end: a run that was shorter than a second counts as one. */
  finish(nowMs: number, moved: Moved): void {
    if (this.tick(nowMs, moved) || this.#second > 0) return;
    this.#compute(1, 1, moved);
  }

  runTimeMs(nowMs: number): number {
    return nowMs - this.#startMs;
  }

  /** Milliseconds since the last read that brought something, or since the start. */
  sinceSuccessMs(nowMs: number): number {
    return nowMs - (this.#lastSuccessMs ?? this.#startMs);
  }

  /** Whether any read of the run brought something. */
  get hasSucceeded(): boolean {
    return this.#lastSuccessMs !== undefined;
  }

  /** Seconds that `bytes` take at the rate of the last minute; undefined when nothing came in it. */
  remainingS(bytes: number): number | undefined {
    const sum = this.#recent.reduce((a, b) => a + b, 0);
    const rate = sum / Math.max(1, this.#recent.length);
    return rate < 1 ? undefined : Math.ceil(bytes / rate);
  }

  #compute(elapsedS: number, second: number, moved: Moved): void {
    const perSecond = (bytes: number): number => Math.trunc(bytes / elapsedS);
    this.currentBytesPerS = perSecond(moved.rescued - this.#mark.rescued);
    this.errorBytesPerS = perSecond(moved.failed - this.#mark.failed);
    this.averageBytesPerS = Math.trunc((moved.rescued - this.#startBytes) / second);
    this.#mark = moved;
    for (let i = 0; i < Math.min(elapsedS, MEMORY_S); i++) this.#recent.push(this.currentBytesPerS);
    this.#recent.splice(0, this.#recent.length - MEMORY_S);
  }
}
