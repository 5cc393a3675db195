import { afterEach, beforeEach, describe } from 'vitest';

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
