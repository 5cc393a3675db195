/** The part of a run that is not about the disk: time, limits, pauses, events, saves. */

import type { Aliveness } from './aliveness.ts';
import { RescueError } from './errors.ts';
import { domainTotals, type Progress, type RescueEnd, type RescueEvent } from './events.ts';
import { refuseLost } from './fatal-errors.ts';
import { phaseMessage } from './heading.ts';
import { LimitWatch, type PassedLimit, type TimeLimitEnd } from './limits.ts';
import { type Moved, Rates } from './rates.ts';
import type { SessionOptions } from './rescue-options.ts';
import { Saver } from './saver.ts';
import { isPromise, settled } from './settled.ts';
import type { Pace, Request } from './strategy/request.ts';
import type { Rescue } from './strategy/rescue.ts';
import type { StepsEnd } from './strategy/steps.ts';

const PROGRESS_MS = 100;
/** A pause is cut into pieces, so that stopping need not wait for its end. */
const PAUSE_PIECE_MS = 50;
/** A read that takes so long may never come back. */
const LONG_READ_MS = 1000;

/** All limits, in the order in which ddrescue tells of those that were passed. */
const LIMITS: readonly RescueEnd[] = [
  'bad-areas',
  'error-rate',
  'read-errors',
  'timeout',
  'slow-reads',
];

/** Events that have nothing but the progress to tell. */
type PlainEvent = 'started' | 'pass-ended' | 'pausing' | 'progress' | 'saved' | 'back' | 'failed';

/** A read that does not come back is not waited for, because the run must end. */
export class ReadGivenUp extends Error {}

/** Keeps a run's time and tells of it. The session calls it around each read. */
export class Run {
  message: string | undefined;
  /** The run ends: a read may take until then and no longer. */
  lastReadMs: number | undefined;
  /** The limits of time that were passed, in the order in which they are told. */
  passed: TimeLimitEnd[] = [];
  readonly #options: SessionOptions;
  readonly #rescue: Rescue;
  readonly #rates: Rates;
  readonly #watch: LimitWatch;
  readonly #saver: Saver;
  #failedBytes = 0;
  /** What {@link RescueOptions.afterError} threw; told when the phase would go on. */
  #trouble: unknown;
  /** The rates are new since they were last told. */
  #isSecondNew = false;
  /** The last read, while the status line may tell of the next one already. */
  #last: Request | undefined;
  #entered: Request | undefined;
  #firstPass = 1;
  #toldMs: number;
  /** Reads so far, and when the map was saved. */
  #reads = 0;
  #savedReads = 0;
  #waitToldMs = 0;

  constructor(options: SessionOptions, rescue: Rescue, aliveness: Pick<Aliveness, 'doubtful'>) {
    this.#options = options;
    this.#rescue = rescue;
    const now = options.clock.now();
    this.#watch = new LimitWatch(options.limits ?? {});
    this.#rates = new Rates(now, rescue.map.sizeInDomain('+'));
    this.#saver = new Saver(options, rescue, aliveness);
    this.#toldMs = now;
  }

  now(): number {
    return this.#options.clock.now();
  }

  get isLate(): boolean {
    return this.lastReadMs !== undefined && this.now() >= this.lastReadMs;
  }

  /** Whether something was found that lets no read follow. */
  get isDoomed(): boolean {
    return this.#trouble !== undefined || this.passed.length > 0;
  }

  isNewPhase({ phase }: Request): boolean {
    return this.#entered?.phase !== phase;
  }

  /** Whether the request begins a pass. */
  enters(request: Request): boolean {
    return this.isNewPhase(request) || this.#entered?.pass !== request.pass;
  }

  /** Ends the last pass, rests, and tells of the pass that begins with this request. */
  *enter(request: Request): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const { phase, pass } = request;
    const isFirst = this.#entered === undefined;
    const pauseMs = this.#options.pauses?.passMs ?? 0;
    if (!isFirst) this.emit('pass-ended');
    if (!isFirst && pauseMs > 0) {
      this.emit('pausing');
      yield* this.#rest(pauseMs);
      this.#rates.update(this.now(), this.#moved());
    }
    this.#last = undefined;
    this.#isSecondNew = false;
    // Retry passes are told by their number in this run; a resumed run may count them from 2.
    if (this.#entered?.phase !== phase) this.#firstPass = phase === 'retrying' ? pass : 1;
    this.#entered = request;
    const shown = pass - this.#firstPass + 1;
    // Trimming and sweeping read in both directions; what is told is the order of the blocks.
    const isByPass = phase === 'copying' || phase === 'retrying';
    const blockOrder = this.#rescue.settings.isReversed ? 'backwards' : 'forwards';
    const direction = isByPass ? request.direction : blockOrder;
    this.message = phaseMessage(phase, shown, direction);
    this.tell({ type: 'phase', phase, pass: shown, direction, progress: this.progress() });
  }

  /** Before a read: tells of new rates. */
  tellSecond(): void {
    this.#last = undefined;
    if (!this.#isSecondNew) return;
    this.#isSecondNew = false;
    const isLast = this.passed.length > 0;
    this.tell({ type: 'second', isLast, progress: this.progress() });
  }

  /**
   * A read has not come back yet: tells of it. Returns whether to save what was read before, for which there is time
   * now.
   * @throws ReadGivenUp when the run must end
   */
  whileReading(waitedMs: number): boolean {
    const { signal } = this.#options;
    if (this.lastReadMs === undefined ? signal?.aborted : this.isLate) throw new ReadGivenUp();
    if (waitedMs < LONG_READ_MS) {
      this.#waitToldMs = 0;
      return false;
    }
    if (waitedMs - this.#waitToldMs >= LONG_READ_MS) {
      this.#waitToldMs = waitedMs;
      this.tell({ type: 'waiting', waitedMs, progress: this.progress() });
    }
    const isNew = this.#reads > this.#savedReads && this.#trouble === undefined;
    return isNew && this.#saver.isDueWhileIdle(this.now());
  }

  /** Saves in the middle of a read; what goes wrong is told when that has come back. */
  *saveMeanwhile(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    try {
      yield* this.save();
    } catch (error) {
      this.#trouble = error;
    }
  }

  /** Takes note of a read before the strategy goes on; says how fast the last second was, if one has passed. */
  note(read: { copied: number; failed: number }, nowMs: number): Pace | undefined {
    this.#reads++;
    this.#failedBytes += read.failed;
    this.#last = this.#rescue.request;
    if (!this.#rates.isDue(nowMs)) return undefined;
    const moved = this.#moved();
    const isNew = this.#rates.update(nowMs, { ...moved, rescued: moved.rescued + read.copied });
    if (!isNew || this.#last === undefined) return undefined;
    this.#isSecondNew = true;
    const pace = this.#watch.pace(this.#rates, this.#last);
    this.passed = this.#watch.passed(this.#rates);
    return pace;
  }

  /** Lets the caller look whether the source still answers as it should. */
  *check(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    try {
      yield* settled(this.#options.afterError?.());
    } catch (error) {
      if (error instanceof ReadGivenUp) throw error;
      this.#trouble = error;
    }
  }

  /** The trouble is over. */
  forgive(): void {
    this.#trouble = undefined;
  }

  after(nowMs: number): void {
    if (nowMs - this.#toldMs < (this.#options.progressMs ?? PROGRESS_MS)) return;
    this.#toldMs = nowMs;
    this.emit('progress');
  }

  /** Rest after a failed or slow read, and another try to get a good connection. */
  *recover(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const { pauses, reopensOnError, source } = this.#options;
    if (pauses?.isSimulated) this.#rates.pretend(pauses.errorMs ?? 0);
    else yield* this.#rest(pauses?.errorMs ?? 0);
    if (!reopensOnError || source.reopen === undefined) return;
    try {
      yield* settled(source.reopen());
    } catch (error) {
      if (error instanceof RescueError) refuseLost(source.name, { errno: error.errno ?? '' });
      throw error;
    }
  }

  *#rest(ms: number): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const { clock, signal } = this.#options;
    for (let left = ms; left > 0 && !signal?.aborted; left -= PAUSE_PIECE_MS) {
      const slept = clock.sleep(Math.min(left, PAUSE_PIECE_MS));
      if (isPromise(slept)) yield slept;
    }
  }

  /** How the run ends, given where the strategy is. */
  *conclude(
    step: IteratorResult<Request, StepsEnd>,
  ): Generator<PromiseLike<unknown> | undefined, RescueEnd, unknown> {
    const { request } = this.#rescue;
    if (this.isDoomed) {
      // Found in the last phase that read: the status line tells of that one.
      if (this.#last !== undefined && (step.done || this.isNewPhase(step.value))) {
        this.#rescue.begin(this.#last);
      }
      if (this.#trouble !== undefined) throw this.#trouble;
      this.tellSecond();
      return this.passed[0] as TimeLimitEnd;
    }
    // A limit that was met before the first read of a pass: the status line tells of that pass already.
    if (request !== undefined && this.enters(request)) yield* this.enter(request);
    const end = step.done ? step.value : 'aborted';
    if (end === 'finished' && this.#entered !== undefined) this.emit('pass-ended');
    return end;
  }

  /** An error ends the run. */
  fail(): void {
    this.#rates.finish(this.now(), this.#moved());
    this.emit('failed');
  }

  /** The last word on the rates, and so on the end of a short run. */
  close(end: RescueEnd): { readonly end: RescueEnd; readonly limits: readonly PassedLimit[] } {
    const before = this.#limits();
    this.#rates.finish(this.now(), this.#moved());
    this.passed = this.#watch.passed(this.#rates);
    const { request } = this.#rescue;
    const isLate = end === 'finished' && this.passed.length > 0;
    if (isLate && request !== undefined) this.#rescue.begin(request);
    if (end === 'finished' && !isLate) this.message = 'Finished';
    const met = new Map<string, PassedLimit>();
    if (end === 'bad-areas' || end === 'read-errors') met.set(end, { end });
    for (const limit of [...this.#limits(), ...before]) met.set(limit.end, limit);
    const limits = LIMITS.flatMap((name) => met.get(name) ?? []);
    return { end: isLate ? (this.passed[0] as TimeLimitEnd) : end, limits };
  }

  #limits(): PassedLimit[] {
    const bytesPerS = this.#rates.errorBytesPerS;
    return this.passed.map((end) => (end === 'error-rate' ? { end, bytesPerS } : { end }));
  }

  #moved(): Moved {
    return { rescued: this.#rescue.map.sizeInDomain('+'), failed: this.#failedBytes };
  }

  isSaveDue(nowMs: number): boolean {
    return this.#saver.isDue(nowMs);
  }

  /** Makes the target durable, then saves the map that claims what is in it. */
  *save(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const reads = this.#reads;
    if (!(yield* this.#saver.save(this.message))) return;
    this.#savedReads = reads;
    this.emit('saved');
  }

  emit(type: PlainEvent): void {
    this.tell({ type, progress: this.progress() });
  }

  tell(event: RescueEvent): void {
    this.#options.onEvent?.(event);
  }

  progress(): Progress {
    const { map, position, readErrors } = this.#rescue;
    const rates = this.#rates;
    const totals = domainTotals(map);
    const of = this.#last ?? this.#rescue.request;
    const isForwards = of?.direction !== 'backwards';
    return {
      ...totals,
      readErrors,
      position: of === undefined ? position : isForwards ? of.pos : of.pos + of.size,
      readPos: of?.pos ?? position,
      runTimeMs: rates.clockMs(this.now()),
      ratedS: rates.runTimeS,
      sinceSuccessMs: rates.sinceSuccessS * 1000,
      currentRateBytesPerS: rates.currentBytesPerS,
      averageRateBytesPerS: rates.averageBytesPerS,
      errorRateBytesPerS: rates.errorBytesPerS,
      slowReads: this.#watch.slowReads,
      remainingS: rates.remainingS(totals.domainSize - totals.rescued),
    };
  }
}
