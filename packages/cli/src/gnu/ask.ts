/** `--ask`: shows what would be copied where, and waits for a yes. */
import { existingSize, openFileSource, RescueError } from '@chunkrescue/engine';
import { grouped, scaled } from '../screen/gnu-numbers.ts';
import type { RunParts } from './rescue-mode.ts';

/** Whether the user says yes. */
export function ask({ values, names, io, rescue }: RunParts): boolean {
  const isBinary = values['binary-prefixes'] ?? false;
  const { map } = rescue;
  let size = 0;
  for (let i = 0; i < map.count; i++) if (map.isInDomain(i)) size += map.endAt(i) - map.posAt(i);
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
  const parts = [`'${path}'`];
  try {
    const file = openFileSource(path, { direct: false });
    const { model, serial } = file.identity;
    file.close();
    if (model !== undefined || serial !== undefined)
      parts.push(`[${model ?? ''}::${serial ?? ''}]`);
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
  }
  const size = existingSize(path);
  if (size !== undefined) parts.push(`(${grouped(size)})`);
  return parts.join(' ');
}
