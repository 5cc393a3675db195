export {
  addClipped,
  alignDown,
  alignUp,
  type Block,
  OPEN_END,
  type Range,
} from './block.ts';
export { clipMapfile } from './clip.ts';
export { combine, differenceOf, intersectionOf, unionOf } from './combine.ts';
export { Domain } from './domain.ts';
export { MapfileError, type MapfileErrorCode } from './errors.ts';
export type { FindingCode, MapFinding } from './finding.ts';
export { type BlockRuns, blockBytes, formatMapfile, mapfileParts } from './format.ts';
export { lintMapfile } from './lint.ts';
export type { Mapfile } from './mapfile.ts';
export { type ParseOptions, parseMapfile, parseMapfileParts } from './parse.ts';
export { RescueMap, type Runs } from './rescue-map.ts';
export { RunList } from './run-list.ts';
export { type ShiftLimits, shiftLimits, shiftMapfile } from './shift.ts';
export {
  BLOCK_STATUS_NAMES,
  BLOCK_STATUSES,
  type BlockStatus,
  isBlockStatus,
  isRunState,
  progressOf,
  RUN_STATE_NAMES,
  type RunState,
} from './status.ts';
