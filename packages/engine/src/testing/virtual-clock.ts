import type { Clock } from '../ports.ts';

/** A clock that stands still until somebody moves it. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #wallStartMs: number;

  /** @param wallStart the time of day at the beginning */
  constructor(wallStart: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#wallStartMs = wallStart.getTime();
  }

  now(): number {
    return this.#nowMs;
  }

  wallTime(): Date {
    return new Date(this.#wallStartMs + this.#nowMs);
  }

  sleep(ms: number): void {
    this.advance(ms);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
