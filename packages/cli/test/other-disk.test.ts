/** Another disk of the same size, where nothing but its bytes tells it apart. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForDevices, startServedDevice } from '../../../scripts/faulty-device.ts';
import { MIB, rescueCommand, temporaryDirectory } from './command.ts';

const SIZE = 2 * MIB;
const missing = missingForDevices();

describe.skipIf(missing !== undefined)(
  `the file behind a loop device becomes another one${missing ? ` (${missing})` : ''}`,
  () => {
    function attached(image: string): { device: string; detach: () => void } {
      const { status, stdout } = spawnSync('losetup', ['--find', '--show', image], {
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      const device = stdout.trim();
      const detach = (): void => void spawnSync('losetup', ['--detach', device]);
      onTestFinished(detach);
      return { device, detach };
    }

    test.each([['read'], ['copy']])('%s refuses it', (command) => {
      const dir = temporaryDirectory();
      const at = (name: string): string => join(dir, name);
      for (const name of ['disk', 'other']) writeFileSync(at(name), randomBytes(SIZE));
      const words = (device: string, ...more: string[]): string[] =>
        command === 'read'
          ? ['read', device, '--out', dir, '--map', at('map'), '--chunk-size', '1MiB', ...more]
          : ['copy', device, at('image'), at('map'), ...more];
      const first = attached(at('disk'));
      rescueCommand(words(first.device, ...(command === 'read' ? ['--chunk', '0'] : [])));
      first.detach();
      renameSync(at('other'), at('disk'));
      const second = attached(at('disk'));
      const before = readFileSync(at('map'), 'utf8');
      const more = command === 'read' ? ['--all'] : [];
      const { status, stderr } = rescueCommand(words(second.device, ...more));
      expect([status, stderr]).toEqual([7, expect.stringContaining('belongs to another disk')]);
      expect(readFileSync(at('map'), 'utf8')).toBe(before);
    });
  },
);

test.skipIf(missing !== undefined)(
  `a loop device over a file that cannot be looked at any more concerns nobody else${missing ? ` (${missing})` : ''}`,
  async () => {
    const dir = temporaryDirectory();
    const at = (name: string): string => join(dir, name);
    for (const name of ['disk', 'other']) writeFileSync(at(name), randomBytes(SIZE));
    const dead = await startServedDevice({ nbdkit: ['file', at('other')], loop: true });
    onTestFinished(() => dead.close());
    const server = readFileSync(join(dirname(dead.file), 'nbdfuse.pid'), 'utf8');
    process.kill(Number(server), 'SIGKILL');
    await expect.poll(() => errnoOf(() => statSync(dead.file)), { timeout: 5000 }).toBeDefined();
    mkdirSync(at('stick'));
    const disk = at('disk');
    const map = ['--map', at('common.map')];
    for (const words of [
      ['copy', disk, at('image'), at('map')],
      ['ddrescue', disk, at('gnu.image'), at('gnu.map')],
      ['read', disk, '--out', at('stick'), '--all', ...map],
      ['merge', at('stick'), at('final')],
    ]) {
      const { status, stderr } = rescueCommand(words);
      expect([words[0], status, stderr]).toEqual([words[0], 0, expect.anything()]);
    }
    expect(readFileSync(at('final')).equals(readFileSync(disk))).toBe(true);
  },
);

test('copy with the map of another disk is told where a map of its own is named', () => {
  const dir = temporaryDirectory();
  const [one, two, map] = ['one', 'two', 'map'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(one, randomBytes(SIZE));
  writeFileSync(two, randomBytes(2 * SIZE));
  rescueCommand(['copy', one, join(dir, 'image'), map]);
  const { status, stderr } = rescueCommand(['copy', two, join(dir, 'other'), map]);
  expect([status, stderr]).toEqual([7, expect.stringContaining('the third argument of copy')]);
});

describe('a map that does not say which disk it is of', () => {
  /** As ddrescue saves it: without our comments. */
  function begun(): { dir: string; disk: string; image: string; map: string } {
    const dir = temporaryDirectory();
    const [disk, image, map] = ['disk', 'image', 'map'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(disk, randomBytes(SIZE));
    rescueCommand(['copy', disk, image, map]);
    const blocks = `0x0 ? 1\n0x0 ${SIZE / 2} +\n${SIZE / 2} ${SIZE / 2} ?\n`;
    writeFileSync(map, blocks);
    return { dir, disk, image, map };
  }

  test('is refused with another disk than the image has, unless somebody insists', () => {
    const { dir, image, map } = begun();
    const other = join(dir, 'other');
    writeFileSync(other, randomBytes(SIZE));
    const refused = rescueCommand(['copy', other, image, map]);
    expect([refused.status, refused.stderr]).toEqual([
      7,
      expect.stringContaining('does not say which disk it is of'),
    ]);
    expect(rescueCommand(['copy', '--adopt', other, image, map]).status).toBe(0);
  });

  test('goes on with the disk that the image has', () => {
    const { disk, image, map } = begun();
    expect(rescueCommand(['copy', disk, image, map]).status).toBe(0);
    expect(readFileSync(image).equals(readFileSync(disk))).toBe(true);
  });
});

function errnoOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
