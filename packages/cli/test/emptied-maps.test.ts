/** A map that says nothing beside data that it should know of: no fresh start, whoever emptied it. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Answer, DEMO, rescueCommand, temporaryDirectory } from './command.ts';

const EMPTY = {
  'an empty file': '',
  comments: '# Mapfile.\n# words\n',
  'carriage returns for line ends': '# Mapfile.\r0x0 + 1\r0x0 0x400000 +\r',
  'a status line': '0x00000000     ?               1\n',
} as const;

const CASES = Object.entries(EMPTY);
/** What an empty map looks like is looked at once; the other commands are given two kinds. */
const TWO = CASES.slice(1, 3);

/** Refused with this status, and no file changed. */
function expectRefused(files: readonly string[], status: number, work: () => Answer): string {
  const before = files.map((path) => readFileSync(path, 'latin1'));
  const answer = work();
  expect([answer.status, answer.stdout]).toEqual([status, '']);
  expect(files.map((path) => readFileSync(path, 'latin1'))).toEqual(before);
  return answer.stderr;
}

describe('rescue copy', () => {
  test.each(TWO)('does not begin anew beside a map that is %s', (_, text) => {
    const dir = temporaryDirectory();
    const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
    rescueCommand(['copy', DEMO, out, map]);
    rmSync(`${map}.bak`, { force: true });
    writeFileSync(map, text);
    const stderr = expectRefused([out, map], 7, () => rescueCommand(['copy', DEMO, out, map]));
    expect(stderr).toContain(`The map ${map} says nothing, as after a power cut`);
    expect(stderr).toContain(`cp '${map}.bak' '${map}'`);
    // Whoever says so has it overwritten.
    expect(rescueCommand(['copy', DEMO, out, map, '--force']).status).toBe(0);
  });

  test('quotes a name in what is to be copied', () => {
    const dir = join(temporaryDirectory(), "it's $(here)");
    mkdirSync(dir);
    const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
    copyFileSync(DEMO, out);
    writeFileSync(map, '');
    const { stderr } = rescueCommand(['copy', DEMO, out, map]);
    expect(stderr).toContain(`/it'\\''s $(here)/m.map'`);
  });
});

test.each(TWO)('rescue read does not begin anew beside a common map that is %s', (_, text) => {
  const out = temporaryDirectory();
  const read = (): Answer =>
    rescueCommand(['read', DEMO, '--next', '--chunk-size', '1MiB', '--out', out]);
  read();
  const map = join(out, 'common.map');
  rmSync(`${map}.bak`, { force: true });
  writeFileSync(map, text);
  const files = [map, join(out, 'chunk00.raw'), join(out, 'chunk00.map')];
  expect(expectRefused(files, 7, read)).toContain('holds data');
  // Without it the map is made anew from what is there.
  rmSync(map);
  expect(read().status).toBe(0);
  expect(readFileSync(map, 'utf8')).toContain('# Job:');
});

test.each(TWO)('rescue merge does not begin anew beside a map that is %s', (_, text) => {
  const dir = temporaryDirectory();
  const at = (name: string): string => join(dir, name);
  rescueCommand(['read', DEMO, '--chunk', '0-1', '--chunk-size', '1MiB', '--out', dir]);
  const merge = (name: string): Answer => rescueCommand(['merge', at(name), at('final.raw')]);
  merge('chunk00.raw');
  rmSync(at('final.map.bak'), { force: true });
  writeFileSync(at('final.map'), text);
  const files = [at('final.raw'), at('final.map')];
  expect(expectRefused(files, 7, () => merge('chunk01.raw'))).toContain('holds data');
});

describe('rescue ddrescue', () => {
  const ddrescue = (...words: string[]): Answer => rescueCommand(['ddrescue', ...words]);

  test.each(CASES)('does not begin anew beside a mapfile that is %s', (_, text) => {
    const dir = temporaryDirectory();
    const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
    ddrescue(DEMO, out, map);
    writeFileSync(map, text);
    const stderr = expectRefused([out, map], 1, () => ddrescue(DEMO, out, map));
    expect(stderr).toMatch(/^ddrescue: .*: The mapfile has no blocks, as after a power cut/);
    expect(stderr).toContain(`cp '${map}.bak' '${map}'`);
    rmSync(map);
    expect(ddrescue(DEMO, out, map).status).toBe(0);
  });

  test('does not begin anew where the mapfile is gone and its copy is there', () => {
    const dir = join(temporaryDirectory(), "it's here");
    mkdirSync(dir);
    const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
    ddrescue(DEMO, out, map);
    renameSync(map, `${map}.bak`);
    const files = [out, `${map}.bak`];
    const stderr = expectRefused(files, 1, () => ddrescue(DEMO, out, map));
    expect(existsSync(map)).toBe(false);
    expect(stderr).toMatch(/^ddrescue: .*: The mapfile is missing, but its copy has blocks/);
    const command = /copy it back: (cp .*)/.exec(stderr)?.[1] ?? '';
    expect(spawnSync('sh', ['-c', command]).status).toBe(0);
    expect(ddrescue(DEMO, out, map).status).toBe(0);
  });

  test.each([
    ['the output has no data', '0 + 1\n0 512 +\n', false],
    ['the copy has no blocks', '# Mapfile.\n', true],
    ['the copy is no map', 'words\n', true],
  ])('begins without a mapfile where %s', (_, bak, hasData) => {
    const dir = temporaryDirectory();
    const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
    if (hasData) copyFileSync(DEMO, out);
    writeFileSync(`${map}.bak`, bak);
    expect(ddrescue(DEMO, out, map).status).toBe(0);
    expect(readFileSync(out).equals(readFileSync(DEMO))).toBe(true);
  });

  test.each(TWO)('begins with a mapfile that is %s where nothing is lost', (_, text) => {
    const dir = temporaryDirectory();
    const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
    writeFileSync(map, text);
    expect(ddrescue(DEMO, out, map).status).toBe(0);
    // All hole: nobody wrote there.
    rmSync(out);
    writeFileSync(out, '');
    truncateSync(out, 1e6);
    writeFileSync(map, text);
    expect(ddrescue(DEMO, out, map).status).toBe(0);
    expect(readFileSync(out).equals(readFileSync(DEMO))).toBe(true);
  });
});
