/** Chunks that travel compressed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { canPack } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import { DEMO, fixture, MIB, rescueCommand, temporaryDirectory } from './command.ts';

function folders(): { stick: string; home: string; map: string } {
  const dir = temporaryDirectory();
  const [stick, home] = [join(dir, 'stick'), join(dir, 'home')];
  mkdirSync(stick);
  mkdirSync(home);
  return { stick, home, map: join(home, 'common.map') };
}

function read(stick: string, map: string, ...more: string[]): ReturnType<typeof rescueCommand> {
  const demo = ['-H', fixture('demo-bad.map'), '--chunk-size', '1MiB'];
  return rescueCommand(['read', DEMO, ...demo, '--out', stick, '--map', map, ...more]);
}

describe('read --compress', () => {
  test('leaves small chunks on the stick that merge and verify as the others do', () => {
    const { stick, home, map } = folders();
    expect(read(stick, map, '--all', '--compress', 'gzip').status).toBe(4);
    const names = readdirSync(stick).filter((name) => name.endsWith('.gz'));
    expect(names).toEqual([0, 1, 2, 3, 4].map((i) => `chunk0${i}.raw.gz`));
    expect(readdirSync(home).sort()).toEqual(['common.map', 'common.map.bak']);
    const content = gunzipSync(readFileSync(join(stick, 'chunk03.raw.gz')));
    expect(content.length).toBe(MIB);
    const plain = folders();
    read(plain.stick, plain.map, '--all');
    const image = (from: string): Buffer => {
      const final = join(from, '..', 'final.raw');
      expect(rescueCommand(['merge', from, final]).status).toBe(4);
      return readFileSync(final);
    };
    expect(image(stick).equals(image(plain.stick))).toBe(true);
    expect(rescueCommand(['verify', stick]).status).toBe(0);
    const again = read(stick, map, '--all', '--compress', 'gzip');
    expect(again.stdout).toContain('finished before; nothing to do');
  });

  test('names the files that are there, also those of a second time', () => {
    const { stick, map } = folders();
    const first = read(stick, map, '--chunk', '0', '--compress', 'gzip');
    const file = (name: string): string => join(stick, name);
    expect(first.stdout).toContain(
      `\n  ${file('chunk00.raw.gz')}  ${file('chunk00.raw.gz.map')}\n`,
    );
    const second = read(stick, map, '--chunk', '0', '--compress', 'gzip', '--reread');
    expect(second.stdout).toContain(
      `\n  ${file('chunk00-2.raw.gz')}  ${file('chunk00-2.raw.gz.map')}\n`,
    );
    expect(existsSync(file('chunk00-2.raw.gz.map'))).toBe(true);
  });

  test('takes zstd where Node has it, and says so where it has not', () => {
    const { stick, map } = folders();
    const { status, stderr } = read(stick, map, '--chunk', '4', '--compress', 'zstd');
    if (!canPack('zstd')) {
      expect([status, stderr]).toEqual([1, expect.stringContaining('has no zstd; use gzip')]);
      return;
    }
    expect(status).toBe(0);
    expect(rescueCommand(['verify', join(stick, 'chunk04.raw.zst')]).status).toBe(0);
  });

  test('refuses a compressed chunk of which a byte changed', () => {
    const { stick, home, map } = folders();
    read(stick, map, '--chunk', '1', '--compress', 'gzip');
    const raw = join(stick, 'chunk01.raw.gz');
    const bytes = readFileSync(raw);
    for (const at of [0, 20, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x10;
      writeFileSync(raw, changed);
      const merge = rescueCommand(['merge', raw, join(home, 'final.raw')]);
      expect([at, merge.status, merge.stderr]).toEqual([at, 2, expect.stringContaining('chunk01')]);
    }
    expect(existsSync(join(home, 'final.map'))).toBe(false);
    writeFileSync(raw, bytes.subarray(0, -40));
    expect(rescueCommand(['merge', raw, join(home, 'final.raw')]).status).toBe(2);
  });

  test('grows in --stage, and beside the stick-to-be when there is no other place', () => {
    const { stick, home } = folders();
    const own = join(stick, 'common.map');
    expect(read(stick, own, '--chunk', '4', '--compress', 'gzip').status).toBe(0);
    expect(readdirSync(stick).filter((name) => name.startsWith('chunk'))).toEqual([
      'chunk04.raw.gz',
      'chunk04.raw.gz.map',
    ]);
    expect(read(stick, own, '--chunk', '4', '--stage', home).status).toBe(1);
    expect(read(stick, own, '--chunk', '0', '--stage', home, '--compress', 'gzip').status).toBe(4);
    expect(readdirSync(home)).toEqual([]);
    expect(execFileSync('gzip', ['-t', join(stick, 'chunk00.raw.gz')]).toString()).toBe('');
  });
});
