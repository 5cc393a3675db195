export {
  addClipped,
  alignDown,
  alignUp,
  type Block,
  OPEN_END,
  type Range,
} from './block.ts';
export { combine, differenceOf, intersectionOf, unionOf } from './combine.ts';
export { Domain } from './domain.ts';
export { MapfileError, type MapfileErrorCode } from './errors.ts';
export { formatMapfile } from './format.ts';
export type { Mapfile } from './mapfile.ts';
export { type ParseOptions, parseMapfile } from './parse.ts';
export { RescueMap, type Runs } from './rescue-map.ts';
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
