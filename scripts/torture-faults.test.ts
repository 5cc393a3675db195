import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killSweep, PROGRAM_JOBS } from './faults/kill-program.ts';

const FRESH_SEED = Date.now() % 1_000_000;
const KILLS = 6;

test.each(PROGRAM_JOBS)(
  `rescue $name, killed at calls that change a file, goes on to the same end (seed ${FRESH_SEED})`,
  (job) => {
    const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'program-'));
    try {
      const swept = killSweep(job, { base, seed: FRESH_SEED, killsMax: KILLS });
      expect(swept.failures.join('\n')).toBe('');
      expect(swept.calls).toBeGreaterThan(10);
      expect(swept.tried).toBe(KILLS);
      expect(swept.resumed).toBe(swept.tried);
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  },
);
