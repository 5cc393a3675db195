import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tidyUp } from './errno.ts';
import { syncFolder } from './paths.ts';

/**
 * Writes a small file so that its name always stands for a whole text, the old one or the new one; durable
 * on return. @throws a system error
 */
export function writeTextDurably(path: string, text: string): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, 'wx', 0o666);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    tidyUp(() => rmSync(temporary, { force: true }));
    throw error;
  }
}
