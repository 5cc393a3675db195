import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RescueError } from '@chunkrescue/engine';
import { onTestFinished } from 'vitest';

/** A folder for one test, gone when it ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rescue-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Why {@link smallDisk} cannot work here, for a skipped test's title; undefined when it can. */
export function missingForSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? undefined : 'needs root to mount';
}

/** A mounted file system of a few KiB for one test; undefined when mounting is refused. */
export function smallDisk(kib: number): string | undefined {
  const folder = join(scratchFolder(), 'disk');
  mkdirSync(folder);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder]);
  if (mount.status !== 0) return undefined;
  onTestFinished(() => {
    spawnSync('umount', ['--lazy', folder]);
  });
  return folder;
}

/** The RescueError that a call throws. */
export function rescueErrorOf(call: () => unknown): RescueError {
  try {
    call();
  } catch (error) {
    if (error instanceof RescueError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}
