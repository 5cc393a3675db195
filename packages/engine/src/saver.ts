/** When the map is saved, and how: the target first, then the map that claims what is in it. */
import type { Aliveness } from './aliveness.ts';
import { RescueError } from './errors.ts';
import { mapHeading } from './heading.ts';
import type { SessionOptions } from './rescue-options.ts';
import { saveIntervalMs } from './save-policy.ts';
import { settled } from './settled.ts';
import type { Rescue } from './strategy/rescue.ts';
import { untried } from './untried.ts';

/** While nothing can be read, a save holds nothing up. */
const IDLE_MS = 5000;

export class Saver {
  readonly #options: SessionOptions;
  readonly #rescue: Rescue;
  readonly #aliveness: Pick<Aliveness, 'doubtful'>;
  readonly #startTime: Date;
  #savedMs: number;
  #saves = 0;
  /**
   * A sync that failed: another one may succeed, and what the first one lost would be lost all the same. A write of
   * before that a sync only tells of is another matter: what it was is asked for, and not claimed any more.
   */
  #trouble: { readonly error: unknown } | undefined;

  constructor(options: SessionOptions, rescue: Rescue, aliveness: Pick<Aliveness, 'doubtful'>) {
    this.#options = options;
    this.#rescue = rescue;
    this.#aliveness = aliveness;
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

  /**
   * What failed since the source was last heard of is saved as non-tried: a kill or a power cut may be all that
   * follows. Returns false without a store.
   * @throws what the target or the store throws; after a failed sync the same again
   */
  *save(
    message: string | undefined,
  ): Generator<PromiseLike<unknown> | undefined, boolean, unknown> {
    const { store, clock, commandLine, comments } = this.#options;
    if (store === undefined) return false;
    yield* this.#sync();
    const { state, pass } = this.#rescue;
    const { map, position } = untried(this.#rescue, this.#aliveness.doubtful);
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

  *#sync(): Generator<PromiseLike<unknown>, void, unknown> {
    const { target } = this.#options;
    if (this.#trouble !== undefined) throw this.#trouble.error;
    try {
      yield* settled(target.sync());
    } catch (error) {
      const isWrite = error instanceof RescueError && error.code === 'target-write';
      if (!isWrite || target.unwritten === undefined) this.#trouble = { error };
      throw error;
    }
  }
}
