/** `--ask`: shows what would be copied where, and waits for a yes. */
import { domainTotals, existingSize } from '@chunkrescue/engine';
import { groupedDigits, scaled } from '../screen/gnu-numbers.ts';
import { printable } from '../screen/units.ts';
import { deviceLabel } from './device-label.ts';
import type { RunParts } from './rescue-mode.ts';

/** Whether the user says yes. */
export function ask({ values, names, io, rescue }: RunParts): boolean {
  const isBinary = values['binary-prefixes'] ?? false;
  const size = domainTotals(rescue.map).domainSize;
  io.out(
    `GNU ddrescue 1.30\nAbout to copy ${scaled(size, 999_999, isBinary)}Bytes\n` +
      `from ${describe(names.infile)}\n` +
      `  to ${describe(names.outfile)}\n` +
      'Proceed (y/N)? ',
  );
  const answer = io.readLine() ?? '';
  io.out('\n');
  return /^\s*y/i.test(answer);
}

/** `'/dev/sdb' [model::serial] (500_107_862_016)`, as far as it is known. */
function describe(path: string): string {
  const size = existingSize(path);
  return `'${printable(path)}'${deviceLabel(path)}${size === undefined ? '' : ` (${groupedDigits(size)})`}`;
}
