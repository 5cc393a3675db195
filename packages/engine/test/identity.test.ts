import { type SourceIdentity, sameIdentity } from '@chunkrescue/engine';
import { expect, test } from 'vitest';

test.each<[string, SourceIdentity, SourceIdentity, string]>([
  ['nothing known', {}, {}, 'unknown'],
  ['nothing in common', { serial: 'a' }, { wwn: 'a' }, 'unknown'],
  ['empty parts', { serial: '' }, { serial: '' }, 'unknown'],
  [
    'one partition behind another adapter',
    { partitionUuid: 'u', serial: 'a' },
    { partitionUuid: 'u', serial: 'b' },
    'same',
  ],
  [
    'two partitions of one disk',
    { partitionUuid: 'u', serial: 'a' },
    { partitionUuid: 'v', serial: 'a' },
    'different',
  ],
  ['one serial number', { serial: 'a', model: 'x' }, { serial: 'a', model: 'y' }, 'same'],
  [
    'one serial number, two wwns',
    { serial: 'a', wwn: '1' },
    { serial: 'a', wwn: '2' },
    'different',
  ],
  [
    'two serial numbers, one wwn',
    { serial: 'a', wwn: '1' },
    { serial: 'b', wwn: '1' },
    'different',
  ],
  ['one wwn', { wwn: '1' }, { wwn: '1', serial: 'a' }, 'same'],
  ['one backing file', { backingFile: '/a' }, { backingFile: '/a' }, 'same'],
  ['two backing files', { backingFile: '/a' }, { backingFile: '/b' }, 'unknown'],
  ['one model', { model: 'x' }, { model: 'x' }, 'unknown'],
  ['two models', { model: 'x' }, { model: 'y' }, 'different'],
])('%s', (_, a, b, expected) => {
  expect(sameIdentity(a, b)).toBe(expected);
  expect(sameIdentity(b, a)).toBe(expected);
});
