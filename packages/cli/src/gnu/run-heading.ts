/** The lines above the block of a rescue, from what its options and its map say. */
import { domainTotals, type Rescue } from '@chunkrescue/engine';
import { type Mapfile, OPEN_END } from '@chunkrescue/mapfile';
import type { FileNames } from './ddrescue-checks.ts';
import type { DdrescueValues } from './ddrescue-options.ts';
import type { TalkingIo } from './io.ts';
import { offsetOf, sizesOf } from './openings.ts';
import { boundsOf } from './rescue-plan.ts';
import {
  type CopyHeading,
  copyHeading,
  INTERRUPT_LINE,
  initialStatusLines,
} from './screen-heading.ts';

export interface HeadingParts {
  readonly values: DdrescueValues;
  readonly names: FileNames;
  readonly io: TalkingIo;
  readonly rescue: Rescue;
  /** The map of an earlier run. */
  readonly mapfile: Mapfile | undefined;
  /** Bytes; undefined for an input without a known end, and for an output that does not exist. */
  readonly sizes: { readonly source: number | undefined; readonly outfile: number | undefined };
  /** `[model::serial]` of devices. */
  readonly labels: { readonly infile: string; readonly outfile: string };
}

/** Below the title, which stands there before anything is opened. */
export function headingLines(parts: HeadingParts): string[] {
  const { values, io, rescue, mapfile } = parts;
  const telling = { verbosity: io.verbosity, isBinary: values['binary-prefixes'] ?? false };
  const { map } = rescue;
  const total = (status: '?' | '*' | '/' | '-' | '+'): number => map.sizeInDomain(status);
  const last = map.count === 0 ? undefined : map.blockAt(map.count - 1);
  const initial =
    mapfile === undefined
      ? []
      : initialStatusLines(
          {
            currentPos: mapfile.position,
            sectorSize: sizesOf(values).sectorSize,
            lastBlockSize: last?.size ?? 0,
            domain: boundsOf(rescue),
            map: { pos: map.start, end: map.end },
            rescued: total('+'),
            tried: total('*') + total('/') + total('-'),
            bad: total('-'),
            badAreas: map.areasInDomain('-'),
          },
          telling,
        );
  return [...copyHeading(copyFacts(parts), telling), INTERRUPT_LINE, ...initial, ''];
}

function copyFacts({ values, names, rescue, sizes, labels }: HeadingParts): CopyHeading {
  const { sectorSize, clusterSize } = sizesOf(values);
  const { pos, end } = boundsOf(rescue);
  const areas = values['max-bad-areas'];
  return {
    infile: { name: names.infile, label: labels.infile, size: sizes.source ?? 0 },
    outfile: { name: names.outfile, label: labels.outfile, size: sizes.outfile },
    ipos: pos,
    opos: pos + offsetOf(values),
    copySize: end === OPEN_END ? undefined : domainTotals(rescue.map).domainSize,
    clusterSectors: clusterSize / sectorSize,
    sectorSize,
    skipSectors: rescue.settings.skipInitial / sectorSize,
    errorRateMax: values['max-error-rate'],
    badAreasMax: areas && { max: areas.count, isOfThisRun: areas.isOfNew },
    readRateMax: values['max-read-rate'],
    readRateMin: values['min-read-rate'],
    timeoutS: values.timeout,
    isDirectIn: values.idirect ?? false,
    isDirectOut: values.odirect ?? false,
    isSparse: values.sparse ?? false,
    truncates: values.truncate ?? false,
    trims: values['no-trim'] !== true,
    sweeps: values['no-sweep'] !== true,
    scrapes: values['no-scrape'] !== true,
    retryPasses: values['retry-passes'] ?? 0,
    isCompleteOnly: values['complete-only'] ?? false,
    isReverse: values.reverse ?? false,
  };
}
