/**
 * The loop of a rescue, once: request → read → write → reply, with saves and events between. It decides
 * nothing about the disk. It is a generator so that one text serves both drivers: it yields a promise when
 * a port answered with one, and `undefined` between reads, where a driver may let other work run.
 */
import { alignDown, Domain, type Range } from '@chunkrescue/mapfile';
import { Aliveness } from './aliveness.ts';
import { RescueError } from './errors.ts';
import type { RescueEnd } from './events.ts';
import { refuseFatal } from './fatal-errors.ts';
import { Losses } from './losses.ts';
import { awaited, type PendingRead } from './pending-read.ts';
import { planRescue } from './plan.ts';
import type { Source } from './ports.ts';
import type { ReadMemory, RescueResult, SessionOptions } from './rescue-options.ts';
import { ReadGivenUp, Run } from './run.ts';
import { isPromise, settled } from './settled.ts';
import { completeManner } from './strategy/manner.ts';
import type { Reply, Request, Steps } from './strategy/request.ts';
import type { Rescue } from './strategy/rescue.ts';
import { resolveSettings } from './strategy/settings.ts';
import { rescueSteps, type StepsEnd } from './strategy/steps.ts';
import { makeUntried } from './untried.ts';

/** How long a source may take to show that it still answers, when the run must end. */
const LAST_LOOK_MS = 2000;

/** What a session waits for. */
type Wait = PromiseLike<unknown> | PendingRead | undefined;

/** Yields promises to wait for, and `undefined` where a driver may pause. */
export type Session = Generator<Wait, RescueResult, unknown>;

/** Runs a rescue, in the hands of a driver. */
export function* session(options: SessionOptions): Session {
  const rescue = options.prepared ?? (yield* prepare(options));
  const aliveness = new Aliveness(options.source, rescue, options.looksForLife ?? false);
  const run = new Run(options, rescue, aliveness);
  run.emit('started');
  let end: RescueEnd;
  // Whoever is told in the middle of a read waits for no promise.
  options.source.watch?.((waitedMs) => {
    if (run.whileReading(waitedMs)) for (const promise of run.saveMeanwhile()) if (promise) return;
  });
  try {
    end = yield* untilItEnds(options, { rescue, run, aliveness });
    if (end === 'aborted') yield* lookBack(run, rescue, aliveness);
    if (end === 'finished' && options.targetSize !== undefined) {
      yield* settled(options.target.extend(options.targetSize));
    }
    yield* settled(options.target.settle?.());
  } catch (error) {
    // What was read before stays true: keep it. The first error is the one to tell.
    makeUntried(rescue, sectorsOf(options.target.unwritten?.() ?? [], rescue));
    if (isLost(error)) makeUntried(rescue, aliveness.takeFailures());
    else yield* lookBack(run, rescue, aliveness);
    run.fail();
    rescue.map.release();
    yield* saveQuietly(run);
    throw error;
  } finally {
    options.source.watch?.(undefined);
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

/** A run ends early: what failed since the source was last heard of is called bad only if it still answers. */
function* lookBack(run: Run, rescue: Rescue, aliveness: Aliveness): Generator<Wait, void, unknown> {
  if (aliveness.doubtful.length === 0) return;
  run.lastReadMs = run.now() + LAST_LOOK_MS;
  try {
    yield* aliveness.check(run, { isEnd: true });
  } catch {
    // Lost, given up, or in the way of the one error that is to be told: it did not answer.
    makeUntried(rescue, aliveness.takeFailures());
  }
}

/** Sectors of the domain in which these ranges lie: a sector is claimed as a whole. */
function sectorsOf(ranges: readonly Range[], { domain, settings }: Rescue): Range[] {
  const whole = ranges.map(({ pos, size }) => {
    const from = alignDown(pos, settings.sectorSize);
    return { pos: from, size: pos + size - from };
  });
  return [...Domain.of(whole).intersect(domain).ranges()];
}

interface Parts {
  readonly rescue: Rescue;
  readonly run: Run;
  readonly aliveness: Aliveness;
}

/** The strategy, and what it asks for at the moment. */
class Course {
  readonly #steps: Steps<StepsEnd>;
  step: IteratorResult<Request, StepsEnd>;

  constructor(rescue: Rescue) {
    this.#steps = rescueSteps(rescue);
    this.step = this.#steps.next();
  }

  reply(reply: Reply): void {
    this.step = this.#steps.next(reply);
  }
}

/** The loop, again and again as long as a source that was lost comes back. */
function* untilItEnds(options: SessionOptions, parts: Parts): Generator<Wait, RescueEnd, unknown> {
  const { comesBack } = options;
  const { rescue, run, aliveness } = parts;
  const losses = new Losses(rescue);
  let course = new Course(rescue);
  if (!course.step.done) yield* run.save();
  for (;;) {
    try {
      const end = yield* loop(options, { ...parts, course });
      if (end !== 'finished' || !losses.leavesUntried()) return end;
      course = new Course(rescue);
    } catch (error) {
      if (error instanceof ReadGivenUp) {
        if (options.looksForLife) makeUntried(rescue, aliveness.takeFailures());
        return 'aborted';
      }
      if (comesBack === undefined || !isLost(error)) throw error;
      run.forgive();
      const failures = aliveness.takeFailures();
      makeUntried(rescue, failures);
      const { step } = course;
      if (step.done) losses.noteAtEnd(failures);
      else if (losses.note(step.value, failures)) {
        course.reply({ copied: 0, failed: step.value.size, elapsedMs: 0 });
      }
      yield* run.save();
      run.tell({ type: 'lost', message: error.message, progress: run.progress() });
      if (!(yield* isBack(error, options, parts))) return 'aborted';
      run.emit('back');
    }
  }
}

/** Waits until a lost source answers; false when the run must stop. */
function* isBack(
  error: RescueError,
  { comesBack, signal }: SessionOptions,
  { run, aliveness }: Parts,
): Generator<Wait, boolean, unknown> {
  while (!signal?.aborted) {
    try {
      if (!(yield* settled(comesBack?.(error)))) return false;
      if (yield* aliveness.answers(run)) return true;
    } catch (trouble) {
      if (trouble instanceof ReadGivenUp) return false;
      // It went away again while it was asked.
      if (!isLost(trouble)) throw trouble;
    }
  }
  return false;
}

function isLost(error: unknown): error is RescueError {
  return error instanceof RescueError && error.code === 'source-lost';
}

function* loop(
  options: SessionOptions,
  { rescue, run, aliveness, course }: Parts & { readonly course: Course },
): Generator<Wait, RescueEnd, unknown> {
  const { source, target, signal } = options;
  const { sectorSize } = rescue.settings;
  const memory = options.memory ?? oneBuffer(source, rescue.readMax);
  let nowMs = run.now();
  while (!course.step.done) {
    const request = course.step.value;
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
    const outcome = yield* awaited(source.read(request.pos, into), run);
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
    aliveness.note(request, outcome, endMs);
    const failed = errno === undefined ? 0 : request.size - copied;
    const pace = run.note({ copied, failed }, endMs);
    course.reply({ copied, failed, elapsedMs: endMs - startMs, pace });
    run.after(endMs);
    if (failed > 0) {
      yield* aliveness.check(run);
      yield* run.check();
    }
    if (failed > 0 || pace?.isSlow) {
      yield* run.recover();
      nowMs = run.now();
    }
    if (!options.isBlocking) yield undefined;
  }
  if (!signal?.aborted) yield* aliveness.check(run, { isEnd: true });
  // Who stops the run looks back in less time.
  else if (aliveness.doubtful.length > 0) return 'aborted';
  return yield* run.conclude(course.step);
}

function oneBuffer(source: Source, size: number): ReadMemory {
  const buffer = source.allocate?.(size) ?? new Uint8Array(size);
  return { take: (length) => buffer.subarray(0, length) };
}

function* saveQuietly(run: Run): Generator<PromiseLike<unknown> | undefined, void, unknown> {
  try {
    yield* run.save();
  } catch {
    // The map on disk is the last good one; the error that brought us here is thrown by the caller.
  }
}
