import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('docs/own-device.mjs rescues its device, stops half-way, goes on, and ends with the right bytes', () => {
  const program = fileURLToPath(new URL('own-device.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toContain('copying, pass 1, forwards');
  const stopped = lines.find((line) => line.startsWith('aborted after '));
  expect(Number(stopped?.split(' ')[2])).toBeGreaterThan(500_000);
  expect(Number(stopped?.split(' ')[2])).toBeLessThan(600_000);
  expect(lines.slice(-3)).toEqual([
    '0 299008 + right',
    '299008 1024 - unreadable',
    '300032 699968 + right',
  ]);
});
