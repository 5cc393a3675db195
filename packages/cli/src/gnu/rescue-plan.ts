/** From options and an earlier map to a rescue that can start, refused in ddrescue's words where it cannot. */
import {
  gnuManner,
  planRescue,
  type Rescue,
  resolveSettings,
  type SettingsInput,
} from '@chunkrescue/engine';
import { Domain, type Mapfile, OPEN_END, type RescueMap } from '@chunkrescue/mapfile';
import { groupedDigits } from '../screen/gnu-numbers.ts';
import { usage } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import { GnuError } from './io.ts';
import { sizesOf } from './openings.ts';

/** What a plan is made of. */
export interface PlanParts {
  readonly domain: Domain;
  /** Where reading would begin; the domain may hold nothing. */
  readonly start: number;
  /** Bytes of the input, undefined when not known. */
  readonly size: number | undefined;
  /** Whether the input may end before its size. */
  readonly isSizeOfOutput: boolean;
  readonly mapfile: Mapfile | undefined;
}

/** @throws GnuError */
export function gnuPlan(values: DdrescueValues, parts: PlanParts): Rescue {
  const { domain, size, mapfile } = parts;
  const isWithinMap = values['complete-only'] ?? false;
  refuseUnfit(parts, isWithinMap);
  const { sectorSize } = sizesOf(values);
  const settings = resolveSettings(settingsOf(values, parts), { size, sectorSize }, gnuManner);
  return planRescue(
    {
      sourceSize: size,
      domain,
      mapfile,
      isWithinMap,
      retrims: values.retrim ?? false,
      triesAgain: values['try-again'] ?? false,
    },
    settings,
  );
}

/** @throws GnuError when domain or map lie behind the input's end */
export function refuseUnfit(
  { start, size, mapfile }: Pick<PlanParts, 'start' | 'size' | 'mapfile'>,
  isWithinMap: boolean,
): void {
  if (size === undefined) return;
  if (start >= size) throw beyondEnd(start, size);
  if (!isWithinMap) refuseLongMap(mapfile, size);
}

function settingsOf(values: DdrescueValues, { isSizeOfOutput }: PlanParts): SettingsInput {
  const skip = values['skip-size'];
  const areas = values['max-bad-areas'];
  const passes = values['retry-passes'] ?? 0;
  const errors = values['max-read-errors'];
  return {
    ...sizesOf(values),
    ...(skip?.initial === undefined ? {} : { skipInitial: skip.initial }),
    ...(skip?.max === undefined ? {} : { skipMax: skip.max }),
    ...(values.cpass === undefined ? {} : { copyingPasses: values.cpass }),
    isReversed: values.reverse ?? false,
    isUnidirectional: values.unidirectional ?? false,
    trims: values['no-trim'] !== true,
    sweeps: values['no-sweep'] !== true,
    scrapes: values['no-scrape'] !== true,
    retryPasses: passes < 0 ? Number.POSITIVE_INFINITY : passes,
    ...(areas === undefined
      ? {}
      : { [areas.isOfNew ? 'newBadAreasMax' : 'badAreasMax']: areas.count }),
    ...(errors === undefined ? {} : { readErrorsMax: errors }),
    toleratesShort: isSizeOfOutput || (values['accept-short-infile'] ?? false),
    manner: gnuManner,
  };
}

function beyondEnd(pos: number, size: number): GnuError {
  const text = groupedDigits(pos);
  return new GnuError(
    `Can't start reading at pos ${text}.\n` +
      `          Size of input file is only ${groupedDigits(size).padStart(text.length)} bytes.`,
  );
}

function refuseLongMap(mapfile: Mapfile | undefined, size: number): void {
  const map = mapfile?.map;
  if (map === undefined || map.count === 0) return;
  const last = map.blockAt(map.count - 1);
  const isFinished = last.status === '+';
  const isBehind = last.pos > size || (last.pos === size && isFinished);
  if (!isBehind && !(map.end > size && isFinished && last.pos < size)) return;
  const what = isBehind
    ? 'Last block in mapfile begins past end of input file.'
    : 'Rescued data in mapfile goes past end of input file.';
  throw usage(`${what}\n          Use '-C' if you are reading from a partial copy.`);
}

/** `-I`: the map must say how long the input is, and be right. @throws GnuError */
export function checkInputSize(values: DdrescueValues, { size, mapfile }: PlanParts): void {
  if (values['check-input-size'] !== true) return;
  const end = mapfile?.map.count ? mapfile.map.end : undefined;
  if (end === undefined || end === OPEN_END || size === undefined) {
    throw new GnuError(
      "Can't check input file size.\n" +
        '          Mapfile is unfinished or missing, or size is invalid.',
    );
  }
  if (end !== size) {
    throw new GnuError('Input file size differs from size calculated from mapfile.');
  }
}

/** `-t` would throw away what the map claims. @throws GnuError */
export function refuseTruncation(values: DdrescueValues, mapfile: Mapfile | undefined): void {
  const map = mapfile?.map;
  if (values.truncate !== true || map === undefined) return;
  if (map.sizeOf('?') !== map.end - map.start) {
    throw usage('Outfile truncation and mapfile input are incompatible.');
  }
}

/** From the first to the last byte of the domain that the map claims. */
export function claimedIn({ map }: Rescue): Domain {
  const { pos, end } = hullOf(map, (index) => map.statusAt(index) === '+');
  return Domain.whole(pos, end);
}

/** From the first to the last byte of the domain. */
export function boundsOf({ map }: Rescue): { pos: number; end: number } {
  return hullOf(map, () => true);
}

/** From the first to the last wanted block of the domain; from 0 to 0 when there is none. */
function hullOf(
  map: RescueMap,
  isWanted: (index: number) => boolean,
): { pos: number; end: number } {
  let pos = -1;
  let end = 0;
  for (let i = 0; i < map.count; i++) {
    if (!map.isInDomain(i) || !isWanted(i)) continue;
    if (pos < 0) pos = map.posAt(i);
    end = map.endAt(i);
  }
  return { pos: Math.max(pos, 0), end };
}
