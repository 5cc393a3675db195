import { afterEach, beforeEach, describe } from 'vitest';
import { allowFsExt } from '../../src/node/fs-ext.ts';

// Each file of tests has a process of its own, so this is the only thread that loads it.
allowFsExt();

/** Runs the tests twice: with the optional package fs-ext, and as if it were not installed. */
export function withAndWithoutFsExt(title: string, tests: (hasFsExt: boolean) => void): void {
  describe.each([
    ['with fs-ext', true],
    ['without fs-ext', false],
  ])(`${title}, %s`, (_, hasFsExt) => {
    let before: string | undefined;
    beforeEach(() => {
      before = process.env['RESCUE_NO_FS_EXT'];
      process.env['RESCUE_NO_FS_EXT'] = hasFsExt ? '0' : '1';
    });
    afterEach(() => {
      if (before === undefined) delete process.env['RESCUE_NO_FS_EXT'];
      else process.env['RESCUE_NO_FS_EXT'] = before;
    });
    tests(hasFsExt);
  });
}
