/**
 * The loop of a rescue, once: request → read → write → reply, with saves and events between. It decides
 * nothing about the disk. It is a generator so that one text serves both drivers: it yields a promise when
 * a port answered with one, and `undefined` between reads, where a driver may let other work run.
 */
import type { Domain, RescueMap } from '@chunkrescue/mapfile';
import { domainTotals, type Progress, type RescueEnd, type RescueEvent } from './events.ts';
import { refuseFatal } from './fatal-errors.ts';
import { mapHeading, phaseMessage } from './heading.ts';
import { LimitWatch, type TimeLimitEnd, type TimeLimits } from './limits.ts';
import { type PlanInput, planRescue } from './plan.ts';
import type { Clock, MapStore, MaybePromise, ReadOutcome, Source, Target } from './ports.ts';
import { type Moved, Rates } from './rates.ts';
import { saveIntervalMs } from './save-policy.ts';
import { completeManner } from './strategy/manner.ts';
import type { Pace, Request } from './strategy/request.ts';
import type { Rescue } from './strategy/rescue.ts';
import { resolveSettings, type SettingsInput } from './strategy/settings.ts';
import { rescueSteps, type StepsEnd } from './strategy/steps.ts';
import type { ReadRecord } from './wrap/read-log.ts';

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
  /** Told of each read that counts, before its bytes are written. */
  readonly onRead?: (read: ReadRecord) => void;
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

/** A limit that a run passed. */
export interface PassedLimit {
  readonly end: RescueEnd;
  /** The rate of errors that was too high. */
  readonly bytesPerS?: number;
}

/** All limits, in the order in which ddrescue tells of those that were passed. */
const LIMITS: readonly RescueEnd[] = [
  'bad-areas',
  'error-rate',
  'read-errors',
  'timeout',
  'slow-reads',
];

/** How a run ended and what it knows. */
export interface RescueResult {
  readonly end: RescueEnd;
  /** Every limit that was passed; {@link end} is one of them, or no limit was. */
  readonly limits: readonly PassedLimit[];
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
  const closed = run.close(end);
  const progress = run.progress();
  rescue.map.release();
  yield* run.save();
  run.tell({ type: 'ended', end: closed.end, progress });
  return { ...closed, progress, map: rescue.map };
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
  let step = steps.next();
  if (!step.done) yield* run.save();
  while (!step.done) {
    const request = step.value;
    // What was found after the last read ends the phase it was found in.
    if (run.isDoomed && run.isNewPhase(request)) break;
    if (run.enters(request)) yield* run.enter(request);
    if (run.isDoomed) break;
    if (signal?.aborted) return 'aborted';
    run.tellSecond();
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
    options.onRead?.({ pos: request.pos, size: request.size, bytes: into, ...outcome });
    if (copied > 0) {
      const written = target.write(request.pos, buffer.subarray(0, copied));
      if (isPromise(written)) yield written;
    }
    const failed = errno === undefined ? 0 : request.size - copied;
    const pace = run.note({ copied, failed }, endMs);
    step = steps.next({ copied, failed, elapsedMs: endMs - startMs, pace });
    run.after(endMs);
    if (failed > 0) yield* run.check();
    if (failed > 0 || pace?.isSlow) yield* run.recover();
    yield undefined;
  }
  return yield* run.conclude(step);
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

/** The part of a run that is not about the disk: time, limits, events, saves. */
class Run {
  message: string | undefined;
  /** The limits of time that were passed, in the order in which they are told. */
  passed: TimeLimitEnd[] = [];
  readonly #options: SessionOptions;
  readonly #rescue: Rescue;
  readonly #rates: Rates;
  readonly #watch: LimitWatch;
  readonly #startTime: Date;
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

  now(): number {
    return this.#options.clock.now();
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

  /** Takes note of a read before the strategy goes on; says how fast the last second was, if one has passed. */
  note(read: { copied: number; failed: number }, nowMs: number): Pace | undefined {
    this.#failedBytes += read.failed;
    this.#last = this.#rescue.request;
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
      this.#trouble = error;
    }
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
    if (reopensOnError && source.reopen !== undefined) yield* settled(source.reopen());
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

  emit(type: 'started' | 'pass-ended' | 'pausing' | 'progress' | 'saved'): void {
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

function* settled<T>(value: MaybePromise<T>): Generator<PromiseLike<unknown>, T, unknown> {
  return isPromise(value) ? ((yield value) as T) : value;
}

function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
