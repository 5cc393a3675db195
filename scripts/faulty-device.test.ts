import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FaultyDevice, missingForDevices, startFaultyDevice } from './faulty-device.ts';
import { demoImage, makeDemo } from './make-demo.ts';
import { missingOracle, runOracle } from './oracle.ts';

let directory: string;
const inDirectory = (name: string): string => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'faulty-test-'));
  makeDemo(directory);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Reads sectors in one request past the page cache: their bytes, or undefined when dd failed. */
function readDirect(path: string, first: number, count = 1): Buffer | undefined {
  const args = [`if=${path}`, 'iflag=direct,skip_bytes', `skip=${first * 512}`];
  const { status, stdout } = spawnSync('dd', [...args, `bs=${count * 512}`, 'count=1']);
  return status === 0 ? stdout : undefined;
}

const missing = missingForDevices();

describe.skipIf(missing !== undefined)(`a faulty device ${missing ?? ''}`, () => {
  describe.each([
    ['block device', true],
    ['regular file', false],
  ])('as a %s', (_, loop) => {
    let shared: string;
    let device: FaultyDevice;
    beforeAll(async () => {
      shared = mkdtempSync(join(tmpdir(), 'faulty-test-'));
      makeDemo(shared);
      const [image, badMap] = [join(shared, 'demo.img'), join(shared, 'demo-bad.map')];
      device = await startFaultyDevice({ image, badMap, loop });
    });
    afterAll(async () => {
      await device.close();
      rmSync(shared, { recursive: true });
    });

    // Sectors 77, 700 and 702 are bad, and so is 3968 with the 319 behind it.
    test.each([
      ['before a bad sector', 76, 1],
      ['behind a bad sector', 78, 1],
      ['between two bad sectors', 701, 1],
      ['up to a bad sector', 0, 77],
      ['behind a long bad area', 4288, 128],
      ['of the tail', 8192, 3],
    ])('gives the bytes %s', (_, first, count) => {
      const wanted = demoImage().subarray(first * 512, (first + count) * 512);
      expect(readDirect(device.path, first, count)?.equals(wanted)).toBe(true);
    });

    test.each([
      ['a bad sector', 77, 1],
      ['a cluster that ends with a bad sector', 0, 78],
      ['a cluster with a bad sector inside', 640, 128],
      ['the first of a bad area', 3968, 1],
      ['the last of a bad area', 4287, 1],
    ])('fails a read of %s', (_, first, count) => {
      expect(readDirect(device.path, first, count)).toBeUndefined();
    });

    const noOracle = missingOracle();
    test.skipIf(noOracle !== undefined)(`GNU finds the very bad areas ${noOracle ?? ''}`, () => {
      const [out, map] = [inDirectory('out.img'), inDirectory('out.map')];
      const run = runOracle(['-q', '-d', '-b', '512', device.path, out, map]);
      expect(run).toMatchObject({ status: 0, stderr: '' });
      const wanted = inDirectory('demo-bad.map');
      const compared = runOracle(['-p', wanted, map], { tool: 'ddrescuelog' });
      expect(compared).toMatchObject({ status: 0, stderr: '' });
    });
  });

  test('is gone after close, and close may be called twice', async () => {
    const [image, badMap] = [inDirectory('demo.img'), inDirectory('demo-bad.map')];
    const device = await startFaultyDevice({ image, badMap, loop: true, delayMs: 1 });
    const backing = backingOf(device.path);
    expect(existsSync(backing)).toBe(true);
    await device.close();
    await device.close();
    expect(spawnSync('losetup', ['-a'], { encoding: 'utf8' }).stdout).not.toContain(backing);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(backing);
    expect(existsSync(backing)).toBe(false);
  });

  test('is gone after the program that made it was killed', async () => {
    const program = `
      import { startFaultyDevice } from ${JSON.stringify(new URL('faulty-device.ts', import.meta.url).href)};
      import { readFileSync } from 'node:fs';
      const { path } = await startFaultyDevice({ image: 'demo.img', badMap: 'demo-bad.map', loop: true });
      const backing = readFileSync('/sys/block/' + path.slice(5) + '/loop/backing_file', 'utf8');
      process.stdout.write(backing, () => process.kill(process.pid, 'SIGKILL'));
    `;
    writeFileSync(inDirectory('program.mts'), program);
    const tsx = fileURLToPath(import.meta.resolve('tsx'));
    const run = spawnSync(process.execPath, ['--import', tsx, 'program.mts'], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect(run).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    const backing = run.stdout.trim();
    expect(backing).not.toBe('');
    await expect.poll(() => existsSync(backing), { timeout: 30_000 }).toBe(false);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(backing);
  });

  test('says what was wrong when it cannot be made', async () => {
    const [image, badMap] = [inDirectory('demo.img'), inDirectory('none.map')];
    await expect(startFaultyDevice({ image, badMap, loop: true })).rejects.toThrow('none.map');
  });
});

function backingOf(loop: string): string {
  const file = `/sys/block/${loop.slice('/dev/'.length)}/loop/backing_file`;
  return readFileSync(file, 'utf8').trim();
}
