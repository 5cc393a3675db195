/** What GNU ddrescue loses without a word, with files: each case, with both programs that write an image. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForDevices, startFaultyDevice } from '../../../scripts/faulty-device.ts';
import {
  BAD,
  DEMO,
  MIB,
  PROGRAM,
  rescueCommand,
  startRescue,
  temporaryDirectory,
} from './command.ts';
import {
  claimed,
  DROP_IN,
  expectHeld,
  mapOf,
  missingForTracing,
  needing,
  PROGRAMS,
  rescue,
  startTraced,
  traced,
  until,
} from './silent-loss-programs.ts';

const TRUTH = readFileSync(DEMO);
const SIZE = TRUTH.length;

/** Where the image and its map go. */
function places(): { dir: string; out: string; map: string } {
  const dir = temporaryDirectory();
  return { dir, out: join(dir, 'image'), map: join(dir, 'image.map') };
}

/** What is in a folder, by name. */
function contents(dir: string): Record<string, string> {
  const names = readdirSync(dir).filter((name) => !name.endsWith('.lock'));
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(dir, name), 'latin1')] as const),
  );
}

const tracing = needing('the output cannot be synced', missingForTracing());

describe.skipIf(tracing.isSkipped)(tracing.title, () => {
  const failing = (out: string, which = 'fsync,fdatasync'): string[] => [
    ...['-P', out, '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'],
    ...['-e', `inject=${which}:error=EIO`],
  ];

  test.each(PROGRAMS)('$name: never: it ends with 1, and claims nothing', (program) => {
    const { out, map } = places();
    const { status, stderr } = traced(program, failing(out), DEMO, out, map);
    expect([status, stderr]).toEqual([program.trouble, expect.stringContaining(out)]);
    expect(claimed(map)).toBe(0);
  });

  test.each(PROGRAMS)('$name: once, at the end: the same', (program) => {
    const { out, map } = places();
    // The first save has nothing to make durable but the empty file's name; the last one its length too.
    const { status } = traced(program, failing(out, 'fsync'), DEMO, out, map);
    expect(status).toBe(program.trouble);
    expect(mapOf(map).sizeOf('+')).toBe(0);
    expect(rescue(program, DEMO, out, map).status).toBe(0);
    expect(readFileSync(out).equals(TRUTH)).toBe(true);
  });

  test.each(PROGRAMS)('$name: what an earlier run saved stays claimed, and no more', (program) => {
    const { out, map } = places();
    rescue(program, ...BAD, DEMO, out, map);
    const before = [...mapOf(map).ranges('+')];
    for (const which of ['fsync,fdatasync', 'fdatasync:when=2']) {
      const again = traced(program, failing(out, which), '-r1', DEMO, out, map);
      expect(again.status).toBe(program.trouble);
      expect([...mapOf(map).ranges('+')]).toEqual(before);
    }
    expect(rescue(program, '-r1', DEMO, out, map).status).toBe(0);
    expect(readFileSync(out).equals(TRUTH)).toBe(true);
  });

  // Only the drop-in can be asked to save after each read, which is of 64 KiB.
  test.each([1, 2, 20])('rescue ddrescue: the %d. time only: claims what was synced', (time) => {
    const { out, map } = places();
    const inject = failing(out, `fsync:when=${time}`);
    const { status } = traced(DROP_IN, inject, '--mapfile-interval=0', DEMO, out, map);
    expect(status).toBe(DROP_IN.trouble);
    expect(claimed(map)).toBe((time - 1) * 65536);
    expectHeld(map, out, TRUTH);
  });
});

describe('the mapfile says done, and the output', () => {
  const LOSSES: readonly (readonly [string, (out: string) => void])[] = [
    ['is missing', (out) => rmSync(out)],
    ['is empty', (out) => truncateSync(out, 0)],
    ['is half as long', (out) => truncateSync(out, SIZE / 2)],
    ['lacks its last byte', (out) => truncateSync(out, SIZE - 1)],
  ];
  const cases = PROGRAMS.flatMap((program) =>
    LOSSES.map(([what, lose]) => ({ name: program.name, what, program, lose })),
  );

  test.each(cases)('$what: $name refuses, and names what insists', ({ program, lose }) => {
    const { dir, out, map } = places();
    rescue(program, DEMO, out, map);
    lose(out);
    const before = contents(dir);
    const { status, stderr } = rescue(program, DEMO, out, map);
    expect([status, stderr]).toEqual([program.refused, expect.stringContaining(program.goesOn)]);
    expect(contents(dir)).toEqual(before);
  });
});

describe('the mapfile is the output', () => {
  /** What is there before: something else, or a map that could be gone on with. */
  const OLD = ['holiday pictures', '0 ? 1\n0 0x400600 ?\n'];
  const LINKS: readonly (readonly [string, (to: string, name: string) => void])[] = [
    ['a symlink to it', symlinkSync],
    ['a hard link of it', linkSync],
  ];
  const cases = PROGRAMS.flatMap((program) =>
    LINKS.map(([what, link]) => ({ name: program.name, what, program, link })),
  );

  test.each(cases)('as $what: $name refuses and changes neither', ({ program, link }) => {
    for (const old of OLD) {
      const { dir, out, map } = places();
      writeFileSync(out, old);
      link(out, map);
      const { status } = rescue(program, '--force', DEMO, out, map);
      expect([status, contents(dir)]).toEqual([program.refused, { image: old, 'image.map': old }]);
    }
  });

  test.each(PROGRAMS)('as a symlink to one that is not there: $name refuses', (program) => {
    const { dir, out, map } = places();
    symlinkSync(out, map);
    expect(rescue(program, DEMO, out, map).status).toBe(program.refused);
    expect(readdirSync(dir)).toEqual(['image.map']);
  });

  test.each(PROGRAMS)('by the same path: $name refuses', (program) => {
    const { dir, out } = places();
    writeFileSync(out, 'holiday pictures');
    const other = join(dir, '.', 'image');
    expect(rescue(program, '--force', DEMO, out, other).status).toBe(program.refused);
    expect(contents(dir)).toEqual({ image: 'holiday pictures' });
  });

  test.each(LINKS)("rescue read: a chunk's map, as %s", (_, link) => {
    for (const name of ['chunk00.map', 'common.map']) {
      for (const old of OLD) {
        const dir = temporaryDirectory();
        writeFileSync(join(dir, 'chunk00.raw'), old);
        link(join(dir, 'chunk00.raw'), join(dir, name));
        const words = ['--chunk', '0', '--out', dir, '--map', join(dir, 'common.map')];
        // With 2 what is no map was looked at first.
        expect(rescueCommand(['read', DEMO, ...words]).status).toSatisfy((n) => [2, 7].includes(n));
        expect(contents(dir)).toEqual({ 'chunk00.raw': old, [name]: old });
      }
    }
  });
});

describe('standard descriptors are closed', () => {
  const CLOSED = ['<&-', '>&-', '2>&-', '<&- >&-', '<&- 2>&-', '>&- 2>&-', '<&- >&- 2>&-'];

  test.each(PROGRAMS)('$name: no word of the screen gets into the image', ({ words }) => {
    for (const closed of CLOSED) {
      const { out, map } = places();
      const all = [process.execPath, PROGRAM, ...words, DEMO, out, map];
      const { status } = spawnSync('sh', ['-c', `"$@" ${closed}`, 'sh', ...all]);
      expect([closed, status]).toEqual([closed, 0]);
      expect(readFileSync(out).equals(TRUTH)).toBe(true);
      expect(claimed(map)).toBe(SIZE);
    }
  });
});

const slow = needing('two at a time', missingForDevices());

describe.skipIf(slow.isSkipped)(slow.title, () => {
  /** A file whose reads take a while. */
  async function slowFile(dir: string): Promise<string> {
    const good = join(dir, 'good.map');
    writeFileSync(good, `0 + 1\n0 ${SIZE} +\n`);
    const served = { image: DEMO, badMap: good, loop: false, delayMs: 20 };
    const device = await startFaultyDevice(served);
    onTestFinished(() => device.close());
    return device.path;
  }

  /** Starts a run, and halts it when it has begun its map; it goes on when `meanwhile` is done. */
  async function duringRun<T>(
    words: readonly string[],
    map: string,
    meanwhile: (pid: number) => T,
  ): Promise<{ status: number | null; answer: T }> {
    const child = startRescue(words);
    const ended = once(child, 'close');
    child.stdout?.resume();
    child.stderr?.resume();
    await until(() => existsSync(map) || child.exitCode !== null);
    child.kill('SIGSTOP');
    try {
      const answer = meanwhile(child.pid ?? 0);
      child.kill('SIGCONT');
      const [status] = (await ended) as [number | null];
      return { status, answer };
    } finally {
      child.kill('SIGKILL');
    }
  }

  test.each(PROGRAMS)('$name: the second is refused, the first ends exact', async (program) => {
    const { dir, out, map } = places();
    const source = await slowFile(dir);
    const words = [...program.words, source, out, map];
    const { status, answer } = await duringRun(words, map, (pid) => {
      const before = readFileSync(map);
      const second = rescueCommand(words);
      expect(second.stderr).toContain(`process ${pid}`);
      expect(readFileSync(map).equals(before)).toBe(true);
      return second.status;
    });
    expect([answer, status]).toEqual([program.refused, 0]);
    expect(readFileSync(out).equals(TRUTH)).toBe(true);
    expect(claimed(map)).toBe(SIZE);
  });

  test('two halves with one mapfile: the second is refused, and no claim is lost', async () => {
    const { dir, out, map } = places();
    const source = await slowFile(dir);
    const half = (from: number): string[] => [
      ...['ddrescue', `-i${from}`, `-s${2 * MIB}`],
      ...[source, out, map],
    ];
    const { status, answer } = await duringRun(half(0), map, () => rescueCommand(half(2 * MIB)));
    expect([answer.status, status]).toEqual([1, 0]);
    expect(claimed(map)).toBe(2 * MIB);
    expect(rescueCommand(half(2 * MIB)).status).toBe(0);
    expect(claimed(map)).toBe(4 * MIB);
    expectHeld(map, out, TRUTH);
  });

  test('two chunks with one common map: the second is refused, and no claim is lost', async () => {
    const { dir } = places();
    const source = await slowFile(dir);
    const [map, other] = [join(dir, 'common.map'), join(dir, 'other')];
    mkdirSync(other);
    const chunk = (number: number, out: string): string[] => [
      ...['read', source, '--chunk-size', '2MiB', '--chunk', String(number)],
      ...['--out', out, '--map', map],
    ];
    const { status, answer } = await duringRun(chunk(0, dir), map, () =>
      rescueCommand(chunk(1, other)),
    );
    expect([answer.status, status]).toEqual([7, 0]);
    expect(claimed(map)).toBe(2 * MIB);
    expect(rescueCommand(chunk(1, other)).status).toBe(0);
    expect(claimed(map)).toBe(4 * MIB);
  });
});

const shrinking = needing('the input shrinks while it is read', missingForTracing());

describe.skipIf(shrinking.isSkipped)(shrinking.title, () => {
  test.each(PROGRAMS)('$name: that is no success, and the rest stays untried', async (program) => {
    const { dir, out, map } = places();
    const [source, log] = [join(dir, 'source'), join(dir, 'log')];
    copyFileSync(DEMO, source);
    const slowly = ['-e', 'trace=pread64', '-e', 'inject=pread64:delay_enter=30000'];
    const run = startTraced(program, ['-P', source, '-o', log, ...slowly], source, out, map);
    await until(() => existsSync(log) && readFileSync(log, 'utf8').split('\n').length > 4);
    truncateSync(source, 3 * MIB);
    const { status, stderr } = await run;
    expect([status, stderr]).toEqual([program.trouble, expect.stringContaining('ended')]);
    expect([mapOf(map).end, mapOf(map).sizeOf('?')]).toEqual([SIZE, SIZE - 3 * MIB]);
    expectHeld(map, out, TRUTH);
    copyFileSync(DEMO, source);
    expect(rescue(program, source, out, map).status).toBe(0);
    expect(readFileSync(out).equals(TRUTH)).toBe(true);
  });
});
