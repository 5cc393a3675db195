export { isRawName, mapNameOf, packedName } from './chunks/chunk-names.ts';
export {
  type ChunkStatus,
  type MergeState,
  type ReadState,
  readState,
} from './chunks/chunk-status.ts';
export {
  type Evidence,
  evidenceFolder,
  provenIn,
} from './chunks/evidence.ts';
export type { ChunkFileState, FoundChunk } from './chunks/found-chunk.ts';
export { type FoundFiles, type FoundTrouble, findFiles } from './chunks/found-files.ts';
export { type FoundImage, type FoundMap, isOfCopy } from './chunks/found-map.ts';
export { type JobStatus, jobStatuses } from './chunks/job-status.ts';
export {
  type ChunkLayout,
  chunkCount,
  chunkName,
  chunkRange,
  DEFAULT_CHUNK_SIZE,
} from './chunks/layout.ts';
export {
  CHUNK_FORMAT,
  type Layout,
  type Manifest,
  type MapKind,
  manifestComments,
  readManifest,
  type Sample,
} from './chunks/manifest.ts';
export { type MergeFollowing, mergeChunks } from './chunks/merge.ts';
export type {
  MergedChunk,
  MergeEvent,
  MergeJob,
  MergeResult,
  ReceiptNote,
  Refusal,
} from './chunks/merge-job.ts';
export {
  type ChunkMapFacts,
  type ChunkPair,
  type ChunkReading,
  type OpenChunk,
  openChunk,
  readChunkMap,
} from './chunks/open-chunk.ts';
export { type Piece, pieces } from './chunks/pieces.ts';
export { type Receipt, readReceipt, receiptIn, receiptName } from './chunks/receipt.ts';
export { checkSamples } from './chunks/samples.ts';
export { seal, sealOf, sealState } from './chunks/seal.ts';
export { sealedMapStore } from './chunks/sealed-map-store.ts';
export { checkBinding, describeSource, ofManifest } from './chunks/source-binding.ts';
export { firstDataIn } from './chunks/target-content.ts';
export { emptyMap } from './chunks/target-errors.ts';
export type {
  Verified,
  VerifyEvent,
  VerifyJob,
  VerifyResult,
  VerifyTarget,
} from './chunks/verify-job.ts';
export { type CopyOnDemand, copyOnDemand } from './copy-on-demand.ts';
export { rescue, rescueBlocking } from './drive.ts';
export { RescueError, type RescueErrorCode, type RescueErrorDetails } from './errors.ts';
export {
  type DomainTotals,
  domainTotals,
  type Progress,
  pendingBytes,
  type RescueEnd,
  type RescueEvent,
} from './events.ts';
export { type FillOptions, type FillProgress, type FillResult, fill } from './fill.ts';
export {
  type GenerateOptions,
  type GenerateProgress,
  type GenerateResult,
  generate,
} from './generate.ts';
export { type HeadingInput, mapHeading, phaseMessage } from './heading.ts';
export { sameIdentity } from './identity.ts';
export type { PassedLimit, SlowReads, TimeLimitEnd, TimeLimits } from './limits.ts';
export { alignedBuffer } from './node/aligned-memory.ts';
export {
  type DirectReading,
  type OpenSource,
  openSource,
  type SourceOptions,
} from './node/auto-direct-source.ts';
export { sharesBytes } from './node/beneath.ts';
export { digestOf, randomId } from './node/checksums.ts';
export { blockingClock, stoppableClock, systemClock } from './node/clock.ts';
export { writeTextDurably } from './node/durable-text.ts';
export { renewMapElsewhere, saveMapElsewhere } from './node/emergency-map.ts';
export { existingSize } from './node/existing-size.ts';
export { FileSource, openFileSource } from './node/file-source.ts';
export { FileTarget, openFileTarget } from './node/file-target.ts';
export { findDevices, type WantedDevice } from './node/find-device.ts';
export { findSource, type RememberedSource } from './node/find-source.ts';
export { type FolderFacts, probeFolder, type WantedFile } from './node/folder-facts.ts';
export { byNumber, namesIn } from './node/folders.ts';
export { allowFsExt } from './node/fs-ext.ts';
export { holdsData } from './node/holds-data.ts';
export { liesOn } from './node/lies-on.ts';
export { type FileLock, lockFile } from './node/lock.ts';
export { type FileMapStore, fileMapStore } from './node/map-store.ts';
export { isVolatile, type Mount, mountOf, mountsOfDevice } from './node/mounts.ts';
export type { FileTargetOptions } from './node/open-output.ts';
export { BrokenPipes, countOwnPipes } from './node/own-pipes.ts';
export { canPack, type Packing } from './node/packing.ts';
export { finalPath, statOf } from './node/paths.ts';
export { missingMount, withPlace } from './node/places.ts';
export { preallocate } from './node/preallocate.ts';
export { isLink, refuseLink } from './node/refuse-links.ts';
export { assertDistinctFiles, isSameFile } from './node/same-file.ts';
export { shellQuoted, shellWord } from './node/shell-word.ts';
export { asWorldTrouble } from './node/system-trouble.ts';
export { MAP_SIZE_MAX, readMapText, readWhole } from './node/whole-file.ts';
export type { Loss, WriteBehind } from './node/write-behind.ts';
export type { Descriptors } from './node/write-fully.ts';
export { type Partition, type ReadBytes, readPartitions } from './partition-table.ts';
export { type PlanInput, planRescue } from './plan.ts';
export type {
  Clock,
  MapStore,
  MaybePromise,
  PhaseStart,
  ReadOutcome,
  Source,
  SourceIdentity,
  Target,
} from './ports.ts';
export type { Pauses, ReadMemory, RescueOptions, RescueResult } from './rescue-options.ts';
export { completeManner, gnuManner, type Manner } from './strategy/manner.ts';
export type { Pace, Phase, Reply, Request, Steps } from './strategy/request.ts';
export { Rescue } from './strategy/rescue.ts';
export { resolveSettings, type SettingsInput, type StrategySettings } from './strategy/settings.ts';
export { rescueSteps, type StepsEnd } from './strategy/steps.ts';
export { VERSION } from './version.ts';
export { BesideThread, closeBesideThread } from './worker/beside-thread.ts';
export {
  type Following,
  type FollowingRescue,
  mergeFiles,
  RescueWorker,
  rescueFiles,
} from './worker/host.ts';
export type {
  ChunkCheck,
  ChunkJob,
  FileRescueEvent,
  FileRescueJob,
  FileRescueResult,
  MapTrouble,
  TroubleAnswer,
} from './worker/job.ts';
export { closeReaderThread, readerThread } from './worker/reader-thread.ts';
export { rescueFilesBlocking } from './worker/rescue-files-blocking.ts';
export { withBadAreas } from './wrap/bad-areas.ts';
export { withBadSectorData } from './wrap/bad-sector-data.ts';
export { type CheckedSource, withCheckOnError } from './wrap/check-on-error.ts';
export { withCompareBeforeWrite } from './wrap/compare-before-write.ts';
export { withOutputOffset } from './wrap/output-offset.ts';
export { withRateLimit } from './wrap/rate-limit.ts';
export { type ReadRecord, withReadLog } from './wrap/read-log.ts';
