/**
 * The letters of a mapfile and what they mean, in one table each.
 * Terms and order follow the GNU ddrescue manual, "Mapfile structure".
 */

/** Status of a block: non-tried, non-trimmed, non-scraped, bad sector(s), finished. */
export type BlockStatus = '?' | '*' | '/' | '-' | '+';

/** What a run was doing when the map was written; `+` is finished. */
export type RunState = '?' | '*' | '%' | '/' | '-' | 'F' | 'G' | '+';

/**
 * Block statuses in order of progress: a later one knows more about the block than an earlier one.
 * The index is the status' code in {@link RescueMap}.
 */
export const BLOCK_STATUSES: readonly BlockStatus[] = ['?', '*', '/', '-', '+'];

/** The words people use for each status. */
export const BLOCK_STATUS_NAMES: Readonly<Record<BlockStatus, string>> = {
  '?': 'non-tried',
  '*': 'non-trimmed',
  '/': 'non-scraped',
  '-': 'bad-sector',
  '+': 'finished',
};

/** Names of the run states, as ddrescue's event log prints them. */
export const RUN_STATE_NAMES: Readonly<Record<RunState, string>> = {
  '?': 'copying',
  '*': 'trimming',
  '%': 'sweeping',
  '/': 'scraping',
  '-': 'retrying',
  F: 'filling',
  G: 'generating',
  '+': 'finished',
};

const codes: Readonly<Record<BlockStatus, number>> = { '?': 0, '*': 1, '/': 2, '-': 3, '+': 4 };

/** Place of a status in the order of progress: 0 for `?` up to 4 for `+`. */
export function progressOf(status: BlockStatus): number {
  return codes[status];
}

/** True for the five block letters. */
export function isBlockStatus(text: string): text is BlockStatus {
  return Object.hasOwn(codes, text);
}

/** True for the eight letters of a status line. */
export function isRunState(text: string): text is RunState {
  return Object.hasOwn(RUN_STATE_NAMES, text);
}
