import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('docs/own-device.mjs rescues its device, stops half-way, goes on, and ends with the right bytes', () => {
  const program = fileURLToPath(new URL('own-device.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const told = lines.slice(0, -4).map((line) => line.split(' ') as [string, string]);
  expect(told.map(([type]) => type)).toEqual(
    expect.arrayContaining(['started', 'phase', 'progress', 'saved', 'ended']),
  );
  const stoppedAt = Number(told.at(-1)?.[1]);
  expect(stoppedAt).toBeGreaterThan(500_000);
  expect(stoppedAt).toBeLessThan(600_000);
  expect(lines.slice(-4)).toEqual([
    'aborted half-way, then:',
    '0 299008 + right',
    '299008 1024 - unreadable',
    '300032 699968 + right',
  ]);
});
