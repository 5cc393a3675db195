/**
 * Makes an approximate map from a copy that has none: what is not zero was rescued. Blocking: every port must
 * answer at once. The copy is only read; what cannot be read stays non-tried.
 */
import { ModeRun, type ModeRunOptions } from './mode-run.ts';
import type { ReadOutcome, Source } from './ports.ts';
import { generating, markRescued, sizeKnown } from './strategy/generating.ts';
import type { Rescue } from './strategy/rescue.ts';

/** What to look at, and how. Sizes are bytes. */
export interface GenerateOptions extends ModeRunOptions<GenerateProgress> {
  /** Map, domain and status line; {@link Rescue.position} tells where an interrupted run goes on. */
  readonly rescue: Rescue;
  /** The copy. */
  readonly copy: Source;
  /** Added to a position of the rescue, it gives the one in the copy. */
  readonly offset: number;
  readonly sectorSize: number;
  readonly clusterSize: number;
}

/** How far it is. */
export interface GenerateProgress {
  /** Bytes of the domain taken for rescued. */
  readonly rescued: number;
  /** Bytes of the domain that are decided. */
  readonly generated: number;
  /** Start of the last piece, in the rescue (the offset gives the place in the copy); 0 for none. */
  readonly position: number;
  readonly hasBegun: boolean;
  readonly runTimeMs: number;
}

export interface GenerateResult {
  /** `copy-short`: the copy ends before bytes that the map calls rescued. */
  readonly end: 'finished' | 'aborted' | 'copy-short';
  readonly progress: GenerateProgress;
}

/** Runs it. @throws RescueError of the map's store */
export function generate(options: GenerateOptions): GenerateResult {
  const { rescue, signal, clusterSize } = options;
  const { map } = rescue;
  let generated = sizeKnown(map);
  let hasBegun = false;
  const progress = (runTimeMs: number): GenerateProgress => ({
    rescued: map.sizeInDomain('+'),
    generated,
    position: hasBegun ? rescue.position : 0,
    hasBegun,
    runTimeMs,
  });
  const run = new ModeRun(options, { message: MESSAGE, progress });
  const buffer = new Uint8Array(clusterSize);
  return run.guarded(() => {
    for (const piece of generating(rescue, options)) {
      hasBegun = true;
      if (signal?.aborted) return run.finish('aborted');
      run.saveIfDue();
      const into = buffer.subarray(0, piece.end - piece.pos);
      const { copied, errno } = options.copy.read(piece.pos + options.offset, into) as ReadOutcome;
      const bytes = into.subarray(0, copied);
      markRescued(map, { pos: piece.pos, bytes, sectorSize: options.sectorSize });
      generated += copied;
      const isEnd = errno === undefined && copied < into.length;
      if (isEnd && !rescue.endAt(piece.pos + copied)) return run.finish('copy-short');
      run.after();
    }
    rescue.finish();
    return run.finish('finished');
  });
}

const MESSAGE = 'Generating mapfile...';
