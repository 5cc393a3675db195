/** Whether two programs made the same: a benchmark of wrong results must fail. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @throws Error when they differ in a byte */
export function checkSameBytes(one: string, other: string): void {
  const { status, stdout, stderr } = spawnSync('cmp', [one, other], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`wrong result: ${stdout}${stderr}`.trim());
}

/** @throws Error when two mapfiles differ in a block. Comments and the status line may differ. */
export function checkSameBlocks(one: string, other: string): void {
  if (blockLines(one) !== blockLines(other)) {
    throw new Error(`wrong result: other blocks in ${one} than in ${other}`);
  }
}

/** The text behind the status line, without comments and in one way of writing numbers. */
function blockLines(path: string): string {
  const lines = readFileSync(path, 'latin1').split('\n');
  const blocks = lines.filter((line) => line !== '' && !line.startsWith('#')).slice(1);
  return blocks
    .join('\n')
    .replace(/0x0*(?=[0-9A-F])/gi, '')
    .replace(/ +/g, ' ')
    .toUpperCase();
}
