/** Sources that hang, die and come back: a real block device each time. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMapfile, RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { missingForDevices } from '../../../scripts/faulty-device.ts';
import { type FileRescueJob, RescueWorker } from '../../engine/dist/index.js';
import { MIB, rescueCommand, startRescue } from './command.ts';
import { BAD, type MoodyDevice, moodyDevice } from './moody-device.ts';

const missing = missingForDevices();
const needing = missing === undefined ? '' : ` (${missing})`;
const DIES_AT = 2 * MIB;

const PROGRAMS: readonly { readonly name: string; readonly words: readonly string[] }[] = [
  { name: 'copy', words: ['copy'] },
  { name: 'copy --direct always', words: ['copy', '--direct', 'always'] },
  { name: 'ddrescue', words: ['ddrescue', '--mapfile-interval=1'] },
  { name: 'ddrescue -d', words: ['ddrescue', '-d', '--mapfile-interval=1'] },
];

const files = ({ dir, path }: MoodyDevice): [string, string, string] => [
  path,
  join(dir, 'image'),
  join(dir, 'map'),
];

function mapOf({ dir }: MoodyDevice): RescueMap {
  const path = join(dir, 'map');
  return existsSync(path) ? parseMapfile(readFileSync(path, 'latin1')).map : RescueMap.ofOne(0, 0);
}

/** Everything that the map claims is in the image. */
function expectTrue(device: MoodyDevice): void {
  const image = readFileSync(join(device.dir, 'image'));
  for (const { pos, size } of mapOf(device).ranges('+')) {
    const [here, there] = [image, device.bytes].map((all) => all.subarray(pos, pos + size));
    expect(here?.equals(there as Buffer)).toBe(true);
  }
}

function expectExact(device: MoodyDevice): void {
  expect(mapOf(device).sizeOf('+')).toBe(device.bytes.length);
  expect(readFileSync(join(device.dir, 'image')).equals(device.bytes)).toBe(true);
}

/** Waits until something is so; the test's own limit of time ends it otherwise. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}

/** What a program in the background says, and how it ends. */
function followed(child: ChildProcess): { said: () => string; ended: Promise<unknown[]> } {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return { said: () => said, ended: once(child, 'exit') };
}

/** Ctrl-C as soon as a read hangs: the program ends, and not the read. */
async function expectStopped(device: MoodyDevice, words: readonly string[]): Promise<void> {
  const child = startRescue([...words, ...files(device)]);
  const { ended } = followed(child);
  await until(() => existsSync(join(device.dir, 'hangs')));
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
  expect(existsSync(join(device.dir, 'hangs'))).toBe(true);
  expectTrue(device);
}

/** Processes that a process began. */
function childrenOf(parent: number): { readonly pid: string; readonly words: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [, of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return Number(of) === parent ? [{ pid, words }] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

/** The process that makes the direct reads of a program. */
function readerOf({ pid }: ChildProcess): string | undefined {
  return childrenOf(pid as number).find(({ words }) => words.includes('direct-entry'))?.pid;
}

describe.skipIf(missing !== undefined)(`a read that does not come back${needing}`, () => {
  test.concurrent.for(PROGRAMS)(
    '$name saves meanwhile, and ends by Ctrl-C',
    async ({ words }, context) => {
      const device = await moodyDevice(context);
      device.hangsFrom(DIES_AT);
      const child = startRescue([...words, ...files(device)]);
      const { ended } = followed(child);
      await until(() => device.hungAt() !== undefined);
      // Everything that was read before.
      const isOurs = (device.hungAt() as number) < DIES_AT + MIB;
      await until(() => mapOf(device).sizeOf('+') >= (isOurs ? DIES_AT - MIB : 1));
      const claimed = mapOf(device).sizeOf('+');
      child.kill('SIGINT');
      expect(await ended).toEqual([null, 'SIGINT']);
      // It was the program that ended, and not the read.
      expect(existsSync(join(device.dir, 'hangs'))).toBe(true);
      expect(mapOf(device).sizeOf('+')).toBeGreaterThanOrEqual(claimed);
      expect(mapOf(device).sizeOf('?')).toBe(device.bytes.length - mapOf(device).sizeOf('+'));
      expectTrue(device);
      device.well();
      expect(rescueCommand([...words, ...files(device)]).status).toBe(0);
      expectExact(device);
    },
  );

  test.concurrent.for(PROGRAMS)(
    '$name ends by a Ctrl-C that comes at once',
    async ({ words }, context) => {
      const device = await moodyDevice(context);
      device.hangsFrom(DIES_AT);
      await expectStopped(device, words);
    },
  );

  test.concurrent.for(PROGRAMS)(
    '$name ends by Ctrl-C where others failed just before',
    async ({ name, words }, context) => {
      const device = await moodyDevice(context, { hasBad: true });
      device.hangsAfter(6);
      await expectStopped(device, words);
      device.well();
      const { status } = rescueCommand([...words, ...files(device)]);
      expect(status).toBe(name.startsWith('copy') ? 4 : 0);
      expect(mapOf(device).sizeOf('+')).toBe(device.bytes.length - BAD.size);
    },
  );

  test.concurrent('holds up no Ctrl-C while a map is compared with its disk', async (context) => {
    const device = await moodyDevice(context, { loop: false });
    device.diesFrom(DIES_AT);
    rescueCommand(['copy', ...files(device)]);
    const before = mapOf(device).sizeOf('+');
    expect(before).toBeGreaterThan(0);
    device.well();
    device.hangsFrom(0);
    const child = startRescue(['copy', ...files(device)]);
    const { ended } = followed(child);
    await until(() => existsSync(join(device.dir, 'hangs')));
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(mapOf(device).sizeOf('+')).toBe(before);
  });

  test.concurrent('holds up no Ctrl-C while an image is compared with its disk', async (context) => {
    const device = await moodyDevice(context);
    const [path, image, map] = files(device);
    rescueCommand(['copy', path, image, map]);
    device.hangsFrom(DIES_AT);
    const child = startRescue(['verify', image, '--map', map, '--source', path]);
    const { ended } = followed(child);
    await until(() => existsSync(join(device.dir, 'hangs')));
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(existsSync(join(device.dir, 'hangs'))).toBe(true);
  });

  test.concurrent.for([{ words: ['ddrescue'] }, { words: ['ddrescue', '-d'] }])(
    'holds up no Ctrl-C in the command mode of $words',
    async ({ words }, context) => {
      const device = await moodyDevice(context);
      const child = startRescue([...words, '--command-mode', ...files(device)], {
        input: 'pipe',
      });
      const { said, ended } = followed(child);
      child.stdin?.write(`c 0 ${MIB}\n`);
      await until(() => said().includes('done'));
      device.hangsFrom(0);
      child.stdin?.write(`c ${DIES_AT} ${MIB}\n`);
      await until(() => existsSync(join(device.dir, 'hangs')));
      child.kill('SIGINT');
      expect(await ended).toEqual([null, 'SIGINT']);
      expect(existsSync(join(device.dir, 'hangs'))).toBe(true);
      expect(said().match(/^done$/gm)).toHaveLength(1);
      expect(mapOf(device).sizeOf('+')).toBe(MIB);
      expectTrue(device);
    },
  );

  test.concurrent('is never written into the next rescue of the same worker', async (context) => {
    const [first, second] = [await moodyDevice(context), await moodyDevice(context)];
    first.hangsFrom(0);
    const worker = new RescueWorker();
    const job = ({ dir, path }: MoodyDevice): FileRescueJob => ({
      ...{ source: path, direct: 'never', settings: {} },
      ...{ target: join(dir, 'image'), map: join(dir, 'map') },
    });
    const abort = new AbortController();
    const stopped = worker.rescue(job(first), { signal: abort.signal });
    await until(() => existsSync(join(first.dir, 'hangs')));
    abort.abort();
    expect((await stopped).end).toBe('aborted');
    const next = worker.rescue(job(second));
    await until(() => mapOf(second).end > 0);
    first.well();
    expect((await next).end).toBe('finished');
    expectExact(second);
    await worker.close();
  });

  test.concurrent.for(PROGRAMS.filter(({ name }) => / (-d|always)$/.test(name)))(
    '$name: its process for direct reads costs nothing when it is killed',
    async ({ words }, context) => {
      const device = await moodyDevice(context);
      const child = startRescue([...words, '-c', '16', ...files(device)]);
      const { ended } = followed(child);
      let [reader, before]: (string | undefined)[] = [];
      for (let kills = 0; kills < 3; kills++) {
        before = reader;
        await until(() => {
          reader = readerOf(child);
          const isNew = reader !== undefined && reader !== before;
          return isNew || child.exitCode !== null || child.signalCode !== null;
        });
        // The program stands still while the reader answers, and so that is killed between two reads.
        child.kill('SIGSTOP');
        await sleep(200);
        process.kill(Number(reader), 'SIGKILL');
        child.kill('SIGCONT');
      }
      expect(await ended).toEqual([0, null]);
      expectExact(device);
    },
  );

  test.concurrent('is told with its length', async (context) => {
    const device = await moodyDevice(context);
    device.hangsFrom(0);
    const child = startRescue(['copy', '--log', join(device.dir, 'log'), ...files(device)]);
    const { ended } = followed(child);
    const log = (): string =>
      existsSync(join(device.dir, 'log')) ? readFileSync(join(device.dir, 'log'), 'utf8') : '';
    await until(() => /"type":"waiting","waitedMs":[12]\d\d\d/.test(log()));
    device.well();
    expect(await ended).toEqual([0, null]);
    expectExact(device);
  });
});

describe.skipIf(missing !== undefined)(
  `a device that dies with its name still there${needing}`,
  () => {
    test.concurrent.for([
      { words: ['copy'], status: 6, loop: true },
      { words: ['copy', '--direct', 'always'], status: 6, loop: true },
      { words: ['ddrescue'], status: 1, loop: true },
      // A file that a program serves: the system's cache must not answer for it.
      { words: ['copy', '--direct', 'never'], status: 6, loop: false },
      { words: ['ddrescue'], status: 1, loop: false },
    ])(
      'ends $words with $status, and what failed is non-tried (block device: $loop)',
      async ({ words, status, loop }, context) => {
        const device = await moodyDevice(context, { loop });
        device.diesFrom(DIES_AT);
        const first = rescueCommand([...words, ...files(device)]);
        expect([first.status, first.stderr]).toEqual([
          status,
          expect.stringContaining('answers no read any more since position'),
        ]);
        const map = mapOf(device);
        expect(map.sizeOf('+')).toBeGreaterThanOrEqual(DIES_AT - MIB);
        expect(map.sizeOf('?')).toBe(device.bytes.length - map.sizeOf('+'));
        expectTrue(device);
        device.well();
        expect(rescueCommand([...words, ...files(device)]).status).toBe(0);
        expectExact(device);
      },
    );

    test.concurrent('is waited for with --wait, and gone on with', async (context) => {
      const device = await moodyDevice(context);
      device.diesFrom(DIES_AT);
      const child = startRescue(['copy', '--wait', ...files(device)]);
      const { said, ended } = followed(child);
      await until(() => said().includes('Waiting for it to come back'));
      expect(mapOf(device).sizeOf('?')).toBe(device.bytes.length - mapOf(device).sizeOf('+'));
      device.well();
      expect([await ended, said()]).toEqual([[0, null], expect.stringContaining('is back')]);
      expectExact(device);
    });

    test.concurrent('is gone on with although its map went meanwhile', async (context) => {
      const device = await moodyDevice(context);
      device.diesFrom(DIES_AT);
      const child = startRescue(['copy', '--wait', ...files(device)]);
      const { said, ended } = followed(child);
      await until(() => said().includes('Waiting for it to come back'));
      // What the map said has been read by then: the first look comes a second later.
      await sleep(500);
      rmSync(join(device.dir, 'map'));
      device.well();
      expect(await ended).toEqual([0, null]);
      expectExact(device);
    });

    test.concurrent('is waited for until Ctrl-C', async (context) => {
      const device = await moodyDevice(context);
      device.diesFrom(0);
      const child = startRescue(['copy', '--wait', ...files(device)]);
      const { said, ended } = followed(child);
      await until(() => said().includes('Waiting for it to come back'));
      child.kill('SIGINT');
      expect(await ended).toEqual([null, 'SIGINT']);
      expect(mapOf(device).sizeOf('?')).toBe(device.bytes.length);
    });

    test.concurrent('is bad all over when the user says so', async (context) => {
      const device = await moodyDevice(context, { size: MIB });
      device.diesFrom(0);
      const { status } = rescueCommand(['copy', '--trust-errors', ...files(device)]);
      expect([status, mapOf(device).sizeOf('-')]).toEqual([4, MIB]);
    });
  },
);

describe.skipIf(missing !== undefined)(`a device whose name goes${needing}`, () => {
  test('is not taken for another one of its size, and gone on with under its name', async (context) => {
    const [device, again, other] = [
      await moodyDevice(context),
      await moodyDevice(context),
      await moodyDevice(context),
    ];
    const name = join(device.dir, 'sdx');
    symlinkSync(device.path, name);
    spawnSync('cp', [join(device.dir, 'disk'), join(again.dir, 'disk')]);
    device.hangsFrom(DIES_AT);
    const child = startRescue(['copy', '--wait', name, ...files(device).slice(1)]);
    const { said, ended } = followed(child);
    await until(() => existsSync(join(device.dir, 'hangs')));
    rmSync(name);
    device.diesFrom(0);
    rmSync(join(device.dir, 'hangs'));
    await until(() => said().includes('Waiting for it to come back'));
    const saved = mapOf(device).sizeOf('+');
    expect(saved).toBeGreaterThanOrEqual(DIES_AT - MIB);
    symlinkSync(other.path, name);
    // Looked at once a second: long enough for it to be taken, if it were.
    await sleep(2500);
    expect(said().match(/belongs to another disk|is another device now/g)).toHaveLength(1);
    expect([child.exitCode, mapOf(device).sizeOf('+')]).toEqual([null, saved]);
    rmSync(name);
    symlinkSync(again.path, name);
    expect(await ended).toEqual([0, null]);
    expectExact(device);
  });
});
