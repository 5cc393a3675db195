import {
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type OpenSource, openSource, type Phase } from '@chunkrescue/engine';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyImage, loopOver, missingTools, outputOf } from './loop-disk.ts';
import { rescueErrorOf, scratchFolder } from './scratch.ts';

const SIZE = 64 * 1024;

/** A file that is read as `auto` says, and how often it had to stay with the cache. */
function autoSource(path: string): { source: OpenSource; fallbacks: () => number } {
  let count = 0;
  const source = openSource(path, { direct: 'auto', onFallback: () => count++ });
  onTestFinished(() => source.close());
  return { source, fallbacks: () => count };
}

function enter(source: OpenSource, phase: Phase): void {
  source.enter?.({ phase, sectorSize: 512 });
}

/** How this process has a file open: `cached` and `direct`, once for each descriptor. */
function waysOpen(path: string): string[] {
  const ways: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== path) continue;
      const flags = /flags:\s*([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
      const isDirect = (Number.parseInt(flags?.[1] ?? '0', 8) & constants.O_DIRECT) !== 0;
      ways.push(isDirect ? 'direct' : 'cached');
    } catch {
      // The descriptor of the folder itself is gone by now.
    }
  }
  return ways.sort();
}

function image(): string {
  const path = join(scratchFolder(), 'disk.img');
  writeFileSync(path, Buffer.alloc(SIZE, 'disk'));
  return path;
}

/** The first bytes, as they are read. */
function textAt(source: OpenSource, pos: number): string {
  const into = new Uint8Array(8);
  const { copied } = source.read(pos, into) as { copied: number };
  return Buffer.from(into.subarray(0, copied)).toString();
}

const isLinux = process.platform === 'linux';

describe.skipIf(!isLinux)('direct reading by itself', () => {
  test('begins with the first phase after copying, through a second descriptor', () => {
    const path = image();
    const { source, fallbacks } = autoSource(path);
    enter(source, 'copying');
    expect(waysOpen(path)).toEqual(['cached']);
    enter(source, 'trimming');
    expect(waysOpen(path)).toEqual(['cached', 'direct']);
    expect(textAt(source, 3)).toBe('kdiskdis');
    enter(source, 'scraping');
    enter(source, 'retrying');
    expect(waysOpen(path)).toEqual(['cached', 'direct']);
    source.close();
    source.close();
    expect(waysOpen(path)).toEqual([]);
    expect(fallbacks()).toBe(0);
  });

  test('is kept when the source is reopened', () => {
    const path = image();
    const { source } = autoSource(path);
    enter(source, 'trimming');
    source.reopen?.();
    expect(textAt(source, 0)).toBe('diskdisk');
    expect(waysOpen(path)).toEqual(['cached', 'direct']);
  });

  test('refuses another file under the name of the first', () => {
    const path = image();
    const { source } = autoSource(path);
    enter(source, 'copying');
    renameSync(path, `${path}.old`);
    writeFileSync(path, Buffer.alloc(SIZE, 'evil'));
    const error = rescueErrorOf(() => enter(source, 'trimming'));
    expect(error).toMatchObject({ code: 'source-lost', path });
    expect(error.message).toContain('another device now');
    expect(waysOpen(path)).toEqual([]);
  });

  test('tells a device that is gone as lost', () => {
    const path = image();
    const { source } = autoSource(path);
    rmSync(path);
    const error = rescueErrorOf(() => enter(source, 'trimming'));
    expect(error).toMatchObject({ code: 'source-lost', errno: 'ENOENT' });
    expect(error.hint).toContain('What was read is saved');
  });

  // No file of /proc can be opened with O_DIRECT.
  test.skipIf(!existsSync('/proc/self/status'))(
    'stays with the cache where the file system has none, and says so once',
    () => {
      const { source, fallbacks } = autoSource('/proc/self/status');
      enter(source, 'copying');
      expect(fallbacks()).toBe(0);
      for (const phase of ['trimming', 'scraping', 'retrying'] as const) {
        enter(source, phase);
        expect(textAt(source, 0)).toMatch(/^Name:/);
      }
      source.reopen?.();
      expect(textAt(source, 0)).toMatch(/^Name:/);
      expect(fallbacks()).toBe(1);
    },
  );

  const missing = missingTools('losetup');
  test.skipIf(missing !== undefined)(
    `stays with the cache where only the first read is refused${missing ? ` (${missing})` : ''}`,
    (context) => {
      const path = emptyImage(1024 * 1024);
      writeFileSync(path, Buffer.alloc(1024 * 1024, 'disk'));
      const device = loopOver(path);
      if (device === undefined) return context.skip('no loop device');
      const { source, fallbacks } = autoSource(device);
      enter(source, 'trimming');
      expect(textAt(source, 512)).toBe('diskdisk');
      // From now on the device takes whole sectors of 4096 bytes only.
      expect(outputOf('losetup', '--sector-size', '4096', device)).toBeDefined();
      expect(fallbacks()).toBe(0);
      expect(source.read(512, source.allocate?.(512) as Uint8Array)).toEqual({
        copied: 512,
        errno: undefined,
      });
      expect(textAt(source, 1024)).toBe('diskdisk');
      enter(source, 'scraping');
      expect(fallbacks()).toBe(1);
    },
  );
});

test('always is refused where it is not possible, never and auto open', () => {
  if (!existsSync('/proc/self/status')) return;
  const open = (direct: 'always' | 'never' | 'auto'): void =>
    openSource('/proc/self/status', { direct }).close();
  expect(rescueErrorOf(() => open('always')).code).toBe('direct-unsupported');
  open('never');
  open('auto');
});
