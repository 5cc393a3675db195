import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '@chunkrescue/engine';
import { describe, expect, test } from 'vitest';
import { DEMO, fixture, rescueCommand, temporaryDirectory } from './command.ts';

const PROGRAM = fileURLToPath(new URL('../bin/rescue.js', import.meta.url));
const MAP = fixture('demo-bad.map');

/** Says at its end what this process loaded: files of the bundle, and what Node has built in. */
const SPY = `
  process.on('exit', () => {
    const files = Object.keys(require.cache).map((path) => require('node:path').parse(path).name);
    const builtIn = process.moduleLoadList.map((module) => module.replace('NativeModule ', ''));
    require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify({ files, builtIn }));
  });
  require(process.argv[1]);`;

function loadedBy(args: readonly string[]): { files: string[]; builtIn: string[] } {
  const dir = temporaryDirectory();
  const loaded = join(dir, 'loaded.json');
  const env = { ...process.env, LOADED: loaded };
  spawnSync(process.execPath, ['-e', SPY, PROGRAM, ...args], { cwd: dir, env });
  return JSON.parse(readFileSync(loaded, 'utf8'));
}

test.each(['mapfile', 'engine', 'cli'])('--version says what the package %s says', (name) => {
  const text = readFileSync(new URL(`../../${name}/package.json`, import.meta.url), 'utf8');
  expect(VERSION).toBe(JSON.parse(text).version);
  expect(rescueCommand(['--version'])).toMatchObject({
    status: 0,
    stdout: `${VERSION}\n`,
    stderr: '',
  });
});

describe('the program loads no more than it needs', () => {
  test.each([
    ['--version', []],
    ['--help', ['main']],
    [`map show ${MAP}`, ['main']],
    [`map show ${MAP} --log log`, ['main', 'pino']],
    ['status', ['main']],
    [`ddrescuelog -t ${MAP}`, ['ddrescuelog-host']],
    ['ddrescue --version', ['ddrescue-host']],
  ])('rescue %s', (words, files) => {
    expect(loadedBy(words.split(' ')).files).toEqual(['rescue', 'start', ...files]);
  });

  test.each([`map show ${MAP}`, 'status'])(
    'rescue %s has no use for threads, nor for the comparison of objects',
    (words) => {
      const { builtIn } = loadedBy(words.split(' '));
      expect(builtIn).not.toContain('worker_threads');
      expect(builtIn).not.toContain('assert');
    },
  );
});

test('the words of yargs are English, as ours', () => {
  const german = { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' };
  const { stdout } = rescueCommand(['map', '--help'], { env: german });
  expect(stdout).toContain('Options:');
  expect(rescueCommand(['status', '--jsno'], { env: german }).stderr).toContain('--json?');
});

test('bin and bundle alone are the program, threads and log too', () => {
  const dir = temporaryDirectory();
  for (const part of ['bin', 'bundle']) {
    const from = fileURLToPath(new URL(`../${part}`, import.meta.url));
    cpSync(from, join(dir, part), { recursive: true });
  }
  for (const args of [
    ['copy', DEMO, 'image', '--log', 'log'],
    ['ddrescue', DEMO, 'image2', 'map2'],
  ]) {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(dir, 'bin/rescue.js'), ...args, '-q'],
      { cwd: dir, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  expect(readFileSync(join(dir, 'log'), 'utf8')).toContain('"msg":"end"');
});

test('source maps lie beside the bundle, licences too', () => {
  for (const name of ['main.js.map', 'LICENSES.txt']) {
    expect(existsSync(new URL(`../bundle/${name}`, import.meta.url))).toBe(true);
  }
});

test.each([
  ['ours', ['status']],
  ['read', ['read', DEMO, '--all', '--out', '/nowhere']],
  ['ddrescue', ['ddrescue', 'a', 'b']],
  ['ddrescuelog', ['ddrescuelog', '-t', 'map']],
])('in a folder that is gone one sentence tells so (%s)', (_, args) => {
  const dir = temporaryDirectory();
  const script = `mkdir gone; cd gone; rmdir ../gone; exec "$@"`;
  const words = ['-c', script, 'sh', process.execPath, PROGRAM, ...args];
  const { status, stdout, stderr } = spawnSync('sh', words, { cwd: dir, encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^rescue: The folder you are in is gone[^\n]*\n$/);
});
