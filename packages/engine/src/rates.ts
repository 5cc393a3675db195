/** Bytes per second, over the last full second and over the run. Times are milliseconds of a steady clock. */
export class Rates {
  readonly #startMs: number;
  readonly #startBytes: number;
  #markMs: number;
  #markBytes: number;
  #lastSuccessMs: number;
  #bytes: number;
  currentBytesPerS = 0;

  constructor(nowMs: number, rescued: number) {
    this.#startMs = nowMs;
    this.#markMs = nowMs;
    this.#lastSuccessMs = nowMs;
    this.#startBytes = rescued;
    this.#markBytes = rescued;
    this.#bytes = rescued;
  }

  /** Takes note of the bytes rescued in all until now. */
  update(nowMs: number, rescued: number): void {
    if (rescued > this.#bytes) this.#lastSuccessMs = nowMs;
    this.#bytes = rescued;
    const elapsed = nowMs - this.#markMs;
    if (elapsed < 1000) return;
    this.currentBytesPerS = ((rescued - this.#markBytes) * 1000) / elapsed;
    this.#markMs = nowMs;
    this.#markBytes = rescued;
  }

  runTimeMs(nowMs: number): number {
    return nowMs - this.#startMs;
  }

  sinceSuccessMs(nowMs: number): number {
    return nowMs - this.#lastSuccessMs;
  }

  averageBytesPerS(nowMs: number): number {
    const elapsed = this.runTimeMs(nowMs);
    return elapsed <= 0 ? 0 : ((this.#bytes - this.#startBytes) * 1000) / elapsed;
  }
}
