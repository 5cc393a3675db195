/** Copies one range because somebody asked for it: the work of ddrescue's command mode. Blocking. */
import { addClipped, OPEN_END } from '@chunkrescue/mapfile';
import { RescueError } from './errors.ts';
import { refuseFatal } from './fatal-errors.ts';
import type { MaybePromise, ReadOutcome, Source, Target } from './ports.ts';
import { forwards, type Piece } from './strategy/direction.ts';
import { ask, type Rescue } from './strategy/rescue.ts';
import { unlessStopped } from './unless-stopped.ts';

export interface CopyOnDemand {
  readonly rescue: Rescue;
  readonly source: Source;
  readonly target: Target;
  /** As large as the largest read: a cluster. */
  readonly buffer: Uint8Array;
  /** Names of fatal errors that count as the disk's all the same. */
  readonly tolerated?: ReadonlySet<string>;
  /** Ends the copy between two reads, or in one that does not come back. */
  readonly signal?: Pick<AbortSignal, 'aborted'>;
  /** Called after each failed read is marked; what it throws ends the copy. */
  readonly afterError?: () => MaybePromise<void>;
}

/**
 * Copies what lies in the range and in the domain and is not finished, in clusters. What cannot be read is
 * marked bad at once, whatever its size: nobody comes back to trim it. The status line stays as it is.
 * @throws RescueError of the target, `source-read` for trouble that is not the disk's, `map-mismatch` when
 *   the source ends before what the map calls rescued
 */
export function copyOnDemand(copy: CopyOnDemand, range: { pos: number; size: number }): void {
  const { source, signal = { aborted: false } } = copy;
  unlessStopped(source, signal, () => copyRange(copy, range));
}

function copyRange(copy: CopyOnDemand, range: { pos: number; size: number }): void {
  const { map } = copy.rescue;
  const end = addClipped(range.pos, range.size);
  let pos = Math.max(range.pos, map.start);
  while (pos < Math.min(end, map.end) && !copy.signal?.aborted) {
    const index = map.indexAt(pos);
    const block: Piece = { pos, end: map.endAt(index) };
    if (!map.isInDomain(index) || map.statusAt(index) === '+') {
      pos = block.end;
      continue;
    }
    // Where a cluster would end is asked first, what was asked for cuts it then.
    const cluster = copy.buffer.length;
    const piece = forwards.take(block, cluster, cluster);
    pos = copyPiece(copy, { pos, end: Math.min(piece.end, end) });
  }
}

/** Returns where to go on. */
function copyPiece(copy: CopyOnDemand, piece: Piece): number {
  const { rescue, source, target, buffer, tolerated } = copy;
  const { pos, end } = piece;
  const into = buffer.subarray(0, end - pos);
  const { copied, errno } = source.read(pos, into) as ReadOutcome;
  if (errno !== undefined && copied === 0) {
    const request = ask('copying', piece, { direction: forwards, pass: 1 });
    refuseFatal(source, request, { errno, tolerated });
  }
  const good = pos + copied;
  if (copied > 0) {
    target.write(pos, into.subarray(0, copied));
    rescue.map.set(pos, good, '+');
  }
  if (good === end) return end;
  if (errno !== undefined) {
    rescue.readErrors++;
    rescue.map.set(good, end, '-');
    void copy.afterError?.();
    return end;
  }
  if (!rescue.endAt(good)) {
    throw new RescueError(
      'map-mismatch',
      `${source.name} ends at ${good}, before bytes that the map calls rescued.`,
      { path: source.name, pos: good },
    );
  }
  return OPEN_END;
}
