/** Command lines to copy. What stands in files may be anything: it must not become a command. */
import { basename, dirname } from 'node:path';
import { type JobStatus, shellWord } from '@chunkrescue/engine';

const PLAIN = /^[\w@%+=:,./][\w@%+=:,./-]*$/;

/** `rescue read` of this rescue; with words to be replaced where something is not known here. */
export function readCommand(job: JobStatus, options: readonly string[]): string {
  const [common] = job.commons;
  const out = stickOf(job);
  const isDefault =
    common !== undefined &&
    basename(common.path) === 'common.map' &&
    shellWord(dirname(common.path)) === out;
  const map = isDefault ? [] : ['--map', shellWord(common?.path ?? 'COMMON')];
  return ['rescue read', sourceOf(job), ...options, '--out', out, ...map].join(' ');
}

/** The folder where chunks or receipts of the rescue lie. */
export function stickOf({ chunks, receipt }: JobStatus): string {
  const file = chunks.flatMap(({ files }) => files)[0]?.pair.raw;
  const kept = receipt !== undefined && /^receipt-/.test(basename(receipt.path));
  const path = file ?? (kept ? receipt.path : undefined);
  return path === undefined ? '/media/stick' : shellWord(dirname(path));
}

/** The name that the disk had then; `rescue read` finds it by more than its name. */
function sourceOf({ commons }: JobStatus): string {
  for (const { mapfile } of commons) {
    for (const line of mapfile.heading) {
      const [, word = ''] = /^# Command line: rescue read (\S+)/.exec(line) ?? [];
      if (PLAIN.test(word)) return word;
    }
  }
  return 'SOURCE';
}

/** Whether the rescue was read with `--free` before; then the next command says so again. */
export function wasFreeing({ commons }: JobStatus): boolean {
  const line = /^# Command line: rescue read .*--free\b/;
  return commons.some(({ mapfile }) => mapfile.heading.some((each) => line.test(each)));
}
