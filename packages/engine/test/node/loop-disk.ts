import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { scratchFolder } from './scratch.ts';

/**
 * Why these tools cannot be used as root here, for a skipped test's title; undefined when they can.
 */
export function missingTools(...tools: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0);
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}

/** Runs a command and gives what it prints; undefined when it fails. */
export function outputOf(command: string, ...words: readonly string[]): string | undefined {
  const run = spawnSync(command, words, { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** An empty file in a folder of its own. */
export function emptyImage(size: number): string {
  const path = join(scratchFolder(), 'disk.img');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  closeSync(fd);
  return path;
}

/** A loop device over a file for one test; undefined when it is refused. */
export function loopOver(path: string): string | undefined {
  const device = outputOf('losetup', '--find', '--show', path);
  if (device === undefined) return undefined;
  onTestFinished(() => {
    outputOf('losetup', '--detach', device);
  });
  return device;
}

/** A partition of a loop device, which goes with it; undefined when it is refused. Sectors. */
export function addPartition(
  device: string,
  number: number,
  place: { readonly start: number; readonly count: number },
): string | undefined {
  const words = [device, number, place.start, place.count].map(String);
  const path = `${device}p${number}`;
  if (outputOf('addpart', ...words) === undefined) return undefined;
  onTestFinished(() => {
    outputOf('delpart', device, String(number));
  });
  return path;
}

/** Mounts something in a new folder for one test; undefined when it is refused. */
export function mounted(...words: readonly string[]): string | undefined {
  const folder = join(scratchFolder(), 'mounted');
  mkdirSync(folder);
  return mountedIn(folder, ...words);
}

/** The same in a folder that is there. */
export function mountedIn(folder: string, ...words: readonly string[]): string | undefined {
  if (outputOf('mount', ...words, folder) === undefined) return undefined;
  onTestFinished(() => {
    outputOf('umount', '--lazy', folder);
  });
  return folder;
}

/**
 * Mounts with a program of FUSE, `%` in its words being the folder; undefined when it is refused.
 */
export function mountedByFuse(program: string, ...words: readonly string[]): string | undefined {
  const folder = join(scratchFolder(), 'mounted');
  mkdirSync(folder);
  const filled = words.map((word) => (word === '%' ? folder : word));
  if (outputOf(program, ...filled) === undefined) return undefined;
  onTestFinished(() => {
    outputOf('umount', folder);
  });
  return folder;
}

/** A mounted ext4 in a file: the file, its loop device and the folder. */
export function ext4Disk(): { image: string; device: string; folder: string } | undefined {
  const image = emptyImage(16 * 1024 * 1024);
  outputOf('mkfs.ext4', '-q', '-F', image);
  const device = loopOver(image);
  const folder = device && mounted(device);
  return device && folder ? { image, device, folder } : undefined;
}
