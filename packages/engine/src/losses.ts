import type { Range } from '@chunkrescue/mapfile';
import type { Request } from './strategy/request.ts';
import type { Rescue } from './strategy/rescue.ts';

/** As often as this a place may have made the source go away before it is left alone. */
const TRIES = 3;

/**
 * Some disks go away whenever a certain place is read, and come back: a run that waits for them would read that place
 * for ever. When the source was lost again and again with nothing rescued in between, the place counts as failed.
 */
export class Losses {
  readonly #rescue: Rescue;
  #rescued = -1;
  #fruitless = 0;
  #place: Range = { pos: -1, size: 0 };
  /** Bytes that were settled when the strategy last began anew. */
  #begunWith = -1;
  #hasUntried = false;

  constructor(rescue: Rescue) {
    this.#rescue = rescue;
  }

  /**
   * The source is lost while `request` is read, and what failed since it was last heard of is untried again. Returns
   * whether the request itself is to be given up.
   */
  note(request: Request, [first, ...others]: readonly Range[]): boolean {
    const rescued = this.#rescue.map.sizeInDomain('+');
    const place = first ?? request;
    const isSame = place.pos === this.#place.pos && place.size === this.#place.size;
    this.#fruitless = isSame && rescued <= this.#rescued ? this.#fruitless + 1 : 1;
    this.#rescued = rescued;
    this.#place = place;
    const isTooOften = this.#fruitless >= TRIES;
    if (isTooOften) this.#fruitless = 0;
    if (first === undefined) return isTooOften;
    const { pos, size } = first;
    const reply = { copied: 0, failed: size, elapsedMs: 0 };
    if (isTooOften) this.#rescue.settle({ ...request, pos, size }, reply);
    if (!isTooOften || others.length > 0) this.#hasUntried = true;
    return false;
  }

  /** The source was lost when nothing was left to read. */
  noteAtEnd(failures: readonly Range[]): void {
    if (failures.length > 0) this.#hasUntried = true;
  }

  /** Whether the strategy is to begin once more, for what it tried and is untried again. */
  leavesUntried(): boolean {
    const { map } = this.#rescue;
    const settled = map.sizeInDomain('+') + map.sizeInDomain('-');
    const isOfUse = this.#hasUntried && settled > this.#begunWith;
    this.#hasUntried = false;
    this.#begunWith = settled;
    return isOfUse;
  }
}
