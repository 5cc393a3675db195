import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string =>
  fileURLToPath(new URL(`../packages/${path}`, import.meta.url));

/** Unit tests run the sources; tests of the worker and of the command run what `npm run build` made. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: {
    alias: [
      { find: '@chunkrescue/mapfile', replacement: source('mapfile/src/index.ts') },
      { find: '@chunkrescue/engine/testing', replacement: source('engine/src/testing/index.ts') },
      { find: '@chunkrescue/engine', replacement: source('engine/src/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts', 'docs/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
