/**
 * The loop of a rescue, once: request → read → write → reply, with saves and events between. It decides
 * nothing about the disk. It is a generator so that one text serves both drivers: it yields a promise when
 * a port answered with one, and `undefined` between reads, where a driver may let other work run.
 */
import type { Domain, RescueMap } from '@chunkrescue/mapfile';
import { domainTotals, type Progress, type RescueEnd, type RescueEvent } from './events.ts';
import { refuseFatal } from './fatal-errors.ts';
import { mapHeading, phaseMessage } from './heading.ts';
import { type PlanInput, planRescue } from './plan.ts';
import type { Clock, MapStore, MaybePromise, ReadOutcome, Source, Target } from './ports.ts';
import { LimitWatch, type TimeLimitEnd, type TimeLimits } from './limits.ts';
import { type Moved, Rates } from './rates.ts';
import { saveIntervalMs } from './save-policy.ts';
import { completeManner } from './strategy/manner.ts';
import type { Pace, Reply, Request } from './strategy/request.ts';
import type { Rescue } from './strategy/rescue.ts';
import { resolveSettings, type SettingsInput } from './strategy/settings.ts';
import { rescueSteps } from './strategy/steps.ts';

/** What to rescue, from where to where, and how. */
export interface RescueOptions extends Pick<PlanInput, 'isWithinMap' | 'retrims' | 'triesAgain'> {
  readonly source: Source;
  readonly target: Target;
  /** Where the map of an earlier run is found and this run's is saved. Without one nothing can be resumed. */
  readonly store?: MapStore;
  /** The part of the source to work on. Default: all of it. */
  readonly domain?: Domain;
  /** What differs from the defaults. */
  readonly settings?: SettingsInput;
  /** A plan made before of the same source and map (`planRescue`); the store is not asked for one then. */
  readonly prepared?: Rescue;
  /** When to give up, besides what the settings say. */
  readonly limits?: TimeLimits;
  readonly pauses?: Pauses;
  /** Called after each failed read is marked; what it throws ends the run. */
  readonly afterError?: () => MaybePromise<void>;
  /** Closes and opens the source after each failed or slow read (`-O`). Default false. */
  readonly reopensOnError?: boolean;
  /** Names of errors (`ENXIO`) that count as the disk's although they usually end a run. */
  readonly toleratedErrnos?: ReadonlySet<string>;
  /** Milliseconds between two saves, given how many were made and the map's blocks. Default: by the map's size. */
  readonly saveIntervalMs?: (savesDone: number, blockCount: number) => number;
  /** Bytes that the target must be long when the run has finished. Default: as far as was written. */
  readonly targetSize?: number;
  /** Stops between two reads; the map is saved and the result says `aborted`. Nothing is thrown. */
  readonly signal?: Pick<AbortSignal, 'aborted'>;
  readonly onEvent?: (event: RescueEvent) => void;
  /** Milliseconds between two `progress` events; 0 tells of every read. Default 100. */
  readonly progressMs?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** For the heading of the mapfile. */
  readonly commandLine?: string;
  /** More comment lines for the heading of the mapfile. */
  readonly comments?: readonly string[];
}

/** Rest for a drive that needs it. Milliseconds. */
export interface Pauses {
  /** After each read that failed or was slow. */
  readonly errorMs?: number;
  /** The pause after an error only counts in the run's time. Default false. */
  readonly isSimulated?: boolean;
  /** Before the first read of each pass but the first. */
  readonly passMs?: number;
}

/** How a run ended and what it knows. */
export interface RescueResult {
  readonly end: RescueEnd;
  /** The domain at the end. */
  readonly progress: Progress;
  /** The whole map, neighbours of one status merged. */
  readonly map: RescueMap;
}

/** Yields promises to wait for, and `undefined` where a driver may pause. */
export type Session = Generator<PromiseLike<unknown> | undefined, RescueResult, unknown>;

const PROGRESS_MS = 100;
/** A pause is cut into pieces, so that stopping need not wait for its end. */
const PAUSE_PIECE_MS = 100;

/** The options as a driver hands them on. */
type SessionOptions = RescueOptions & { readonly clock: Clock };

/** Runs a rescue, in the hands of a driver. */
export function* session(options: SessionOptions): Session {
  const rescue = options.prepared ?? (yield* prepare(options));
  const run = new Run(options, rescue);
  run.emit('started');
  let end: RescueEnd;
  try {
    end = yield* loop(options, rescue, run);
    if (end === 'finished' && options.targetSize !== undefined) {
      yield* settled(options.target.extend(options.targetSize));
    }
  } catch (error) {
    // What was read before stays true: keep it. The first error is the one to tell.
    yield* saveQuietly(run);
    throw error;
  }
  run.close(end);
  const progress = run.progress();
  rescue.map.release();
  yield* run.save();
  run.tell({ type: 'ended', end, progress });
  return { end, progress, map: rescue.map };
}

function* prepare(
  options: SessionOptions,
): Generator<PromiseLike<unknown> | undefined, Rescue, unknown> {
  const { source, store } = options;
  const manner = options.settings?.manner ?? completeManner;
  const settings = resolveSettings(options.settings ?? {}, source, manner);
  const mapfile = store === undefined ? undefined : yield* settled(store.load());
  return planRescue({ ...options, sourceSize: source.size, mapfile }, settings);
}

function* loop(
  options: SessionOptions,
  rescue: Rescue,
  run: Run,
): Generator<PromiseLike<unknown> | undefined, RescueEnd, unknown> {
  const { source, target, signal } = options;
  // No read is longer than the map, and a cluster may be a gigabyte.
  const size = Math.min(rescue.settings.clusterSize, rescue.map.end - rescue.map.start);
  const buffer = allocate(source, Math.max(1, size));
  const steps = rescueSteps(rescue);
  // Found after an error, told when the run would go on: the status line tells of that place then.
  let trouble: unknown;
  let step = steps.next();
  if (!step.done) yield* run.save();
  while (!step.done) {
    const request = step.value;
    if (signal?.aborted) return 'aborted';
    if (run.enters(request)) {
      yield* run.pauseBetweenPasses();
      run.enter(request);
    }
    if (trouble !== undefined) throw trouble;
    const limit = run.tick(request);
    if (limit !== undefined) return limit;
    if (run.isSaveDue()) yield* run.save();
    if (signal?.aborted) return 'aborted';
    const into = buffer.subarray(0, request.size);
    const startMs = run.now();
    const answer = source.read(request.pos, into);
    const outcome = isPromise(answer) ? ((yield answer) as ReadOutcome) : answer;
    const endMs = run.now();
    const { copied, errno } = outcome;
    if (errno !== undefined && copied === 0) {
      refuseFatal(source, request, { errno, tolerated: options.toleratedErrnos });
    }
    if (copied > 0) {
      const written = target.write(request.pos, buffer.subarray(0, copied));
      if (isPromise(written)) yield written;
    }
    const failed = errno === undefined ? 0 : request.size - copied;
    const reply: Reply = { copied, failed, elapsedMs: endMs - startMs, pace: run.pace };
    run.note(reply, endMs);
    step = steps.next(reply);
    run.after(endMs);
    if (failed > 0) trouble = yield* troubleAfter(options);
    if (failed > 0 || reply.pace?.isSlow) yield* run.recover();
    yield undefined;
  }
  if (trouble !== undefined) throw trouble;
  // A limit that was met before the first read of a pass: the status line tells of that pass already.
  if (rescue.request !== undefined && run.enters(rescue.request)) run.enter(rescue.request);
  return step.value;
}

/** What {@link RescueOptions.afterError} throws, if it does. */
function* troubleAfter(
  options: SessionOptions,
): Generator<PromiseLike<unknown> | undefined, unknown, unknown> {
  try {
    yield* settled(options.afterError?.());
    return undefined;
  } catch (error) {
    return error;
  }
}

function allocate(source: Source, size: number): Uint8Array {
  return source.allocate?.(size) ?? new Uint8Array(size);
}

function* saveQuietly(run: Run): Generator<PromiseLike<unknown> | undefined, void, unknown> {
  try {
    yield* run.save();
  } catch {
    // The map on disk is the last good one; the error that brought us here is thrown by the caller.
  }
}

/** The part of a run that is not about the disk: time, events, saves. */
class Run {
  message: string | undefined;
  readonly #options: SessionOptions;
  readonly #rescue: Rescue;
  readonly #rates: Rates;
  readonly #watch: LimitWatch;
  readonly #startTime: Date;
  /** Of the last second, when it has just passed and a minimum rate is asked for. */
  pace: Pace | undefined;
  /** Time that was only said to pass. */
  #skewMs = 0;
  #failedBytes = 0;
  /** Position of the last read; the status line may tell of the next one already. */
  #position: number | undefined;
  #entered: Request | undefined;
  #firstPass = 1;
  #toldMs: number;
  #savedMs: number;
  #saves = 0;

  constructor(options: SessionOptions, rescue: Rescue) {
    this.#options = options;
    this.#rescue = rescue;
    const now = options.clock.now();
    this.#watch = new LimitWatch(options.limits ?? {});
    this.#rates = new Rates(now, rescue.map.sizeInDomain('+'));
    this.#startTime = options.clock.wallTime();
    this.#toldMs = now;
    this.#savedMs = now;
  }

  /** The run's time in milliseconds; pauses that were only simulated count. */
  now(): number {
    return this.#options.clock.now() + this.#skewMs;
  }

  /** Whether the request begins a pass. */
  enters({ phase, pass }: Request): boolean {
    return this.#entered?.phase !== phase || this.#entered.pass !== pass;
  }

  /** Takes note of a pass that begins with this request, and tells of it. */
  enter(request: Request): void {
    const { phase, pass } = request;
    this.#endPass();
    this.#position = undefined;
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

  #endPass(): void {
    if (this.#entered !== undefined) this.emit('pass-ended');
  }

  /** Once a second: rates, limits, and whether the drive is slow. */
  tick(request: Request): TimeLimitEnd | undefined {
    this.pace = undefined;
    const now = this.now();
    if (!this.#rates.tick(now, this.#moved())) return undefined;
    this.#position = undefined;
    this.pace = this.#watch.pace(this.#rates, request, now);
    this.emit('second');
    return this.#watch.check(this.#rates, now);
  }

  /** Takes note of a read before the strategy goes on. */
  note(reply: Reply, nowMs: number): void {
    if (reply.copied > 0) this.#rates.succeeded(nowMs);
    this.#failedBytes += reply.failed;
    this.#position = this.#rescue.position;
  }

  after(nowMs: number): void {
    if (nowMs - this.#toldMs < (this.#options.progressMs ?? PROGRESS_MS)) return;
    this.#toldMs = nowMs;
    this.emit('progress');
  }

  /** Rest after a failed or slow read, and another try to get a good connection. */
  *recover(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const { pauses, reopensOnError, source } = this.#options;
    if (pauses?.isSimulated) this.#skewMs += pauses.errorMs ?? 0;
    else yield* this.#rest(pauses?.errorMs ?? 0);
    if (reopensOnError && source.reopen !== undefined) yield* settled(source.reopen());
  }

  *pauseBetweenPasses(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    if (this.#entered !== undefined) yield* this.#rest(this.#options.pauses?.passMs ?? 0);
  }

  *#rest(ms: number): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const { clock, signal } = this.#options;
    for (let left = ms; left > 0 && !signal?.aborted; left -= PAUSE_PIECE_MS) {
      const slept = clock.sleep(Math.min(left, PAUSE_PIECE_MS));
      if (isPromise(slept)) yield slept;
    }
  }

  /** The last word on rates and pass. */
  close(end: RescueEnd): void {
    this.#position ??= this.#rescue.position;
    this.#endPass();
    this.#rates.finish(this.now(), this.#moved());
    this.#position = undefined;
    if (end === 'finished') this.message = 'Finished';
  }

  #moved(): Moved {
    return { rescued: this.#rescue.map.sizeInDomain('+'), failed: this.#failedBytes };
  }

  isSaveDue(): boolean {
    const interval = (this.#options.saveIntervalMs ?? saveIntervalMs)(
      this.#saves,
      this.#rescue.map.count,
    );
    return this.#options.clock.now() - this.#savedMs >= interval;
  }

  /** Makes the target durable, then saves the map that claims what is in it. */
  *save(): Generator<PromiseLike<unknown> | undefined, void, unknown> {
    const { store, target, clock } = this.#options;
    if (store === undefined) return;
    yield* settled(target.sync());
    const { position, state, pass, map } = this.#rescue;
    const heading = mapHeading({
      commandLine: this.#options.commandLine,
      comments: this.#options.comments,
      startTime: this.#startTime,
      now: clock.wallTime(),
      message: this.message,
    });
    yield* settled(store.save({ heading, position, state, pass, map }));
    this.#savedMs = clock.now();
    this.#saves++;
    this.emit('saved');
  }

  emit(type: 'started' | 'pass-ended' | 'progress' | 'second' | 'saved'): void {
    this.tell({ type, progress: this.progress() });
  }

  tell(event: RescueEvent): void {
    this.#options.onEvent?.(event);
  }

  progress(): Progress {
    const { map, readErrors } = this.#rescue;
    const rates = this.#rates;
    const now = this.now();
    const totals = domainTotals(map);
    return {
      ...totals,
      readErrors,
      position: this.#position ?? this.#rescue.position,
      runTimeMs: rates.runTimeMs(now),
      sinceSuccessMs: rates.sinceSuccessMs(now),
      hasSucceeded: rates.hasSucceeded,
      currentRateBytesPerS: rates.currentBytesPerS,
      averageRateBytesPerS: rates.averageBytesPerS,
      errorRateBytesPerS: rates.errorBytesPerS,
      slowReads: this.#watch.slowReads,
      remainingS: rates.remainingS(totals.domainSize - totals.rescued),
    };
  }
}

function* settled<T>(value: MaybePromise<T>): Generator<PromiseLike<unknown>, T, unknown> {
  return isPromise(value) ? ((yield value) as T) : value;
}

function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
