/** Maps that cannot be saved: full disks, and sticks that were pulled. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeStick, missingForStick } from '../../../scripts/stick.ts';
import { DEMO, MIB, rescueCommand, startRescue, temporaryDirectory } from './command.ts';

const missing = missingForStick('ext4');
const title = (text: string): string => `${text}${missing ? ` (${missing})` : ''}`;
const mapOf = (path: string): RescueMap => parseMapfile(readFileSync(path, 'latin1')).map;

function mounted(folder: string, size: string): void {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder]);
  expect(status).toBe(0);
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
}

/** Nothing repeats in it, and nothing is zero. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  return bytes.map((byte) => byte | 1);
}

describe.skipIf(missing !== undefined)(title('a disk that fills up'), () => {
  const fills = ['tmpfs', 'ext4', 'fat32'] as const;
  const programs = [
    ['copy', 'map'],
    ['ddrescue', 'map'],
    ['read', 'common.map'],
  ] as const;
  const rows = fills.flatMap((kind) => programs.map((each) => [kind, ...each] as const));

  test.each(rows)(
    '%s, %s: the map claims what is there, and the rest comes when there is room',
    (kind, command, name) => {
      const dir = temporaryDirectory();
      const [folder, source] = [join(dir, 'disk'), join(dir, 'source')];
      mkdirSync(folder);
      const truth = noise(24 * MIB);
      writeFileSync(source, truth);
      if (kind === 'tmpfs') mounted(folder, '16m');
      else {
        const stick = makeStick(kind, {
          folder: dir,
          size: kind === 'fat32' ? 80 * MIB : 40 * MIB,
        });
        onTestFinished(() => stick.close());
        stick.mount(folder);
      }
      // So much is left, whatever the file system takes for itself.
      const left = 12 * MIB;
      const free = statfs(folder);
      if (free > left) writeFileSync(join(folder, 'ballast'), noise(free - left));
      const words = {
        copy: ['copy', source, 'image', 'map'],
        ddrescue: ['ddrescue', source, 'image', 'map'],
        read: ['read', source, '--chunk', '0', '--chunk-size', '24MiB', '--out', '.'],
      }[command];
      const run = rescueCommand(words, { cwd: folder });
      expect([run.status, run.stderr]).toEqual([1, expect.stringMatching(/no space left/i)]);
      const image = join(folder, command === 'read' ? 'chunk00.raw' : 'image');
      const map = mapOf(join(folder, name));
      expect(map.sizeOf('+')).toBeGreaterThan(8 * MIB);
      const there = readFileSync(image);
      for (const { pos, size } of map.ranges('+')) {
        expect(there.subarray(pos, pos + size).equals(truth.subarray(pos, pos + size))).toBe(true);
      }
      expect(readdirSync(folder).filter((each) => each.startsWith('.'))).toEqual([]);
      if (kind === 'tmpfs') spawnSync('mount', ['-o', 'remount,size=64m', folder]);
      else return;
      expect(rescueCommand(words, { cwd: folder }).status).toBe(0);
      expect(readFileSync(image).equals(truth)).toBe(true);
      expect(readdirSync(folder).filter((each) => each.startsWith('.'))).toEqual([]);
    },
  );
});

function statfs(folder: string): number {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%a %S', folder], { encoding: 'utf8' });
  const [blocks = 0, size = 0] = stdout.split(' ').map(Number);
  return blocks * size;
}

describe.skipIf(missing !== undefined)(title('a stick that is pulled'), () => {
  test.each(['copy', 'ddrescue'])(
    '%s: nothing is saved into the bare folder below',
    async (command) => {
      const dir = temporaryDirectory();
      const [folder, home] = [join(dir, 'stick'), join(dir, 'home')];
      mkdirSync(folder);
      mkdirSync(home);
      mounted(folder, '64m');
      const [image, map] = [join(folder, 'image'), join(folder, 'map')];
      const bad = join(dir, 'bad.map');
      writeFileSync(bad, '0 + 1\n0 0x100000000 +\n');
      const words =
        command === 'copy'
          ? ['copy', '-H', longBad(dir), longSource(dir), image, map]
          : ['ddrescue', '-q', '-c8', '-Z', '1Mi', '--mapfile-interval=0', DEMO, image, map];
      const run = startRescue(words, { cwd: home, env: { HOME: home } });
      onTestFinished(() => void run.kill('SIGKILL'));
      let stderr = '';
      run.stderr?.on('data', (text) => {
        stderr += text;
      });
      const end = once(run, 'close');
      while (!existsSync(map)) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(spawnSync('umount', ['-l', folder]).status).toBe(0);
      if (command === 'copy') run.kill('SIGINT');
      const [status, signal] = await end;
      expect(signal ?? status).toBe(command === 'copy' ? 'SIGINT' : 1);
      expect(stderr).toContain('another file system now');
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});

/** A source, and areas of it that fail, which take long to read. */
function longSource(dir: string): string {
  const path = join(dir, 'source');
  writeFileSync(path, '');
  spawnSync('truncate', ['-s', '4G', path]);
  return path;
}

function longBad(dir: string): string {
  const path = join(dir, 'long.map');
  const areas = Array.from(
    { length: 20_000 },
    (_, i) => `${i * 65536} 32768 +\n${i * 65536 + 32768} 32768 -\n`,
  );
  writeFileSync(path, `0 + 1\n${areas.join('')}`);
  return path;
}
