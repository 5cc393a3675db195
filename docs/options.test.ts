import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OPTIONS_PAGE, optionsPage } from '../scripts/make-options.ts';
import { missingOracle, runOracle } from '../scripts/oracle.ts';

describe('docs/options.md', () => {
  test('is what npm run docs:options makes', () => {
    expect(readFileSync(OPTIONS_PAGE, 'utf8')).toBe(optionsPage());
  });
});

const missing = missingOracle();
describe.skipIf(missing !== undefined)(`all of GNU's options ${missing ?? ''}`, () => {
  test.each(['ddrescue', 'ddrescuelog'] as const)('of %s are on the page', (tool) => {
    const { stdout } = runOracle(['--help'], { tool });
    const page = optionsPage();
    const options = [...stdout.matchAll(/^ {2}(?:-(\w), |\s+)--([\w-]+)/gm)];
    expect(options.length).toBeGreaterThan(25);
    const absent = options.filter(([, letter, name]) => {
      const long = `\`--${name}\``;
      return !page.includes(letter === undefined ? long : `\`-${letter}\` ${long}`);
    });
    expect(absent.map(([line]) => line)).toEqual([]);
  });
});
