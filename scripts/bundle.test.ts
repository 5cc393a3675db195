import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FILES } from './bundle.ts';

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url));

test('every worker that a source starts is a file of the bundle', () => {
  const started = ['engine', 'cli'].flatMap((name) =>
    readdirSync(`${PACKAGES}${name}/src`, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => {
        const text = readFileSync(`${PACKAGES}${name}/src/${path}`, 'utf8');
        const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
        return [...text.matchAll(/new URL\(\s*'\.\/([\w-]+)\.js',\s*import\.meta\.url\s*\)/g)].map(
          ([, worker]) => [worker, `packages/${name}/dist/${folder}${worker}.js`],
        );
      }),
  );
  expect(started.length).toBeGreaterThanOrEqual(3);
  expect(FILES).toMatchObject(Object.fromEntries(started));
});
