/** What filling and generating have in common besides their work: time, events, saves. Blocking. */
import { mapHeading } from './heading.ts';
import type { Clock, MapStore, Target } from './ports.ts';
import { saveIntervalMs } from './save-policy.ts';
import type { Rescue } from './strategy/rescue.ts';

/** What such a run tells. */
export interface ModeEvent<Progress> {
  readonly type: 'started' | 'progress' | 'saved' | 'ended';
  readonly progress: Progress;
}

export interface ModeRunOptions<Progress> {
  readonly rescue: Rescue;
  /** Where the map is saved. */
  readonly store?: MapStore;
  readonly clock: Clock;
  /** Stops between two pieces; the map is saved and the result says `aborted`. */
  readonly signal?: { readonly aborted: boolean };
  readonly onEvent?: (event: ModeEvent<Progress>) => void;
  /** Milliseconds between two `progress` events; 0, the default, tells of every piece. */
  readonly progressMs?: number;
  /** Milliseconds until the next save. Default: as for a rescue. */
  readonly saveIntervalMs?: (savesDone: number, blockCount: number) => number;
  /** For the heading of the mapfile. */
  readonly commandLine?: string;
}

interface Work<Progress> {
  /** Made durable before each save. */
  readonly target?: Target;
  /** For the heading of the mapfile, from the first piece on. */
  readonly message: string;
  readonly progress: (runTimeMs: number) => Progress;
}

/** One run. Making it tells `started`. */
export class ModeRun<Progress> {
  readonly #options: ModeRunOptions<Progress>;
  readonly #work: Work<Progress>;
  readonly #startMs: number;
  readonly #startTime: Date;
  #message: string;
  #toldMs: number;
  #savedMs: number;
  #saves = 0;

  constructor(options: ModeRunOptions<Progress>, work: Work<Progress>) {
    this.#options = options;
    this.#work = work;
    this.#message = work.message;
    this.#startMs = options.clock.now();
    this.#startTime = options.clock.wallTime();
    this.#toldMs = this.#startMs;
    this.#savedMs = this.#startMs;
    this.#tell('started');
  }

  /** Runs the loop; when it throws, the map is saved as well as it can be and the first error told. */
  guarded<Result>(loop: () => Result): Result {
    try {
      return loop();
    } catch (error) {
      try {
        this.#save();
      } catch {
        // The map on disk is the last good one; the error that brought us here is the one to tell.
      }
      throw error;
    }
  }

  after(): void {
    const now = this.#options.clock.now();
    if (now - this.#toldMs < (this.#options.progressMs ?? 0)) return;
    this.#toldMs = now;
    this.#tell('progress');
  }

  saveIfDue(): void {
    const { clock, rescue } = this.#options;
    const interval = (this.#options.saveIntervalMs ?? saveIntervalMs)(
      this.#saves,
      rescue.map.count,
    );
    if (clock.now() - this.#savedMs >= interval) this.#save();
  }

  /** Saves the map, neighbours of one status merged, and tells the end. */
  finish<End extends string>(end: End): { end: End; progress: Progress } {
    const { rescue } = this.#options;
    if (end === 'finished') this.#message = 'Finished';
    const progress = this.#progress();
    rescue.map.release();
    this.#save();
    this.#options.onEvent?.({ type: 'ended', progress });
    return { end, progress };
  }

  #save(): void {
    const { store, clock, rescue, commandLine } = this.#options;
    this.#work.target?.sync();
    if (store === undefined) return;
    const { position, state, pass, map } = rescue;
    const heading = mapHeading({
      commandLine,
      startTime: this.#startTime,
      now: clock.wallTime(),
      message: this.#message,
    });
    store.save({ heading, position, state, pass, map });
    this.#savedMs = clock.now();
    this.#saves++;
    this.#tell('saved');
  }

  #progress(): Progress {
    return this.#work.progress(this.#options.clock.now() - this.#startMs);
  }

  #tell(type: ModeEvent<Progress>['type']): void {
    this.#options.onEvent?.({ type, progress: this.#progress() });
  }
}
