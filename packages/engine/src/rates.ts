/**
 * Rates as ddrescue computes them: after a read, when another second of the clock has begun. Between two
 * updates nothing changes, the time of the run included.
 */

/** What a run has moved until now, in bytes. */
export interface Moved {
  readonly rescued: number;
  /** Parts of reads that failed; a sector counts each time it is tried. */
  readonly failed: number;
}

/** Updates that the estimate of the remaining time looks back. */
const SAMPLES = 60;
/** Rates of the first seconds say little. */
const FIRST_SAMPLE_S = 2;

/** Bytes per second, over the time since the last update and over the run. */
export class Rates {
  readonly #startMs: number;
  readonly #startBytes: number;
  /** Seconds of the clock at the last update. */
  #clockS = 0;
  #mark: Moved;
  #successS = 0;
  /** Time that was only said to pass, and not yet counted. */
  #pendingMs = 0;
  readonly #samples: number[] = [];
  /** Whole seconds of the run at the last update. */
  runTimeS = 0;
  currentBytesPerS = 0;
  averageBytesPerS = 0;
  errorBytesPerS = 0;

  constructor(nowMs: number, rescued: number) {
    this.#startMs = nowMs;
    this.#startBytes = rescued;
    this.#mark = { rescued, failed: 0 };
  }

  /** Lets time count without letting it pass. */
  pretend(ms: number): void {
    this.#pendingMs += ms;
  }

  /** Whether another second has begun. */
  isDue(nowMs: number): boolean {
    return Math.floor((nowMs - this.#startMs) / 1000) > this.#clockS;
  }

  /** Computes the rates anew when another second has begun, and says so. */
  update(nowMs: number, moved: Moved): boolean {
    if (!this.isDue(nowMs)) return false;
    const clockS = Math.floor((nowMs - this.#startMs) / 1000);
    const elapsedS = clockS - this.#clockS + this.#takePending();
    this.#clockS = clockS;
    this.runTimeS += elapsedS;
    const gained = moved.rescued - this.#mark.rescued;
    this.currentBytesPerS = Math.trunc(gained / elapsedS);
    this.errorBytesPerS = Math.trunc((moved.failed - this.#mark.failed) / elapsedS);
    this.averageBytesPerS = Math.trunc((moved.rescued - this.#startBytes) / this.runTimeS);
    if (gained > 0) this.#successS = this.runTimeS;
    this.#mark = moved;
    this.#sample();
    return true;
  }

  /** At the end of a run; what is not known yet is computed as if one more second had passed. */
  finish(nowMs: number, moved: Moved): void {
    if (this.update(nowMs, moved)) return;
    const elapsedS = 1 + this.#takePending();
    const { rescued } = moved;
    this.errorBytesPerS = Math.trunc((moved.failed - this.#mark.failed) / elapsedS);
    this.currentBytesPerS ||= Math.trunc((rescued - this.#mark.rescued) / elapsedS);
    const timeS = this.runTimeS + elapsedS;
    this.averageBytesPerS ||= Math.trunc((rescued - this.#startBytes) / timeS);
    this.#mark = moved;
    this.#sample();
  }

  /** Milliseconds of the clock. */
  clockMs(nowMs: number): number {
    return nowMs - this.#startMs;
  }

  /** Whole seconds since something was rescued, or since the start, at the last update. */
  get sinceSuccessS(): number {
    return this.runTimeS - this.#successS;
  }

  /** Seconds that `bytes` take at the rate of the last minute or so; undefined when nothing came. */
  remainingS(bytes: number): number | undefined {
    const sum = this.#samples.reduce((a, b) => a + b, 0);
    const rate = Math.trunc(sum / Math.max(1, this.#samples.length));
    return rate <= 0 ? undefined : Math.ceil(bytes / rate);
  }

  #takePending(): number {
    const seconds = Math.floor(this.#pendingMs / 1000 + 0.5);
    this.#pendingMs = 0;
    return seconds;
  }

  #sample(): void {
    if (this.runTimeS < FIRST_SAMPLE_S) return;
    this.#samples.push(this.currentBytesPerS);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }
}
