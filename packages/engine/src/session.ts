/**
 * The loop of a rescue, once: request → read → write → reply, with saves and events between. It decides
 * nothing about the disk. It is a generator so that one text serves both drivers: it yields a promise when
 * a port answered with one, and `undefined` between reads, where a driver may let other work run.
 */
import { alignDown, type Domain, type Range, type RescueMap } from '@chunkrescue/mapfile';
import { Aliveness } from './aliveness.ts';
import { RescueError } from './errors.ts';
import type { Progress, RescueEnd, RescueEvent } from './events.ts';
import { refuseFatal } from './fatal-errors.ts';
import type { PassedLimit, TimeLimits } from './limits.ts';
import { type PlanInput, planRescue } from './plan.ts';
import type { Clock, MapStore, MaybePromise, ReadOutcome, Source, Target } from './ports.ts';
import { ReadGivenUp, Run } from './run.ts';
import { isPromise, settled } from './settled.ts';
import { completeManner } from './strategy/manner.ts';
import type { Rescue } from './strategy/rescue.ts';
import { resolveSettings, type SettingsInput } from './strategy/settings.ts';
import { rescueSteps } from './strategy/steps.ts';
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
  /** Where reads go. Default: one buffer of the source's, used again for each. */
  readonly memory?: ReadMemory;
  /** Told of each read that counts, before its bytes are written. */
  readonly onRead?: (read: ReadRecord) => void;
  /** Called after each failed read is marked; what it throws ends the run. */
  readonly afterError?: () => MaybePromise<void>;
  /**
   * After many failed reads in a row looks whether the source still answers anywhere, by a few reads that the
   * strategy did not ask for. When it does not, the run ends with `source-lost`, and what failed since the source was
   * last heard of is non-tried again. Default false.
   */
  readonly looksForLife?: boolean;
  /**
   * Called when the source is lost, with the map saved, and again as long as it does not answer. Returns true when
   * the source is back and was opened anew: then the run goes on; false when the run was told to stop meanwhile.
   * Default: the run ends with the error.
   */
  readonly comesBack?: (error: RescueError) => MaybePromise<boolean>;
  /** Closes and opens the source after each failed or slow read (`-O`). Default false. */
  readonly reopensOnError?: boolean;
  /** Names of errors (`ENXIO`) that count as the disk's although they usually end a run. */
  readonly toleratedErrnos?: ReadonlySet<string>;
  /** Milliseconds between two saves, given how many were made and the map's blocks. Default: by the map's size. */
  readonly saveIntervalMs?: (savesDone: number, blockCount: number) => number;
  /** Bytes that the target must be long when the run has finished. Default: as far as was written. */
  readonly targetSize?: number;
  /**
   * Stops between two reads; the map is saved and the result says `aborted`. Nothing is thrown. A read that does not
   * come back is given up; its memory may still be written to.
   */
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

/** Memory for reads, where somebody writes the bytes or looks at them while the next read runs. */
export interface ReadMemory {
  /** Memory for the next read: `size` bytes, not in use any more. */
  take(size: number): Uint8Array;
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
  /** Every limit that was passed; {@link end} is one of them, or no limit was. */
  readonly limits: readonly PassedLimit[];
  /** The domain at the end. */
  readonly progress: Progress;
  /** The whole map, neighbours of one status merged. */
  readonly map: RescueMap;
}

/** What a driver answers for a {@link PendingRead} that has not come back. */
export const NOT_YET: unique symbol = Symbol('not yet');

/** A read that may take long: a driver looks in from time to time, so that the session can do so. */
export class PendingRead {
  readonly answer: PromiseLike<ReadOutcome>;

  constructor(answer: PromiseLike<ReadOutcome>) {
    this.answer = answer;
  }
}

/** What a session waits for. */
type Wait = PromiseLike<unknown> | PendingRead | undefined;

/** Yields promises to wait for, and `undefined` where a driver may pause. */
export type Session = Generator<Wait, RescueResult, unknown>;

/** The options as a driver hands them on. */
export interface SessionOptions extends RescueOptions {
  readonly clock: Clock;
  /** There is nobody to pause for: nothing is yielded but promises. */
  readonly isBlocking?: boolean;
}

/** Runs a rescue, in the hands of a driver. */
export function* session(options: SessionOptions): Session {
  const rescue = options.prepared ?? (yield* prepare(options));
  const run = new Run(options, rescue);
  run.emit('started');
  let end: RescueEnd;
  // Whoever is told in the middle of a read waits for no promise.
  options.source.watch?.((waitedMs) => {
    if (run.whileReading(waitedMs)) for (const promise of run.saveMeanwhile()) if (promise) return;
  });
  const aliveness = new Aliveness(options.source, rescue, options.looksForLife ?? false);
  try {
    end = yield* untilItEnds(options, { rescue, run, aliveness });
    if (end === 'finished' && options.targetSize !== undefined) {
      yield* settled(options.target.extend(options.targetSize));
    }
    yield* settled(options.target.settle?.());
  } catch (error) {
    // What was read before stays true: keep it. The first error is the one to tell.
    makeUntried(rescue, options.target.unwritten?.() ?? []);
    if (isLost(error)) makeUntried(rescue, aliveness.takeFailures());
    run.fail();
    rescue.map.release();
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

interface Parts {
  readonly rescue: Rescue;
  readonly run: Run;
  readonly aliveness: Aliveness;
}

/** The loop, again and again as long as a source that was lost comes back. */
function* untilItEnds(options: SessionOptions, parts: Parts): Generator<Wait, RescueEnd, unknown> {
  const { comesBack } = options;
  const { rescue, run, aliveness } = parts;
  for (;;) {
    try {
      return yield* loop(options, parts);
    } catch (error) {
      if (comesBack === undefined || !isLost(error)) throw error;
      makeUntried(rescue, aliveness.takeFailures());
      yield* run.save();
      run.tell({ type: 'lost', message: error.message, progress: run.progress() });
      do {
        if (!(yield* settled(comesBack(error)))) return 'aborted';
      } while (!(yield* aliveness.answers()));
      run.emit('back');
    }
  }
}

function isLost(error: unknown): error is RescueError {
  return error instanceof RescueError && error.code === 'source-lost';
}

function* loop(
  options: SessionOptions,
  { rescue, run, aliveness }: Parts,
): Generator<Wait, RescueEnd, unknown> {
  const { source, target, signal } = options;
  const { sectorSize } = rescue.settings;
  const memory = options.memory ?? oneBuffer(source, rescue.readMax);
  const steps = rescueSteps(rescue);
  let step = steps.next();
  if (!step.done) yield* run.save();
  let nowMs = run.now();
  while (!step.done) {
    const request = step.value;
    // What was found after the last read ends the phase it was found in.
    const isNewPhase = run.isNewPhase(request);
    if (run.isDoomed && isNewPhase) break;
    if (run.enters(request)) yield* run.enter(request);
    if (run.isDoomed) break;
    if (signal?.aborted) return 'aborted';
    if (isNewPhase) yield* settled(source.enter?.({ phase: request.phase, sectorSize }));
    run.tellSecond();
    if (run.isSaveDue(nowMs)) yield* run.save();
    if (signal?.aborted) return 'aborted';
    const into = memory.take(request.size);
    const startMs = run.now();
    const outcome = yield* read({ source, run, pos: request.pos }, into);
    if (outcome === undefined) return 'aborted';
    const endMs = run.now();
    nowMs = endMs;
    const { copied, errno } = outcome;
    if (errno !== undefined && copied === 0) {
      refuseFatal(source, request, { errno, tolerated: options.toleratedErrnos });
    }
    options.onRead?.({ pos: request.pos, size: request.size, bytes: into, ...outcome });
    if (copied > 0) {
      const written = target.write(request.pos, into.subarray(0, copied));
      if (isPromise(written)) yield written;
    }
    aliveness.note(request, outcome);
    const failed = errno === undefined ? 0 : request.size - copied;
    const pace = run.note({ copied, failed }, endMs);
    step = steps.next({ copied, failed, elapsedMs: endMs - startMs, pace });
    run.after(endMs);
    if (failed > 0) {
      yield* aliveness.check();
      yield* run.check();
    }
    if (failed > 0 || pace?.isSlow) {
      yield* run.recover();
      nowMs = run.now();
    }
    if (!options.isBlocking) yield undefined;
  }
  yield* aliveness.check({ isEnd: true });
  return yield* run.conclude(step);
}

/** Undefined when it was given up, because the run must stop. */
function* read(
  { source, run, pos }: { readonly source: Source; readonly run: Run; readonly pos: number },
  into: Uint8Array,
): Generator<Wait, ReadOutcome | undefined, unknown> {
  try {
    const answer = source.read(pos, into);
    if (!isPromise(answer)) return answer;
    const startMs = run.now();
    for (;;) {
      const outcome = yield new PendingRead(answer);
      if (outcome !== NOT_YET) return outcome as ReadOutcome;
      if (run.whileReading(run.now() - startMs)) yield* run.saveMeanwhile();
    }
  } catch (error) {
    if (error instanceof ReadGivenUp) return undefined;
    throw error;
  }
}

function oneBuffer(source: Source, size: number): ReadMemory {
  const buffer = source.allocate?.(size) ?? new Uint8Array(size);
  return { take: (length) => buffer.subarray(0, length) };
}

/** Takes back what the map says: what could not be written after all, or failed for another reason than the disk's. */
function makeUntried(rescue: Rescue, ranges: readonly Range[]): void {
  const { map, settings, request } = rescue;
  for (const { pos, size } of ranges) {
    const from = Math.max(map.start, alignDown(pos, settings.sectorSize));
    map.set(from, pos + size, '?');
    // The next run begins with what is missing.
    if (request?.direction === 'forwards') rescue.position = Math.min(rescue.position, from);
    else rescue.position = Math.max(rescue.position, pos + size);
  }
}

function* saveQuietly(run: Run): Generator<PromiseLike<unknown> | undefined, void, unknown> {
  try {
    yield* run.save();
  } catch {
    // The map on disk is the last good one; the error that brought us here is thrown by the caller.
  }
}
