import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type SourceFile, wrongImports } from './imports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function sourcesOf(name: string): SourceFile[] {
  const folder = `packages/${name}/src`;
  if (!existsSync(root + folder)) return [];
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path}`)
    .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }));
}

test.each(readdirSync(`${root}packages`))('%s imports only what it may', (name) => {
  expect(wrongImports(sourcesOf(name))).toEqual([]);
});

describe('the check of imports', () => {
  test('says where, what, and what would be right', () => {
    const path = 'packages/engine/src/strategy/x.ts';
    expect(wrongImports([{ path, text: "// One.\nimport fs from 'node:fs';\n" }])).toEqual([
      `${path}:2 imports node:fs; packages/engine/src/strategy/ may import only its own files and @chunkrescue/mapfile`,
    ]);
  });

  test.each([
    ['mapfile/src/a.ts', "import { readFileSync } from 'node:fs';"],
    ['mapfile/src/a.ts', "import type { Source } from '@chunkrescue/engine';"],
    ['mapfile/src/a.ts', "export * from '../../engine/src/ports.ts';"],
    ['mapfile/src/a.ts', "import '../test/runs.ts';"],
    ['mapfile/src/a.ts', 'console.log(1);'],
    ['engine/src/a.ts', "import 'node:fs';"],
    ['engine/src/a.ts', "import {\n  a,\n  type B,\n} from 'yargs';"],
    ['engine/src/a.ts', "const cli = await import('@chunkrescue/cli');"],
    ['engine/src/a.ts', "import { b } from '@chunkrescue/mapfile/dist/b.js';"],
    ['engine/src/a.ts', "import { b } from '../../mapfile/src/b.ts';"],
    ['engine/src/a.ts', "type A = import('../../cli/src/a.ts').A;"],
    ['engine/src/a.ts', 'process.exit(1);'],
    ['engine/src/node/a.ts', "import pino from 'pino';"],
    ['engine/src/node/a.ts', 'if (bad) process.exit();'],
    ['engine/src/worker/a.ts', "import { openSync } from 'node:fs';"],
    ['engine/src/worker/a.ts', "import { flockSync } from 'fs-ext';"],
    ['engine/src/testing/a.ts', "import { open } from '../node/file-source.ts';"],
    ['engine/src/testing/a.ts', "import assert from 'node:assert';"],
    ['engine/src/strategy/a.ts', "import type { Source } from '../ports.ts';"],
    ['engine/src/strategy/a.ts', 'export async function* steps() {}'],
    ['engine/src/strategy/a.ts', 'const now = Date.now();'],
    ['engine/src/strategy/a.ts', 'const now = performance.now();'],
    ['engine/src/strategy/a.ts', 'const odd = Math.random();'],
    ['engine/src/strategy/a.ts', 'setTimeout(step, 0);'],
    ['cli/src/a.ts', "import { a } from '../../engine/src/a.ts';"],
    ['cli/src/a.ts', "import { a } from '@chunkrescue/engine/dist/a.js';"],
    ['other/src/a.ts', ''],
  ])('catches, in %s: %s', (path, text) => {
    expect(wrongImports([{ path: `packages/${path}`, text }])).toHaveLength(1);
  });

  test.each([
    ['mapfile/src/a.ts', "import { b } from './b.ts';\nexport { c } from './c/d.ts';"],
    ['mapfile/src/a.ts', "/* import 'node:fs' */ // console.log\nconst url = 'http://x'; "],
    [
      'engine/src/a.ts',
      "import { RescueMap } from '@chunkrescue/mapfile';\nawait Promise.all([]);",
    ],
    ['engine/src/node/a.ts', "import { readSync } from 'node:fs';\nimport fsExt from 'fs-ext';"],
    ['engine/src/node/a.ts', 'process.exitCode = 1;'],
    ['engine/src/worker/a.ts', "import 'node:worker_threads';\nimport '../node/clock.ts';"],
    ['engine/src/strategy/a.ts', '/** Nothing async here. */\nexport const word = "await";'],
    ['cli/src/a.ts', "import 'node:fs';\nimport 'pino';\nimport '@chunkrescue/engine/testing';"],
    ['cli/src/a.ts', 'process.exit(console.log(1));'],
  ])('lets pass, in %s: %s', (path, text) => {
    expect(wrongImports([{ path: `packages/${path}`, text }])).toEqual([]);
  });
});
