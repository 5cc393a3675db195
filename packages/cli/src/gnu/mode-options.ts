import type { Domain } from '@chunkrescue/mapfile';
import type { MapIntervals } from './option-values.ts';

/** What fill mode and generate mode take from the options. Sizes and positions are bytes. */
export interface ModeOptions {
  readonly infile: string;
  readonly outfile: string;
  readonly mapfile: string;
  /** The part of the rescue to work on: `-i`, `-s` and `-m` together. */
  readonly domain: Domain;
  /** `-o` less `-i`: added to a position of the rescue, it gives the one in outfile. */
  readonly offset: number;
  readonly sectorSize: number;
  readonly clusterSize: number;
  /** `--mapfile-interval`; undefined for the default. */
  readonly saveIntervalMs: number | undefined;
  /** The same, for `.bak`. */
  readonly intervals?: MapIntervals | undefined;
}
