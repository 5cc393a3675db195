/** What `rescue verify` says of each file. */
import { shellWord, type Verified } from '@chunkrescue/engine';
import type { Range } from '@chunkrescue/mapfile';
import type { Context } from '../context.ts';
import { ownCommand } from '../screen/own-command.ts';
import { bytes, count } from '../screen/units.ts';
import type { VerifyArguments } from './verify.ts';

const NAMED_MAX = 20;

export function tellVerified(
  verified: Verified,
  args: Pick<VerifyArguments, 'source'>,
  context: Context,
): void {
  const { path, refusal, different, unreadable, unchecked, same, isPastCache } = verified;
  if (refusal !== undefined) {
    context.report.error({ code: refusal.code, message: refusal.message, hint: refusal.hint });
    return;
  }
  const isDisk = args.source !== undefined;
  const good = isDisk
    ? `${path}: ${args.source} still gives the same for ${same} bytes of it`
    : `${path}: ${same} bytes are as they came from the source`;
  const lines = [good];
  if (different.length + unreadable.length > 0) {
    const what = isDisk ? 'gave something else' : 'not what was read';
    const pieces = (ranges: readonly Range[]): string =>
      `${count(ranges.length, 'piece')}: ${places(ranges)}`;
    if (different.length > 0) lines.push(`  ${what} in ${pieces(different)}`);
    if (unreadable.length > 0) lines.push(`  cannot be read now in ${pieces(unreadable)}`);
    lines.push(`  ${advice(args)}`);
  }
  if (unchecked > 0) {
    lines.push(
      `  ${bytes(unchecked)} have no digest (not written by rescue read): nobody can tell`,
    );
  }
  if (!isPastCache) {
    lines.push(
      "  read from the system's cache, perhaps: the disk cannot be read past it here. Unplug it, plug it in",
      '  again and verify once more to be sure',
    );
  }
  context.report.result({ type: 'verified', ...verified }, lines.join('\n'));
}

/** An image that has no digests, and what can be done with it. */
export function tellCopy(verified: Verified, context: Context): void {
  const { path, unchecked } = verified;
  const command = `${ownCommand()} verify ${shellWord(path)} --source DISK`;
  context.report.result(
    { type: 'verified', ...verified },
    `${path}: an image of rescue copy, as long as its map says. ${bytes(unchecked)} were rescued; nothing was compared.`,
  );
  context.report.note(
    `rescue copy takes no digests, so the image alone cannot tell whether it changed. To compare it with the disk, while that can still be read: ${command}`,
  );
}

function places(ranges: readonly Range[]): string {
  const named = ranges.slice(0, NAMED_MAX).map(({ pos, size }) => `${pos}-${pos + size}`);
  const more = ranges.length > NAMED_MAX ? `, and ${ranges.length - NAMED_MAX} more` : '';
  return `${named.join(', ')}${more}`;
}

function advice({ source }: Pick<VerifyArguments, 'source'>): string {
  return source === undefined
    ? `Where the chunk is still good: ${ownCommand()} merge --replace puts it in again. Otherwise copy it again from where it came, or read it again with --reread`
    : 'The disk or its cable gives wrong data without an error: try another cable or port first';
}
