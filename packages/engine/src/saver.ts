/** When the map is saved, and how: the target first, then the map that claims what is in it. */
import { mapHeading } from './heading.ts';
import type { SessionOptions } from './rescue-options.ts';
import { saveIntervalMs } from './save-policy.ts';
import { settled } from './settled.ts';
import type { Rescue } from './strategy/rescue.ts';

/** While nothing can be read, a save holds nothing up. */
const IDLE_MS = 5000;

export class Saver {
  readonly #options: SessionOptions;
  readonly #rescue: Rescue;
  readonly #startTime: Date;
  #savedMs: number;
  #saves = 0;

  constructor(options: SessionOptions, rescue: Rescue) {
    this.#options = options;
    this.#rescue = rescue;
    this.#startTime = options.clock.wallTime();
    this.#savedMs = options.clock.now();
  }

  isDue(nowMs: number): boolean {
    const interval = this.#options.saveIntervalMs ?? saveIntervalMs;
    return nowMs - this.#savedMs >= interval(this.#saves, this.#rescue.map.count);
  }

  /** A read has not come back. */
  isDueWhileIdle(nowMs: number): boolean {
    return nowMs - this.#savedMs >= IDLE_MS || this.isDue(nowMs);
  }

  /** Returns false without a store. */
  *save(
    message: string | undefined,
  ): Generator<PromiseLike<unknown> | undefined, boolean, unknown> {
    const { store, target, clock, commandLine, comments } = this.#options;
    if (store === undefined) return false;
    yield* settled(target.sync());
    const { position, state, pass, map } = this.#rescue;
    const heading = mapHeading({
      commandLine,
      comments,
      startTime: this.#startTime,
      now: clock.wallTime(),
      message,
    });
    yield* settled(store.save({ heading, position, state, pass, map }));
    this.#savedMs = clock.now();
    this.#saves++;
    return true;
  }
}
