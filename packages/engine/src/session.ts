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
import { Rates } from './rates.ts';
import { saveIntervalMs } from './save-policy.ts';
import { completeManner } from './strategy/manner.ts';
import type { Reply, Request } from './strategy/request.ts';
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

/** The options as a driver hands them on. */
type SessionOptions = RescueOptions & { readonly clock: Clock };

/** Runs a rescue, in the hands of a driver. */
export function* session(options: SessionOptions): Session {
  const { source, store } = options;
  const manner = options.settings?.manner ?? completeManner;
  const settings = resolveSettings(options.settings ?? {}, source, manner);
  const mapfile = store === undefined ? undefined : yield* settled(store.load());
  const rescue = planRescue({ ...options, sourceSize: source.size, mapfile }, settings);
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
  const progress = run.progress();
  run.message = end === 'finished' ? 'Finished' : run.message;
  rescue.map.release();
  yield* run.save();
  run.tell({ type: 'ended', end, progress });
  return { end, progress, map: rescue.map };
}

function* loop(
  options: SessionOptions,
  rescue: Rescue,
  run: Run,
): Generator<PromiseLike<unknown> | undefined, RescueEnd, unknown> {
  const { source, target, clock, signal } = options;
  const buffer = allocate(source, rescue.settings.clusterSize);
  const steps = rescueSteps(rescue);
  let step = steps.next();
  if (!step.done) yield* run.save();
  while (!step.done) {
    const request = step.value;
    if (signal?.aborted) return 'aborted';
    run.enter(request);
    if (run.isSaveDue()) yield* run.save();
    const into = buffer.subarray(0, request.size);
    const startMs = clock.now();
    const answer = source.read(request.pos, into);
    const outcome = isPromise(answer) ? ((yield answer) as ReadOutcome) : answer;
    const endMs = clock.now();
    const { copied, errno } = outcome;
    if (errno !== undefined && copied === 0) refuseFatal(source, request, errno);
    if (copied > 0) {
      const written = target.write(request.pos, buffer.subarray(0, copied));
      if (isPromise(written)) yield written;
    }
    const failed = errno === undefined ? 0 : request.size - copied;
    const reply: Reply = { copied, failed, elapsedMs: endMs - startMs };
    step = steps.next(reply);
    run.after(endMs);
    yield undefined;
  }
  return step.value;
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
  readonly #startTime: Date;
  #entered: Request | undefined;
  #firstPass = 1;
  #toldMs: number;
  #savedMs: number;
  #saves = 0;

  constructor(options: SessionOptions, rescue: Rescue) {
    this.#options = options;
    this.#rescue = rescue;
    const now = options.clock.now();
    this.#rates = new Rates(now, rescue.map.sizeInDomain('+'));
    this.#startTime = options.clock.wallTime();
    this.#toldMs = now;
    this.#savedMs = now;
  }

  /** Takes note of the request about to be read; tells when it begins a pass. */
  enter(request: Request): void {
    const { phase, pass } = request;
    if (this.#entered?.phase === phase && this.#entered.pass === pass) return;
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

  after(nowMs: number): void {
    this.#rates.update(nowMs, this.#rescue.map.sizeInDomain('+'));
    if (nowMs - this.#toldMs < (this.#options.progressMs ?? PROGRESS_MS)) return;
    this.#toldMs = nowMs;
    this.emit('progress');
  }

  isSaveDue(): boolean {
    const interval = saveIntervalMs(this.#saves, this.#rescue.map.count);
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

  emit(type: 'started' | 'progress' | 'saved'): void {
    this.tell({ type, progress: this.progress() });
  }

  tell(event: RescueEvent): void {
    this.#options.onEvent?.(event);
  }

  progress(): Progress {
    const { map, position, readErrors } = this.#rescue;
    const now = this.#options.clock.now();
    return {
      ...domainTotals(map),
      readErrors,
      position,
      runTimeMs: this.#rates.runTimeMs(now),
      sinceSuccessMs: this.#rates.sinceSuccessMs(now),
      currentRateBytesPerS: this.#rates.currentBytesPerS,
      averageRateBytesPerS: this.#rates.averageBytesPerS(now),
    };
  }
}

function* settled<T>(value: MaybePromise<T>): Generator<PromiseLike<unknown>, T, unknown> {
  return isPromise(value) ? ((yield value) as T) : value;
}

function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
