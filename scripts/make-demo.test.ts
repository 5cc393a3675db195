import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { demoImage, makeDemo } from './make-demo.ts';
import { missingOracle, runOracle } from './oracle.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../test-fixtures/${name}`, import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'demo-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the demo disk', () => {
  test.each(['demo.img', 'demo-bad.map'])('%s is what npm run demo:make makes', (name) => {
    makeDemo(directory);
    expect(readFileSync(join(directory, name)).equals(readFileSync(fixture(name)))).toBe(true);
  });

  test('tells its number in every sector that is not empty', () => {
    const image = demoImage();
    for (let pos = 0; pos < image.length; pos += 512) {
      const text = image.toString('latin1', pos, pos + 512);
      const number = String(pos / 512).padStart(7, '0');
      if (text.startsWith('\0')) expect(text).toBe('\0'.repeat(512));
      else expect(text).toMatch(new RegExp(`^sector ${number} of [\\n -~]*\\n$`));
    }
  });
});

const missing = missingOracle();
describe.skipIf(missing !== undefined)(`the demo disk and GNU ddrescue ${missing ?? ''}`, () => {
  test('a test-mode rescue (-H) ends with exactly the bad areas unread', () => {
    const [out, map] = [join(directory, 'out.img'), join(directory, 'out.map')];
    const run = runOracle(['-q', '-H', fixture('demo-bad.map'), fixture('demo.img'), out, map]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const compared = runOracle(['-p', fixture('demo-bad.map'), map], { tool: 'ddrescuelog' });
    expect(compared).toMatchObject({ status: 0, stderr: '' });
  });
});
