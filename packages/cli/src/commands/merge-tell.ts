/** What `rescue merge` says of its chunks and its image. */
import {
  chunkName,
  type MergedChunk,
  type MergeResult,
  type ReceiptNote,
  shellWord,
} from '@chunkrescue/engine';
import type { Context } from '../context.ts';
import { EXIT, type ExitStatus, statusOfCode, worse } from '../exit.ts';
import { ownCommand } from '../screen/own-command.ts';
import { bytes, count, percent, span } from '../screen/units.ts';

export function tellChunk(chunk: MergedChunk, context: Context): void {
  const { raw, refusal, added, replaced } = chunk;
  if (refusal !== undefined) {
    const { code, message, hint } = refusal;
    context.report.error({ code, message: `Refused: ${message}`, hint });
    return;
  }
  const nothing = chunk.isRepeated ? 'already merged' : 'nothing new in it';
  const bad = chunk.unread === 0 ? '' : `; ${bytes(chunk.unread)} of it could not be read`;
  const fresh = added === 0 ? nothing : `${added} bytes merged`;
  const again = replaced === 0 ? '' : `; ${replaced} bytes of the image replaced by the chunk's`;
  const text = `${fresh}${again}${bad}`;
  context.report.result({ type: 'chunk', ...chunk }, `${raw}: ${text}`);
  if (!chunk.isOurs) {
    context.report.warning(
      `${raw}: its map was not written by rescue; that the file holds what the map says cannot be checked.`,
    );
  }
}

/** A stick on the way back, which brings nothing new. */
export function tellEmptied(folder: string, image: string, context: Context): void {
  context.report.result(
    { type: 'emptied', folder, image },
    `${folder}: nothing new there. It has no chunks, only the receipt for what is in ${image} already.`,
  );
}

export function tellImage(
  result: MergeResult,
  { folders, ...files }: { image: string; map: string; folders: readonly string[] },
  context: Context,
): ExitStatus {
  const { totals, missing, manifest } = result;
  const nothing = `${files.image}: nothing was merged; it was not made.`;
  const lines = [
    totals.size === 0
      ? nothing
      : `${files.image}: ${totals.rescued} of ${totals.size} bytes rescued (${percent(totals.rescued, totals.size)})`,
  ];
  if (totals.bad > 0) {
    const [first] = result.unread;
    lines.push(
      `  ${bytes(totals.bad)} could not be read, the first from position ${first?.pos} on; ${files.map} says where`,
    );
  }
  if (totals.unfinished > 0) {
    lines.push(
      `  ${bytes(totals.unfinished)} that failed, not read to the end; read those chunks again`,
    );
  }
  const missingWords = missingLines(result);
  for (const line of missingWords) lines.push(`  ${line}`);
  if (missingWords.length > 0) {
    const places = [files.image, ...folders].map(shellWord).join(' ');
    lines.push(`  Where that is, and what comes next: ${ownCommand()} status ${places}`);
  }
  // Stopped in its first chunk, the image knows nothing of the source yet.
  if (manifest.sourceSize === undefined && totals.size > 0 && result.end === 'finished') {
    lines.push('  The size of the whole source is not known; the image ends with the last chunk');
  }
  const { unchecked = 0 } = manifest;
  if (unchecked > 0) {
    lines.push(
      `  ${bytes(unchecked)} came from chunks whose map was not written by rescue and may be a plan only:`,
      '  what of it could not be read is not known',
    );
  }
  const refused = result.chunks.filter((chunk) => chunk.refusal !== undefined);
  if (result.end === 'aborted') {
    lines.push('  Stopped before the end; what was merged is saved. The same command goes on.');
  }
  if (refused.length > 0) lines.push(`  ${count(refused.length, 'chunk')} refused, see above`);
  const { sourceSize } = manifest;
  const record = {
    type: 'image',
    ...files,
    ...totals,
    missing,
    unread: result.unread,
    unchecked,
    sourceSize,
  };
  context.report.result({ ...record, end: result.end }, lines.join('\n'));
  const isWhole = totals.size > 0 && totals.rescued === totals.size;
  const isProven = unchecked === 0 && sourceSize !== undefined;
  const isComplete = isWhole && isProven && result.end === 'finished';
  const status = isComplete ? EXIT.rescued : EXIT.incomplete;
  tellReceipts(result.receipts, context);
  if (isComplete) {
    context.report.note(
      'Work on a copy of the image, or mount it read-only: it is the only one that is whole.',
    );
  }
  return refused.reduce<ExitStatus>(
    (worst, { refusal }) => (refusal ? worse(worst, statusOfCode(refusal.code)) : worst),
    status,
  );
}

function tellReceipts(receipts: readonly ReceiptNote[], context: Context): void {
  for (const { path, problem, isFull } of receipts) {
    const remedy = isFull
      ? 'Make room on the stick (a few KiB)'
      : 'Mount the stick so that it can be written to';
    context.report.note(
      problem === undefined
        ? `${path} tells the other PC what may be deleted from the stick (${ownCommand()} read --free).`
        : `No receipt could be written to ${path} (${problem}). It tells the other PC what arrived here, so that ${ownCommand()} read --free may delete it from the stick. ${remedy} and merge again: that writes it.`,
    );
  }
}

const NAMED_MAX = 20;

/** What is still to be carried, by chunk where the chunk size is known. */
function missingLines(result: MergeResult): string[] {
  const { missing, manifest } = result;
  const size = missing.reduce((sum, range) => sum + range.size, 0);
  if (size === 0) return [];
  const { chunkSize } = manifest;
  if (chunkSize === undefined) {
    const places = missing
      .slice(0, NAMED_MAX)
      .map(({ pos, size: length }) => span(pos, pos + length));
    const more = missing.length > NAMED_MAX ? `, and ${missing.length - NAMED_MAX} more` : '';
    return [`missing ${bytes(size)}: ${places.join(', ')}${more}`];
  }
  const numbers = new Set<number>();
  for (const range of missing) {
    const last = Math.floor((range.pos + range.size - 1) / chunkSize);
    for (let i = Math.floor(range.pos / chunkSize); i <= last; i++) numbers.add(i);
  }
  return [`missing ${bytes(size)}: ${chunkList([...numbers].sort((a, b) => a - b))}`];
}

/** `chunk01, chunk03 - chunk07`. */
function chunkList(numbers: readonly number[]): string {
  const spans: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const first = numbers[i] as number;
    while (numbers[i + 1] === (numbers[i] as number) + 1) i++;
    const last = numbers[i] as number;
    spans.push(first === last ? chunkName(first) : `${chunkName(first)} - ${chunkName(last)}`);
  }
  const more = spans.length > NAMED_MAX ? `, and ${spans.length - NAMED_MAX} more` : '';
  return `${spans.slice(0, NAMED_MAX).join(', ')}${more}`;
}
