import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { deviceInfo } from '../../src/node/device-info.ts';

test('a character device has no size', () => {
  const fd = openSync('/dev/null', 'r');
  expect(deviceInfo(fd)).toEqual({
    kind: 'other',
    size: undefined,
    sectorSize: 512,
    physicalSectorSize: 512,
    identity: {},
  });
  closeSync(fd);
});
