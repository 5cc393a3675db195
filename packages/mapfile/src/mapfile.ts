import type { RescueMap } from './rescue-map.ts';
import type { RunState } from './status.ts';

/** A mapfile as a value: what its text says. */
export interface Mapfile {
  /**
   * The comment lines in front of the status line, each with its `#` and without its line end; the column
   * headings that every mapfile repeats (`# current_pos …`) are left out, the serializer writes them.
   */
  readonly heading: readonly string[];
  /** Status line, current_pos: start of the block being read forwards, END of the one being read backwards. */
  readonly position: number;
  /** Status line, current_status. */
  readonly state: RunState;
  /** Status line, current_pass; from 1. Maps of old versions have none and read as 1. */
  readonly pass: number;
  /** The blocks. Empty for a mapfile without block lines. */
  readonly map: RescueMap;
}
