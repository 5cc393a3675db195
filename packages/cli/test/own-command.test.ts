import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asCalled, ownCommand } from '../src/screen/own-command.ts';
import { DEMO, rescueCommand, temporaryDirectory } from './command.ts';

test.each([
  ['rescue', '/usr/bin/rescue', {}],
  ['npx rescue', '/home/me/clone/node_modules/.bin/rescue', { npm_command: 'exec' }],
  ['npx rescue', '/home/me/clone/packages/cli/bin/rescue.js', { npm_execpath: '/npm-cli.js' }],
  ['node /opt/rescue/bin/rescue.js', '/opt/rescue/bin/rescue.js', {}],
  ["node '/media/my stick/rescue.js'", '/media/my stick/rescue.js', {}],
])('hints say %s as it was called', (expected, path, env) => {
  expect(ownCommand(path, env)).toBe(expected);
});

test('what is no command line stays as it is', () => {
  const text = 'A fault of rescue; see /my rescue read.md, and what this rescue was begun with.';
  expect(asCalled(text)).toBe(text);
});

test('commands to copy, and hints of trouble, can be given as they are told', () => {
  const dir = temporaryDirectory();
  const stick = join(dir, 'stick');
  mkdirSync(stick);
  const env = { npm_command: 'exec' };
  const cwd = dir;
  rescueCommand(['read', DEMO, '--chunk', '0', '--chunk-size', '1MiB', '--out', stick], { cwd });
  for (const [words, command] of [
    [['status', 'stick'], 'npx rescue merge stick/chunk00.raw final.raw'],
    [['plan', DEMO, '--out', 'stick'], `npx rescue read ${DEMO} --fit --out stick`],
    [['merge', 'final.raw'], 'npx rescue merge chunk*.raw final.raw'],
    [['read', DEMO], 'See npx rescue --help'],
  ] as const) {
    const { stdout, stderr } = rescueCommand(words, { cwd, env });
    expect(`${stdout}${stderr}`).toContain(command);
  }
});
