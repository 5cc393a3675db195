/**
 * Names and texts from outside that a terminal would obey: none of it is said raw, by any command. File names can hold
 * everything but `/` and NUL; comments and locks everything.
 */
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seal } from '../../engine/src/chunks/seal.ts';
import { type Answer, DEMO, rescueCommand, temporaryDirectory } from './command.ts';

/** Clears a screen by both sets of control characters, turns writing round, forges a line of ours. */
const EVIL = "a\u001b[2J\u009b31m\u202eb\u2066c\u0007\r\nrescue: all is rescued, 100 % 'd";
const OBEYED = /(?![\n\t])[\p{Cc}\p{Cf}]/u;
/** How the screen of the drop-in goes up. */
const UP = '\u001b[A';
const CUT = ['--chunk-size', '1MiB'];

/** Nothing that was said is obeyed, nor looks as if we had said it. */
function expectHarmless(answer: Answer): Answer {
  const { stdout, stderr } = answer;
  const said = (stdout + stderr).replaceAll(UP, '').replaceAll('\r', '');
  expect(said).not.toMatch(OBEYED);
  expect(said).not.toMatch(/^rescue: all is rescued/m);
  expect(said).not.toContain('fault of rescue');
  return answer;
}

const run = (...words: string[]): Answer => expectHarmless(rescueCommand(words));

/** A folder of a hostile name, with a copy of the demo disk of such a name. */
function place(): { dir: string; disk: string } {
  const dir = join(temporaryDirectory(), EVIL);
  mkdirSync(dir);
  const disk = join(dir, EVIL);
  copyFileSync(DEMO, disk);
  return { dir, disk };
}

test('hostile names of disks, folders, chunks and images are not obeyed by a terminal', () => {
  const { dir, disk } = place();
  expect(run('read', disk, '--chunk', '0-1', ...CUT, '--out', dir).status).toBe(0);
  const image = join(dir, `${EVIL}.raw`);
  const chunks = [0, 1].map((number) => join(dir, `chunk0${number}.raw`));
  run('merge', ...chunks, image);
  expect(run('status', dir).stdout).toContain('chunk');
  run('plan', disk, ...CUT, '--out', dir);
  run('verify', ...chunks);
  run('copy', disk, join(dir, 'whole.img'), join(dir, EVIL.repeat(2)));
  for (const command of ['read', 'copy', 'merge', 'status', 'verify', 'plan']) {
    run(command, join(dir, `${EVIL}none`), join(dir, `${EVIL}other`));
  }
});

test('JSON says the same, with what a terminal would obey as numbers', () => {
  const { dir, disk } = place();
  const { stdout } = run('read', disk, '--chunk', '0', ...CUT, '--out', dir, '--json');
  const words = stdout.trimEnd().split('\n');
  expect(words.map((line) => JSON.parse(line).type)).toContain('chunk');
  const { stdout: status } = run('status', dir, '--json');
  expect(JSON.stringify(JSON.parse(status))).toContain(JSON.stringify(EVIL).slice(1, -1));
});

test('a map that cannot be read, or is no map, is told of in harmless words', () => {
  const { dir } = place();
  const map = join(dir, `${EVIL}.map`);
  writeFileSync(map, `# ${EVIL}\n0 ${EVIL} 1\n0 \u001b[2J +\n`);
  for (const action of ['show', 'lint', 'each']) run('map', action, map);
  run('copy', DEMO, join(dir, 'x.img'), map);
  for (const command of ['ddrescue', 'ddrescuelog']) {
    run(command, DEMO, join(dir, `${EVIL}x`), map);
    run(command, '-t', map, join(dir, `${EVIL}none`));
    run(command, '-l+', map);
  }
});

test('the drop-ins name hostile files in harmless words', () => {
  const { dir, disk } = place();
  const [out, map] = [join(dir, `${EVIL}o`), join(dir, `${EVIL}m`)];
  expect(run('ddrescue', '-vv', disk, out, map).status).toBe(0);
  for (const name of [disk, join(dir, 'none', EVIL)]) run('ddrescue', name, dir, map);
  const { stdout: summary } = run('ddrescuelog', '-t', '-v', map);
  expect(summary).toContain('rescued');
  const header = readFileSync(map, 'utf8').split('\n').slice(0, 6).join('\n');
  expect(header).not.toMatch(OBEYED);
});

test('what a device, a receipt or a map says of itself is not obeyed by a terminal', () => {
  const { dir, disk } = place();
  run('read', disk, '--chunk', '0', ...CUT, '--out', dir);
  for (const name of ['chunk00.map', 'common.map']) {
    const path = join(dir, name);
    const lines = readFileSync(path, 'utf8').split('\n');
    const own = EVIL.replaceAll(/[\r\n]/g, '');
    const more = ['model', 'serial', 'WWN', 'backing file'].map((it) => `# Source ${it}: ${own}`);
    const command = `# Command line: rescue read ${own}`;
    writeFileSync(
      path,
      seal([...lines.slice(0, 4), ...more, command, ...lines.slice(4)].join('\n')),
    );
  }
  run('status', dir);
  run('map', 'show', join(dir, 'common.map'));
  run('read', DEMO, '--chunk', '1', '--out', dir);
  run('merge', join(dir, 'chunk00.raw'), join(dir, 'final.raw'));
  run('verify', join(dir, 'chunk00.raw'));
});

test('the holder of a lock says who it is in harmless words', () => {
  const dir = temporaryDirectory();
  const lock = { id: 'x', pid: 1, host: `${EVIL}${hostname()}`, flock: true, date: EVIL };
  writeFileSync(join(dir, 'm.map.lock'), JSON.stringify(lock));
  const [out, map] = [join(dir, 'o.img'), join(dir, 'm.map')];
  const { status, stderr } = run('copy', DEMO, out, map);
  expect([status, stderr]).toEqual([7, expect.stringContaining('is in use by process 1')]);
  expect(run('ddrescue', DEMO, out, map).status).toBe(1);
});

test('a map of 3 GiB is refused at once, whichever command is given it', () => {
  const dir = temporaryDirectory();
  const [map, raw] = [join(dir, 'chunk03.map'), join(dir, 'chunk03.raw')];
  writeFileSync(raw, 'x');
  writeFileSync(map, '');
  truncateSync(map, 3 * 1024 ** 3);
  const commands = [
    ['map', 'show', map],
    ['map', 'lint', map],
    ['status', map],
    ['verify', raw],
    ['merge', raw, join(dir, 'final.raw')],
    ['copy', DEMO, join(dir, 'o.img'), map],
    ['read', DEMO, '--domain-map', map, '--out', dir],
    ['read', DEMO, '--all', '--map', map, '--out', dir],
    ['plan', DEMO, '--map', map],
    ['ddrescue', DEMO, join(dir, 'o.img'), map],
    ['ddrescue', '-m', map, DEMO, join(dir, 'o.img')],
    ['ddrescuelog', '-t', map],
  ];
  for (const words of commands) {
    const { status, signal, stdout, stderr } = run(...words);
    expect([words, signal, stdout + stderr]).toEqual([
      words,
      null,
      expect.stringMatching(/3221225472 bytes|more than 503316480 bytes/),
    ]);
    expect(status).toBeGreaterThan(0);
  }
});
