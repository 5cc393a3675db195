/** Where a process cannot be started, the one that wanted it lives on. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const built = (path: string): string =>
  fileURLToPath(new URL(`../../dist/node/${path}`, import.meta.url));

/** In a process group of its own: what is sent to the whole group must not reach the tests. */
function run(script: string, path: string): { status: number | null; signal: string | null } {
  const words = ['--wait', process.execPath, '--input-type=module', '-e', script];
  const { status, signal } = spawnSync('/usr/bin/setsid', words, { env: { PATH: path } });
  return { status, signal };
}

test('nobody to hold a descriptor open', () => {
  const script = `
    import { keepOpen } from ${JSON.stringify(built('keep-open.js'))};
    keepOpen(0)();
    setTimeout(() => process.exit(5), 50);`;
  expect(run(script, '/nowhere')).toEqual({ status: 5, signal: null });
});

test('nobody to read directly', () => {
  const script = `
    import { DirectReads } from ${JSON.stringify(built('direct-reads.js'))};
    process.execPath = '/nowhere/node';
    const read = new DirectReads().read(0, new Uint8Array(512), 0);
    setTimeout(() => process.exit(read === undefined ? 5 : 6), 50);`;
  expect(run(script, '/nowhere')).toEqual({ status: 5, signal: null });
});
