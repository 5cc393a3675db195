import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const source = (path: string): string =>
  fileURLToPath(new URL(`../packages/${path}`, import.meta.url));

const INCLUDE = ['packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts', 'docs/**/*.test.ts'];

/** What makes devices and file systems, or how long it takes is looked at: one after the other. */
const ALONE = [
  ...[
    ...['device', 'device-direct', 'direct', 'gnu-command', 'gnu-logs', 'gnu-screen'],
    ...['gnu-waiting', 'lost-source', 'map-trouble', 'other-disk', 'reopening', 'signals'],
    ...['silent-loss-*', 'start-up', 'stick', 'traps', 'traps-devices', 'trips', 'two-instances'],
  ].map((name) => `packages/cli/test/${name}.test.ts`),
  'packages/engine/test/{beside-thread,doubtful,hostile-chunks,pending-read,worker}.test.ts',
  'packages/engine/test/node/**/*.test.ts',
  'scripts/{faulty-device,torture-ext4,torture-kills}.test.ts',
];

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
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'together',
          include: INCLUDE,
          exclude: [...configDefaults.exclude, ...ALONE],
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
