import { expect, test } from 'vitest';
import { missingForExt4, tortureExt4 } from './torture-ext4.ts';

const FRESH_SEED = Date.now() % 1_000_000;
const CUTS_WITH_CLAIMS = 5;

const missing = missingForExt4();
const title = `an ext4 that loses its power has what the map claims, and all of it at the end (seed ${FRESH_SEED})`;

test.skipIf(missing !== undefined)(missing ? `${title} (${missing})` : title, async () => {
  const { failures, cutsAfterEnd } = await tortureExt4({
    seed: FRESH_SEED,
    isEnough: ({ withClaims }) => withClaims >= CUTS_WITH_CLAIMS,
    afterMs: [0, 20],
  });
  expect(failures.join('\n')).toBe('');
  expect(cutsAfterEnd).toBeGreaterThan(0);
});
