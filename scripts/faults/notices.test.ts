/** The loops of faults can fail: each rule that a save keeps is broken once, and that is noticed. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../fuzz-random.ts';
import { cutLoop } from './loop-cut.ts';
import { failLoop } from './loop-fail.ts';
import { killLoop } from './loop-kill.ts';
import type { FileId, Operation } from './operation.ts';
import { originals, UNKNOWN } from './patched-fs.ts';
import { type Places, type Prepared, prepared, type Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { randomWorld } from './world.ts';

const world = { ...randomWorld(new Random(3), 14), saveIntervalMs: 0 };
const copying = scenarios(world)[0] as Scenario;
const merging = scenarios(world).find(({ name }) => name === 'merge') as Scenario;

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notices-'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

type Sabotage = (operations: readonly Operation[]) => readonly Operation[];

/** Leaves out what a test says. */
const without =
  (
    isLeftOut: (operation: Operation, files: ReadonlySet<FileId>) => boolean,
    made: RegExp,
  ): Sabotage =>
  (operations) => {
    const files = new Set<FileId>();
    for (const operation of operations) {
      if (operation.kind === 'create' && made.test(operation.path)) files.add(operation.file);
    }
    return operations.filter((operation) => !isLeftOut(operation, files));
  };

const withoutFolder = (name: RegExp): Sabotage =>
  without((operation) => operation.kind === 'sync-folder' && name.test(operation.path), /^$/);

const isSyncOf = (operation: Operation, files: ReadonlySet<FileId>): boolean =>
  operation.kind === 'sync' && files.has(operation.file);

/** The map has its name before its text is durable. */
const renamedTooSoon: Sabotage = (operations) => {
  const early = [...operations];
  for (const [index, operation] of operations.entries()) {
    if (operation.kind !== 'rename' || operation.path !== 'pc/copy.map') continue;
    early.splice(index, 1);
    const at = early.findLastIndex(
      (each, i) => i < index && each.kind === 'sync' && each.file === operation.file,
    );
    early.splice(at, 0, operation);
  }
  return early;
};

describe('the loop of power cuts notices', () => {
  const sabotages: readonly (readonly [string, Scenario, Sabotage])[] = [
    ['an image that is not synced before its map', copying, without(isSyncOf, /copy\.raw$/)],
    ['a new map that is not synced', copying, without(isSyncOf, /copy\.map.*tmp$/)],
    ['a new map that has its name before it is synced', copying, renamedTooSoon],
    ['a folder that is not synced after a rename', copying, withoutFolder(/^pc$/)],
    ['a folder that is not synced after the image is made', copying, withoutFolder(/^image$/)],
    ['a merged image that is not synced', merging, without(isSyncOf, /final\.raw$/)],
    ['a folder of proofs that is not durable', merging, withoutFolder(/chunks$/)],
  ];

  test.each(sabotages)('%s', (_, scenario, sabotage) => {
    const job = prepared(scenario, base);
    const how = { rule: 'strict', seed: 1, resumesEach: 1000, failuresMax: 5 } as const;
    expect(cutLoop(job, how).failures).toEqual([]);
    expect(cutLoop(job, { ...how, sabotage }).failures.length).toBeGreaterThan(0);
  });
});

/** A program that saves in its own way. */
function toy(save: (places: Places, text: string, fd: number) => void): Prepared {
  const { disk } = copying.truth;
  const scenario: Scenario = {
    ...copying,
    name: 'toy',
    prepare: () => {},
    run: (places, saved) => {
      const fd = openSync(join(places.dir, 'image/copy.raw'), 'w');
      try {
        for (let pos = 0; pos < disk.length; pos += 1024) {
          const size = Math.min(1024, disk.length - pos);
          writeSync(fd, disk, pos, size, pos);
          save(places, `0 ? 1\n0 ${pos + size} +\n${pos + size} 4096 ?\n`, fd);
          saved();
        }
      } finally {
        closeSync(fd);
      }
    },
  };
  return prepared(scenario, base);
}

function writeMap({ dir }: Places, text: string): void {
  const fd = openSync(join(dir, 'pc/copy.map'), 'w');
  writeFileSync(fd, text);
  closeSync(fd);
}

describe('the loop of kills notices', () => {
  test('a map that is written in place', () => {
    const { failures } = killLoop(toy((places, text) => writeMap(places, text)));
    expect(failures.join('\n')).toMatch(/torn/);
    expect(failures.join('\n')).toMatch(/not claimed any more/);
  });

  test('bytes that never came to the image', () => {
    const { failures } = killLoop(prepared(copying, base), {
      choose: ({ number }) => number > 60 && number < 70,
      lies: ({ number, name, path }) =>
        name === 'writeSync' && path === 'image/copy.raw' && number < 60
          ? { kind: 'lie' }
          : undefined,
    });
    expect(failures.join('\n')).toMatch(/does not have it/);
  });
});

describe('the loop of failed calls notices', () => {
  const eio = { kind: 'fail', errno: 'EIO' } as const;

  test('a failed sync that is tried again and believed', () => {
    const job = toy((places, text, fd) => {
      try {
        fsyncSync(fd);
      } catch {
        fsyncSync(fd);
      }
      writeMap(places, text);
    });
    const { failures } = failLoop(job, { faults: [eio], lasting: ['once'] });
    expect(failures.join('\n')).toMatch(/does not have it/);
  });

  test('a failed sync that nobody heard of', () => {
    const { failures } = failLoop(prepared(copying, base), {
      faults: [{ kind: 'lie' }],
      lasting: ['once'],
      choose: ({ name, path }) => name === 'fdatasyncSync' && path === 'image/copy.raw',
    });
    expect(failures.join('\n')).toMatch(/does not have it/);
  });

  test('a program that goes on and on', () => {
    const job = toy((places, text) => {
      for (;;) {
        try {
          return writeMap(places, text);
        } catch (error) {
          if (!(error instanceof Error && 'syscall' in error)) throw error;
        }
      }
    });
    const { failures } = failLoop(job, { faults: [eio], lasting: ['everywhere'] });
    expect(failures.join('\n')).toMatch(/goes on and on/);
  });
});

test('the layer knows every call with which the program changes files', () => {
  const packages = fileURLToPath(new URL('../../packages', import.meta.url));
  const sources = readdirSync(packages, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /^\w+\/src\/.*\.ts$/.test(path),
  );
  expect(sources.length).toBeGreaterThan(100);
  const used = new Set<string>();
  for (const path of sources) {
    const text = readFileSync(join(packages, path), 'utf8');
    for (const [, names = ''] of text.matchAll(/import \{([^}]*)\} from 'node:fs';/g)) {
      for (const name of names.split(',')) used.add(name.trim());
    }
    expect(text, dirname(path)).not.toMatch(/from 'node:fs\/promises'|import fs from 'node:fs'/);
  }
  expect(UNKNOWN.filter((name) => used.has(name))).toEqual([]);
  expect(Object.keys(originals).filter((name) => !used.has(name))).toEqual([]);
});
