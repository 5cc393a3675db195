/** What GNU ddrescue loses without a word, with files: each case, with both programs that write an image. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  BAD,
  DEMO,
  MIB,
  needing,
  PROGRAM,
  rescueCommand,
  temporaryDirectory,
} from './command.ts';
import {
  claimed,
  DROP_IN,
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
  const failing = (out: string, which = 'fsync,fdatasync'): string[] => {
    const [calls, ...when] = which.split(':');
    return [
      ...['-P', out, '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'],
      ...['-e', `inject=${[calls, 'error=EIO', ...when].join(':')}`],
    ];
  };

  test.each(PROGRAMS)('$name: never: it ends with 1, and claims nothing', (program) => {
    const { out, map } = places();
    const { status, stderr } = traced(program, failing(out), DEMO, out, map);
    expect([status, stderr]).toEqual([program.trouble, expect.stringContaining(out)]);
    expect(claimed(map)).toBe(0);
  });

  test.each(PROGRAMS)('$name: once, at the end: the same', (program) => {
    const { out, map } = places();
    // The first save has nothing to make durable but the empty file; the second one is the last.
    const { status } = traced(program, failing(out, 'fsync:when=2'), DEMO, out, map);
    expect(status).toBe(program.trouble);
    expect(mapOf(map).sizeOf('+')).toBe(0);
    expect(rescue(program, DEMO, out, map).status).toBe(0);
    expect(readFileSync(out).equals(TRUTH)).toBe(true);
  });

  test.each(PROGRAMS)('$name: what an earlier run saved stays claimed, and no more', (program) => {
    const { out, map } = places();
    rescue(program, ...BAD, DEMO, out, map);
    const before = [...mapOf(map).ranges('+')];
    // The first sync of a run makes the length durable too.
    for (const which of ['fsync,fdatasync', 'fdatasync']) {
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
    const inject = failing(out, `fsync,fdatasync:when=${time}`);
    const { status } = traced(DROP_IN, inject, '--mapfile-interval=0', DEMO, out, map);
    expect(status).toBe(DROP_IN.trouble);
    // The first syncs may have nothing to make durable but the file's name and length.
    expect(claimed(map)).toBeLessThanOrEqual((time - 1) * 65536);
    expect(claimed(map)).toBeGreaterThanOrEqual((time - 3) * 65536);
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

  function expectRefused({ status, stderr }: Answer, why: string | RegExp): void {
    expect([status, stderr]).toEqual([7, expect.stringMatching(why)]);
  }

  /** Of chunk 0 as `rescue read` writes it into a folder. */
  const chunk = (dir: string): { words: string[]; raw: string; maps: string[] } => ({
    words: ['read', DEMO, '--chunk', '0', '--chunk-size', '1MiB', '--out', dir],
    raw: join(dir, 'chunk00.raw'),
    maps: ['chunk00.map', 'common.map'].map((name) => join(dir, name)),
  });

  test('rescue read: nor may a map be a symlink to the chunk that is not there yet', () => {
    for (const number of [0, 1]) {
      const dir = temporaryDirectory();
      const { words, raw, maps } = chunk(dir);
      symlinkSync(raw, maps[number] as string);
      expectRefused(rescueCommand(words), number === 0 ? 'is a link' : 'two files, not one');
      expect(readdirSync(dir)).toEqual([basename(maps[number] as string)]);
    }
  });

  test.each(LINKS)('rescue read: nor may the two maps of a chunk be one, as %s', (_, link) => {
    for (const isCommon of [false, true]) {
      const dir = temporaryDirectory();
      const { words, maps } = chunk(dir);
      rescueCommand([...words, ...BAD]);
      const [kept, linked] = (isCommon ? maps : maps.toReversed()) as [string, string];
      rmSync(linked);
      link(kept, linked);
      const before = contents(dir);
      const why = isCommon ? /two files, not one/ : /not the map of chunk 0|is a link to another/;
      expectRefused(rescueCommand([...words, '-r1']), why);
      expect(contents(dir)).toEqual(before);
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
