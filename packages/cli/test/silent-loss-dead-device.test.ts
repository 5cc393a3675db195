/** A device that answers EIO to everything is ill, or away: it is no disk of bad sectors. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  missingForDevices,
  startFaultyDevice,
  startServedDevice,
} from '../../../scripts/faulty-device.ts';
import { DEMO, MIB, needing, temporaryDirectory } from './command.ts';
import {
  expectHeld,
  mapOf,
  missingForTracing,
  PROGRAMS,
  rescue,
  startTraced,
  traced,
  until,
} from './silent-loss-programs.ts';

const TRUTH = readFileSync(DEMO);
const SIZE = TRUTH.length;
/** GNU ddrescue makes 9,163 reads of so large a device, and marks all of it as bad. */
const READS_MAX = 1000;
/** The status of a source that went away. */
const LOST: Readonly<Record<string, number>> = { 'rescue copy': 6, 'rescue ddrescue': 1 };
const BAD_SECTORS: Readonly<Record<string, number>> = { 'rescue copy': 4, 'rescue ddrescue': 0 };

const dead = needing('a device that fails', missingForDevices() ?? missingForTracing());

describe.skipIf(dead.isSkipped)(dead.title, () => {
  interface Device {
    readonly path: string;
    readonly out: string;
    readonly map: string;
    /** What strace writes down of the reads. */
    readonly log: string;
    /** From now on each read fails. */
    die(): void;
    revive(): void;
  }

  async function device(): Promise<Device> {
    const dir = temporaryDirectory();
    const [out, map, log, trigger] = ['out', 'map', 'log', 'trigger'].map((name) =>
      join(dir, name),
    ) as [string, string, string, string];
    const faults = ['error-pread=EIO', 'error-pread-rate=100%', `error-pread-file=${trigger}`];
    const nbdkit = ['--filter=error', 'file', DEMO, ...faults];
    const { path, close } = await startServedDevice({ nbdkit, loop: true });
    onTestFinished(close);
    return {
      ...{ path, out, map, log },
      die: () => writeFileSync(trigger, ''),
      revive: () => rmSync(trigger),
    };
  }

  const readsIn = (log: string): number =>
    readFileSync(log, 'utf8').match(/pread64\(/g)?.length ?? 0;
  const reading = ({ path, log }: Device): string[] => [
    '-P',
    path,
    '-o',
    log,
    '-e',
    'trace=pread64',
  ];
  const marked = (map: string): Record<string, number> => {
    const of = mapOf(map);
    return Object.fromEntries([...'?*/-'].map((status) => [status, of.sizeOf(status as '?')]));
  };

  test.each(PROGRAMS)(
    'from the first read: $name marks nothing and goes on later',
    async (program) => {
      const { name } = program;
      const it = await device();
      it.die();
      const { status, stderr } = traced(program, reading(it), it.path, it.out, it.map);
      expect([status, stderr]).toEqual([LOST[name], expect.stringContaining(it.path)]);
      expect(readsIn(it.log)).toBeLessThan(READS_MAX);
      expect(marked(it.map)).toEqual({ '?': SIZE, '*': 0, '/': 0, '-': 0 });
      it.revive();
      expect(rescue(program, it.path, it.out, it.map).status).toBe(0);
      expect(readFileSync(it.out).equals(TRUTH)).toBe(true);
    },
  );

  test.each(PROGRAMS)(
    'from some read on: $name keeps what it has, and no more',
    async (program) => {
      const { name } = program;
      const it = await device();
      const slowly = ['-e', 'inject=pread64:delay_enter=20000:when=1..40'];
      const ended = startTraced(program, [...reading(it), ...slowly], it.path, it.out, it.map);
      await until(() => existsSync(it.log) && readsIn(it.log) > 16);
      it.die();
      const { status, stderr } = await ended;
      expect([status, stderr]).toEqual([LOST[name], expect.stringContaining(it.path)]);
      expect(readsIn(it.log)).toBeLessThan(READS_MAX);
      const { '?': untried, ...failed } = marked(it.map);
      expect(failed).toEqual({ '*': 0, '/': 0, '-': 0 });
      expect(untried).toBeLessThan(SIZE - 2 * 65536);
      expectHeld(it.map, it.out, TRUTH);
      it.revive();
      expect(rescue(program, it.path, it.out, it.map).status).toBe(0);
      expect(readFileSync(it.out).equals(TRUTH)).toBe(true);
    },
  );

  test.each(PROGRAMS)('in its first MiB only: $name marks that as bad', async (program) => {
    const dir = temporaryDirectory();
    const [out, map, badMap] = ['out', 'map', 'bad.map'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(badMap, `0 + 1\n0 ${MIB} -\n${MIB} ${SIZE - MIB} +\n`);
    const { path, close } = await startFaultyDevice({ image: DEMO, badMap, loop: true });
    onTestFinished(close);
    expect(rescue(program, path, out, map).status).toBe(BAD_SECTORS[program.name]);
    expect(marked(map)).toEqual({ '?': 0, '*': 0, '/': 0, '-': MIB });
    expectHeld(map, out, TRUTH);
  });
});
