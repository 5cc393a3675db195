/**
 * Fills blocks of a target, chosen by what a map says of them, with the same bytes over and over. Blocking:
 * every port must answer at once. Nothing is rescued, so the map is saved for its status line only.
 */

import { RescueError } from './errors.ts';
import { hexOfPosition, repeatedTo } from './fill-data.ts';
import { ModeRun, type ModeRunOptions } from './mode-run.ts';
import type { Target } from './ports.ts';
import {
  beginFilling,
  type FillPiece,
  type FillSettings,
  type FillTotals,
  filling,
  fillTotals,
} from './strategy/filling.ts';
import type { Rescue } from './strategy/rescue.ts';

/** What to fill, with what, and how. Sizes are bytes. */
export interface FillOptions extends ModeRunOptions<FillProgress>, FillSettings {
  /** Map, domain and status line; {@link Rescue.position} tells where an interrupted fill goes on. */
  readonly rescue: Rescue;
  /** What is written; repeated until it fills a cluster. At least one byte. */
  readonly data: Uint8Array;
  /** Memory of a cluster that suits the target best (direct writes want it aligned). Default: any. */
  readonly memory?: Uint8Array;
  /** Each sector begins with a line that tells its position, number and status. */
  readonly writesLocation: boolean;
  /** Where the bytes go; positions are the rescue's. */
  readonly target: Target;
  /** The target is made durable after each write. */
  readonly isSynchronous: boolean;
  /** A write that fails leaves its sectors as they were; otherwise it is thrown. */
  readonly ignoresWriteErrors: boolean;
}

/** How far a fill is. */
export interface FillProgress extends FillTotals {
  /** Start of the last piece; 0 when there was none. */
  readonly position: number;
  /** Whether a piece was begun in this run. */
  readonly hasBegun: boolean;
  readonly runTimeMs: number;
}

export interface FillResult {
  readonly end: 'finished' | 'aborted';
  readonly progress: FillProgress;
}

/**
 * Runs a fill.
 * @throws RescueError of the target or the map's store; the map is saved before as well as it can be
 */
export function fill(options: FillOptions): FillResult {
  const { rescue, signal, types } = options;
  beginFilling(rescue);
  const totals: Writable<FillTotals> = fillTotals(rescue, types);
  let hasBegun = false;
  const progress = (runTimeMs: number): FillProgress => ({
    ...totals,
    position: hasBegun ? rescue.position : 0,
    hasBegun,
    runTimeMs,
  });
  const run = new ModeRun(options, { target: options.target, message: MESSAGE, progress });
  const writer = new Writer(options);
  return run.guarded(() => {
    const pieces = filling(rescue, options);
    let step = pieces.next();
    while (!step.done) {
      hasBegun = true;
      if (signal?.aborted) return run.finish('aborted');
      run.saveIfDue();
      const isWritten = writer.write(step.value);
      count(totals, step.value, isWritten, options);
      run.after();
      step = pieces.next(isWritten);
    }
    rescue.finish();
    return run.finish('finished');
  });
}

const MESSAGE = 'Filling blocks...';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An area counts as filled when its last piece was tried for good, whatever came of it. */
function count(
  totals: Writable<FillTotals>,
  piece: FillPiece,
  isWritten: boolean,
  { sectorSize }: FillSettings,
): void {
  const size = piece.end - piece.pos;
  if (isWritten) {
    totals.filled += size;
    totals.remaining -= size;
  }
  if (piece.isLastOfArea && (isWritten || size <= sectorSize)) {
    totals.filledAreas++;
    totals.remainingAreas--;
  }
}

/** Prepares the bytes of each piece and writes them. */
class Writer {
  readonly #options: FillOptions;
  readonly #buffer: Uint8Array;

  constructor(options: FillOptions) {
    this.#options = options;
    this.#buffer = repeatedTo(options.clusterSize, options.data, options.memory);
  }

  /** False when the target failed and that is to be ignored. */
  write(piece: FillPiece): boolean {
    const { target, isSynchronous, ignoresWriteErrors } = this.#options;
    const bytes = this.#buffer.subarray(0, piece.end - piece.pos);
    if (this.#options.writesLocation) this.#putLocations(piece, bytes);
    try {
      target.write(piece.pos, bytes);
    } catch (error) {
      const isWriteError = error instanceof RescueError && error.code === 'target-write';
      if (!isWriteError || !ignoresWriteErrors) throw error;
      return false;
    }
    if (isSynchronous) target.sync();
    return true;
  }

  /** A line that does not fit is cut and closed with a zero, as C prints into a buffer. */
  #putLocations(piece: FillPiece, bytes: Uint8Array): void {
    const { sectorSize } = this.#options;
    for (let at = 0; at < bytes.length; at += sectorSize) {
      const pos = piece.pos + at;
      const sector = hexOfPosition(Math.floor(pos / sectorSize));
      const line = `\n# position ${hexOfPosition(pos)} sector ${sector} status ${piece.status} `;
      const room = bytes.length - at;
      const isCut = line.length > room;
      const text = isCut ? `${line.slice(0, room - 1)}\0` : line;
      for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    }
  }
}
