import {
  type Domain,
  type Mapfile,
  OPEN_END,
  type RescueMap,
  type RunState,
} from '@chunkrescue/mapfile';
import type { Direction, Piece } from './direction.ts';
import type { Phase, Reply, Request } from './request.ts';
import type { StrategySettings } from './settings.ts';

/** Letter of the status line for each phase. */
const PHASE_STATES: Readonly<Record<Phase, RunState>> = {
  copying: '?',
  trimming: '*',
  sweeping: '%',
  scraping: '/',
  retrying: '-',
};

/** Everything a rescue knows: the map restricted to its domain, the status line, and how to go on. */
export class Rescue {
  readonly map: RescueMap;
  readonly settings: StrategySettings;
  /** Status line: start of the block read forwards, end of the one read backwards. */
  position: number;
  /** Status line: what the run is doing. */
  state: RunState;
  /** Status line: pass, from 1. */
  pass: number;
  /** Reads of this run that failed, wholly or in part. */
  readErrors = 0;
  /** The request that the status line tells of; undefined before the first one. */
  request: Request | undefined;

  #domain: Domain;
  readonly #isWithinMap: boolean;

  /** @param scope the domain, and whether the map says how far the source reaches (`-C`) */
  constructor(
    map: RescueMap,
    line: Pick<Mapfile, 'position' | 'state' | 'pass'>,
    scope: { domain: Domain; isWithinMap: boolean; settings: StrategySettings },
  ) {
    this.map = map;
    this.settings = scope.settings;
    this.#domain = scope.domain;
    this.#isWithinMap = scope.isWithinMap;
    map.restrictTo(scope.domain);
    this.position = line.position;
    this.state = line.state;
    this.pass = line.pass;
  }

  /** What is to be rescued. */
  get domain(): Domain {
    return this.#domain;
  }

  /** Bytes of the longest read: none is longer than the map, and a cluster may be a gigabyte. */
  get readMax(): number {
    return Math.max(1, Math.min(this.settings.clusterSize, this.map.end - this.map.start));
  }

  /** Puts a request into the status line, before it is read. */
  begin(request: Request): void {
    this.request = request;
    this.state = PHASE_STATES[request.phase];
    this.pass = request.pass;
    this.position = request.direction === 'forwards' ? request.pos : request.pos + request.size;
  }

  /** Marks in the map what came of a request. */
  settle(request: Request, reply: Reply): void {
    const good = request.pos + reply.copied;
    const end = good + reply.failed;
    if (reply.copied > 0) this.map.set(request.pos, good, '+');
    if (reply.failed === 0) return;
    this.readErrors++;
    const { manner, sectorSize } = this.settings;
    const isBad = manner.isOneSector({ pos: good, end }, sectorSize);
    this.map.set(good, end, isBad ? '-' : request.failedStatus);
  }

  /** The source ended at `end`, before the map does. False when rescued bytes lie behind: nothing is changed. */
  endAt(end: number): boolean {
    if (this.#isWithinMap) {
      this.#domain = this.#domain.clip(0, end);
      this.map.restrictTo(this.#domain);
      return true;
    }
    const last = this.map.indexAt(Math.max(end, this.map.start));
    for (let i = last; i >= 0 && i < this.map.count; i++) {
      if (this.map.statusAt(i) === '+') return false;
    }
    this.map.truncate(end);
    return true;
  }

  /** Nothing is left to do. */
  finish(): void {
    this.state = '+';
  }
}

/** A request of a phase, for a piece. */
export function ask(
  phase: Phase,
  piece: Piece,
  how: { readonly direction: Direction; readonly pass: number },
): Request {
  return {
    pos: piece.pos,
    size: piece.end - piece.pos,
    phase,
    pass: how.pass,
    direction: how.direction.name,
    failedStatus: phase === 'copying' || phase === 'sweeping' ? '*' : '-',
  };
}

/** Where an interrupted walk goes on: the near edge of the piece of `status` at the status line's position. */
export function resumePosition(rescue: Rescue, direction: Direction, status: '?' | '-'): number {
  const { map, position } = rescue;
  const index = map.indexAt(Math.min(direction.byteAt(position), OPEN_END - 1));
  if (index < 0 || !map.isInDomain(index)) return direction.begin;
  const search = { from: position, status, size: 1, align: 1, isTouching: false };
  const { piece } = direction.find(map, search);
  return piece === undefined ? direction.begin : direction.near(piece);
}
