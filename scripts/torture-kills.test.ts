import { expect, test } from 'vitest';
import { tortureKills } from './torture-kills.ts';

const FRESH_SEED = Date.now() % 1_000_000;

test(`what a map claims is in the output, whenever the rescue is killed (seed ${FRESH_SEED})`, async () => {
  const { failures, withClaims } = await tortureKills({ rescues: 3, seed: FRESH_SEED });
  expect(failures.join('\n')).toBe('');
  expect(withClaims).toBeGreaterThan(0);
});
