import type { Manner } from './manner.ts';

/** How to rescue. Every field is present here; defaults are filled in by `resolveSettings`. */
export interface StrategySettings {
  /** Bytes of a sector (`-b`). Default: the source's logical sector. */
  readonly sectorSize: number;
  /** Bytes read at a time while copying and sweeping (`-c` times the sector). Default 64 KiB. */
  readonly clusterSize: number;
  /** Bytes skipped after the first error of a run (`-K`); 0 never skips. Default from the source's size. */
  readonly skipInitial: number;
  /** Bytes skipped at most. */
  readonly skipMax: number;
  /** Copying passes to run, ascending, of 1-4 (`--cpass`). Default all four. */
  readonly copyingPasses: readonly number[];
  /** Copying, trimming, sweeping and retrying begin backwards (`-R`). */
  readonly isReversed: boolean;
  /** Passes do not change direction (`-u`). */
  readonly isUnidirectional: boolean;
  /** Trimming is run (not `--no-trim`). */
  readonly trims: boolean;
  /** Sweeping is run (not `-N`). */
  readonly sweeps: boolean;
  /** Scraping is run (not `-n`). */
  readonly scrapes: boolean;
  /** Retry passes (`-r`); Infinity for ever. Default 0. */
  readonly retryPasses: number;
  /** Stop when there are more bad areas than this (`-e`). Default Infinity. */
  readonly badAreasMax: number;
  /** Stop when there are more bad areas than at the start and this many more (`-e +n`). Default Infinity. */
  readonly newBadAreasMax: number;
  /** Stop when more reads than this have failed (`-X`). Default Infinity. */
  readonly readErrorsMax: number;
  /** A source that ends before its size has nothing more; otherwise the rest stays as it is and the run ends. */
  readonly toleratesShort: boolean;
  /** The source's size was known at the start: a source that ends before has shrunk. */
  readonly isSizeKnown: boolean;
  readonly manner: Manner;
}

const MIB = 1024 * 1024;
const SKIP_UNIT = 65536;
const SKIP_MAX = 2 ** 53 - 1;

/** What a caller may leave out. */
export type SettingsInput = Partial<Omit<StrategySettings, 'isSizeKnown'>>;

/** Fills in ddrescue's defaults for a source of `size` bytes (undefined: not known). */
export function resolveSettings(
  input: SettingsInput,
  source: { size: number | undefined; sectorSize: number },
  manner: Manner,
): StrategySettings {
  const sectorSize = input.sectorSize ?? source.sectorSize;
  const clusterSize =
    input.clusterSize ?? Math.max(1, Math.floor(SKIP_UNIT / sectorSize)) * sectorSize;
  const size = source.size ?? 0;
  const skip = resolveSkip(input, size, sectorSize);
  checkSizes(sectorSize, clusterSize);
  return {
    sectorSize,
    clusterSize,
    skipInitial: skip.initial,
    skipMax: skip.max,
    copyingPasses: input.copyingPasses ?? [1, 2, 3, 4],
    isReversed: input.isReversed ?? false,
    isUnidirectional: input.isUnidirectional ?? false,
    trims: input.trims ?? true,
    sweeps: input.sweeps ?? true,
    scrapes: input.scrapes ?? true,
    retryPasses: input.retryPasses ?? 0,
    badAreasMax: input.badAreasMax ?? Number.POSITIVE_INFINITY,
    newBadAreasMax: input.newBadAreasMax ?? Number.POSITIVE_INFINITY,
    readErrorsMax: input.readErrorsMax ?? Number.POSITIVE_INFINITY,
    toleratesShort: input.toleratesShort ?? false,
    isSizeKnown: source.size !== undefined,
    manner: input.manner ?? manner,
  };
}

/** Section 3.10 of the behavioural notes: the smaller the source, the smaller the skips. */
function resolveSkip(
  input: SettingsInput,
  size: number,
  sectorSize: number,
): { initial: number; max: number } {
  const roundUp = (value: number, unit: number): number =>
    value >= SKIP_MAX ? SKIP_MAX : Math.ceil(value / unit) * unit;
  let initial = input.skipInitial;
  if (initial === undefined) {
    initial = roundUp(Math.max(Math.floor(size / 32768), SKIP_UNIT), SKIP_UNIT);
    if (input.skipMax !== undefined) initial = Math.min(initial, input.skipMax);
  }
  let max = input.skipMax ?? SKIP_MAX;
  if (input.skipMax === undefined && size > 0 && initial > 0) {
    max = Math.max(initial, Math.floor(size / 100));
  }
  return { initial: roundUp(initial, sectorSize), max: roundUp(max, sectorSize) };
}

function checkSizes(sectorSize: number, clusterSize: number): void {
  if (!Number.isSafeInteger(sectorSize) || sectorSize < 1) {
    throw new RangeError(`A sector of ${sectorSize} bytes makes no sense.`);
  }
  if (!(clusterSize >= sectorSize && clusterSize <= 1024 * MIB && clusterSize % sectorSize === 0)) {
    throw new RangeError(
      `A cluster of ${clusterSize} bytes is not a number of ${sectorSize}-byte sectors up to 1 GiB.`,
    );
  }
}
