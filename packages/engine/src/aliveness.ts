/**
 * A bad area and a source that is gone look alike: read after read fails. So the failures in a row are remembered,
 * as long as nothing shows that the source still answers; and when there are many, it is asked, where it came well
 * before. What failed since a source was last heard of must not be called bad.
 */
import { alignDown, type Range } from '@chunkrescue/mapfile';
import { RescueError } from './errors.ts';
import { awaited, type PendingRead } from './pending-read.ts';
import type { ReadOutcome, Source } from './ports.ts';
import type { Request } from './strategy/request.ts';
import type { Rescue } from './strategy/rescue.ts';

/** Failures in a row after which the source is asked, and how many more until it is asked again. */
const FIRST_ASK = 32;
const NEXT_ASK = 256;
/** Nor is it left unasked longer than this: with slow errors few failures take long. */
const ASK_MS = 60_000;
/** Where nothing is known to be good, and where nothing known answers: so many places all over the source. */
const PLACES = 16;

type Waiting<T> = Generator<PromiseLike<unknown> | PendingRead | undefined, T, unknown>;

/** Whoever waits for a read. */
type Watch = Parameters<typeof awaited>[1] & {
  /** There is no time for one more read. */
  readonly isLate: boolean;
};

export class Aliveness {
  readonly #source: Source;
  readonly #rescue: Rescue;
  readonly #asks: boolean;
  /** What failed since the source was last heard of. */
  #failures: Range[] = [];
  #untilAsk = FIRST_ASK;
  /** When it was last heard of; at first, when it was first read. */
  #heardMs: number | undefined;
  #errno = '';
  #asked = 0;
  /** A sector that came well in this run: the first and the last one. */
  #firstGood: number | undefined;
  #lastGood: number | undefined;

  /** @param asks whether the source is read where the strategy did not ask for it */
  constructor(source: Source, rescue: Rescue, asks: boolean) {
    this.#source = source;
    this.#rescue = rescue;
    this.#asks = asks;
  }

  /** Takes note of a read. */
  note({ pos, size }: Request, { copied, errno }: ReadOutcome, nowMs: number): void {
    this.#heardMs ??= nowMs;
    if (copied > 0) {
      this.#heardMs = nowMs;
      this.#failures.length = 0;
      this.#untilAsk = FIRST_ASK;
      const { sectorSize } = this.#rescue.settings;
      if (copied >= sectorSize && pos % sectorSize === 0) {
        this.#firstGood ??= pos;
        this.#lastGood = pos + alignDown(copied, sectorSize) - sectorSize;
      }
    }
    if (errno === undefined) return;
    this.#failures.push({ pos: pos + copied, size: size - copied });
    this.#errno = errno;
    this.#untilAsk--;
    // Who never asks does not know where the trouble began; the last few are suspect.
    if (!this.#asks && this.#failures.length > FIRST_ASK) this.#failures.shift();
  }

  /** What is not to be called bad yet, since the source may be gone. */
  get doubtful(): readonly Range[] {
    return this.#asks ? this.#failures : [];
  }

  /** What failed since the source was last heard of; forgotten by that. */
  takeFailures(): Range[] {
    return this.#failures.splice(0);
  }

  /**
   * Asks the source, when it is time; at the end of a run it is, if the last reads failed.
   * @throws RescueError `source-lost` when it answers nowhere; what `watch` throws to give a read up
   */
  *check(watch: Watch, { isEnd = false }: { readonly isEnd?: boolean } = {}): Waiting<void> {
    if (!this.#asks || !(isEnd || this.#isTime(watch.now())) || this.#failures.length === 0) return;
    if (!(yield* this.answers(watch))) throw this.#lost();
    this.#failures.length = 0;
    this.#untilAsk = NEXT_ASK;
    this.#heardMs = watch.now();
  }

  #isTime(nowMs: number): boolean {
    return this.#untilAsk <= 0 || nowMs - (this.#heardMs ?? nowMs) >= ASK_MS;
  }

  /**
   * Whether a sector can be read anywhere, as long as there is time. Waits for nothing but these reads.
   * @throws RescueError `source-lost` when another source answers; what `watch` throws to give a read up
   */
  *answers(watch: Watch): Waiting<boolean> {
    const places = [...this.#knownPlaces(), ...this.#anyPlaces()];
    for (const pos of places) {
      if (watch.isLate) return false;
      if (yield* this.#answersAt(pos, watch)) return true;
    }
    return places.length === 0;
  }

  *#answersAt(pos: number, watch: Watch): Waiting<boolean> {
    const { sectorSize } = this.#rescue.settings;
    const into = this.#source.allocate?.(sectorSize) ?? new Uint8Array(sectorSize);
    const read = this.#source.probe ?? this.#source.read;
    try {
      const { copied } = yield* awaited(read.call(this.#source, pos, into), watch);
      if (copied > 0) this.#firstGood ??= pos;
      return copied > 0;
    } catch (error) {
      if (!(error instanceof RescueError) || error.code === 'source-lost') throw error;
      // It could not even be opened.
      return false;
    }
  }

  /** Where a sector came well, in this run or before. */
  #knownPlaces(): number[] {
    const { map, settings } = this.#rescue;
    const places = [this.#lastGood, this.#firstGood];
    let longest: Range | undefined;
    for (const range of map.ranges('+')) {
      if (range.size >= settings.sectorSize && range.size > (longest?.size ?? 0)) longest = range;
    }
    places.push(longest?.pos);
    return [...new Set(places.flatMap((pos) => pos ?? []))];
  }

  #anyPlaces(): number[] {
    const { size } = this.#source;
    if (size === undefined) return [];
    const { sectorSize } = this.#rescue.settings;
    const step = Math.max(sectorSize, alignDown(Math.floor(size / PLACES), sectorSize));
    const places = Array.from({ length: PLACES }, (_, i) => i * step).filter((pos) => pos < size);
    // One of them may be what makes the source go away.
    const first = this.#asked++ % Math.max(1, places.length);
    return [...places.slice(first), ...places.slice(0, first)];
  }

  #lost(): RescueError {
    const { name } = this.#source;
    const wasGood = this.#knownPlaces().length > 0;
    const pos = this.#failures[0]?.pos ?? 0;
    const what = wasGood
      ? `${name} answers no read any more since position ${pos} (${this.#errno}); what came well before fails now too.`
      : `${name} answers every read with an error (${this.#errno}); nothing at all could be read.`;
    return new RescueError('source-lost', what, {
      path: name,
      pos,
      errno: this.#errno,
      hint: 'What failed since then counts as not tried, not as bad. Look at cable, power and adapter, switch the drive off and on, and give the same command to go on. If all of it really is bad, say --trust-errors.',
    });
  }
}
