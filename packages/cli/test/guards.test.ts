/** What must never happen to somebody's only copy, asked of the command as users run it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { DEMO, fixture, MIB, rescueCommand, temporaryDirectory } from './command.ts';

/** Reads chunks of the demo disk, some of whose sectors fail, into a directory. */
function read(dir: string, ...more: string[]): ReturnType<typeof rescueCommand> {
  const demo = ['-H', fixture('demo-bad.map'), '--chunk-size', '1MiB'];
  return rescueCommand(['read', DEMO, ...demo, '--out', dir, ...more]);
}

const raw = (dir: string, number: number): string => join(dir, `chunk0${number}.raw`);
const mapOf = (path: string): RescueMap => parseMapfile(readFileSync(path, 'utf8')).map;

function folders<const Names extends string[]>(...names: Names): { [I in keyof Names]: string } {
  const dir = temporaryDirectory();
  return names.map((name) => {
    mkdirSync(join(dir, name));
    return join(dir, name);
  }) as { [I in keyof Names]: string };
}

describe('a chunk file is never believed for its length', () => {
  test('refuses a file without a map where the common map has claims', () => {
    const [here, other] = folders('here', 'other');
    const common = ['--map', join(here, 'common.map')];
    read(here, '--chunk', '0', ...common);
    writeFileSync(raw(other, 0), Buffer.alloc(MIB, 'x'));
    const refused = read(other, '--chunk', '0', ...common);
    expect(refused.status).toBe(7);
    expect(refused.stderr).toContain('own map');
    expect(readFileSync(raw(other, 0)).equals(Buffer.alloc(MIB, 'x'))).toBe(true);
  });

  test("refuses a file that nobody's map knows beside a rescue that was begun", () => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '0');
    writeFileSync(raw(dir, 3), 'holiday pictures');
    for (const more of [[], ['--reread']]) {
      expect(read(dir, '--chunk', '3', ...more).status).toBe(7);
    }
    expect(readFileSync(raw(dir, 3), 'utf8')).toBe('holiday pictures');
  });

  test('refuses an older copy of the chunk, which has less, unless told that ddrescue wrote it', () => {
    const [here, old] = folders('here', 'old');
    read(here, '--chunk', '1', '-n', '-N');
    copyFileSync(raw(here, 1), raw(old, 1));
    copyFileSync(join(here, 'chunk01.map'), join(old, 'chunk01.map'));
    read(here, '--chunk', '1');
    const common = ['--map', join(here, 'common.map')];
    expect(read(old, '--chunk', '1', ...common).status).toBe(7);
    copyFileSync(raw(here, 1), raw(old, 1));
    expect(read(old, '--chunk', '1', '--trust-target', ...common).status).toBe(4);
    expect([...mapOf(join(old, 'chunk01.map')).blocks()]).toEqual([
      ...mapOf(join(here, 'chunk01.map')).blocks(),
    ]);
  });

  test('keeps a chunk of another rescue, another cut or another disk', () => {
    const [here, other, third] = folders('here', 'other', 'third');
    read(here, '--chunk', '0,2');
    const before = readFileSync(raw(here, 2));
    const foreign = ['--map', join(other, 'common.map')];
    read(other, '--chunk', '1');
    const another = read(here, '--chunk', '2', ...foreign);
    expect([another.status, another.stderr]).toEqual([7, expect.stringContaining('knows nothing')]);
    const cut = ['read', DEMO, '--chunk-size', '512KiB', '--map', join(other, 'cut.map')];
    rescueCommand([...cut, '--chunk', '0', '--out', third]);
    const recut = rescueCommand([...cut, '--chunk', '2', '--out', here, '--reread']);
    expect([recut.status, recut.stderr]).toEqual([7, expect.stringContaining('another part')]);
    expect(readFileSync(raw(here, 2)).equals(before)).toBe(true);
  });

  test('refuses a source of another size than the map was begun with', () => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '0');
    const shorter = join(dir, 'shorter.img');
    copyFileSync(DEMO, shorter);
    truncateSync(shorter, 3 * MIB);
    const read2 = rescueCommand(['read', shorter, '--chunk', '1', '--out', dir]);
    expect([read2.status, read2.stderr]).toEqual([7, expect.stringContaining('begun with')]);
  });

  test('a finished chunk is not written again, and nor are its maps', () => {
    const [dir] = folders('dir');
    read(dir, '--all');
    const files = ['chunk01.raw', 'chunk01.map', 'common.map'].map((name) => join(dir, name));
    const times = files.map((file) => statSync(file).mtimeMs);
    const again = read(dir, '--all');
    expect(again.status).toBe(4);
    expect(again.stdout).toContain('finished before; nothing to do');
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual(times);
  });
});

describe('plans made by hand', () => {
  test('are never written over by --chunk, and a chunk is no plan', () => {
    const [dir] = folders('dir');
    const plan = join(dir, 'chunk00.map');
    writeFileSync(plan, `0 + 1\n0 ${MIB} +\n`);
    expect(read(dir, '--chunk', '0').status).toBe(7);
    expect(read(dir, '-m', plan).status).toBe(4);
    expect(read(dir, '--chunk', '0').status).toBe(7);
    expect(readFileSync(plan, 'utf8')).toBe(`0 + 1\n0 ${MIB} +\n`);
    read(dir, '--chunk', '2');
    expect(read(dir, '-m', join(dir, 'chunk02.map')).status).toBe(7);
  });

  test('leave the chunk size of the rescue as it is', () => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '0');
    writeFileSync(join(dir, 'part.map'), `0 + 1\n${2 * MIB} ${MIB} +\n`);
    read(dir, '-m', join(dir, 'part.map'));
    const demo = ['read', DEMO, '-H', fixture('demo-bad.map'), '--out', dir];
    expect(rescueCommand([...demo, '--chunk', '1']).stdout).toContain('chunk 1 of 0-4');
  });

  test('are known from the chunks after ddrescue rewrote the common map', () => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '0');
    const common = join(dir, 'common.map');
    writeFileSync(common, readFileSync(common, 'utf8').replace(/^#.*\n/gm, ''));
    const demo = ['read', DEMO, '-H', fixture('demo-bad.map'), '--out', dir];
    expect(rescueCommand([...demo, '--chunk', '1']).stdout).toContain('chunk 1 of 0-4');
  });
});

describe('merging what cannot be checked', () => {
  test('never ends with 0, now or later, and says why even with -q', () => {
    const [dir] = folders('dir');
    rescueCommand(['read', DEMO, '--all', '--chunk-size', '1MiB', '--out', dir]);
    const plan = join(dir, 'plain.map');
    writeFileSync(plan, `0 + 1\n0 ${MIB} +\n`);
    copyFileSync(raw(dir, 0), join(dir, 'plain.raw'));
    const final = join(dir, 'final.raw');
    const first = rescueCommand(['merge', '-q', join(dir, 'plain.raw'), final]);
    expect([first.status, first.stderr]).toEqual([4, expect.stringContaining('cannot be checked')]);
    const all = [0, 1, 2, 3, 4].map((number) => raw(dir, number));
    const rest = rescueCommand(['merge', ...all, final]);
    expect(rest.status).toBe(4);
    expect(rest.stdout).toContain('not known');
    expect(readFileSync(final).equals(readFileSync(DEMO))).toBe(true);
    expect(rescueCommand(['merge', ...all, join(dir, 'clean.raw')]).status).toBe(0);
  });

  test.each([
    ['bad bytes behind the end', (size: number) => `0 ${MIB} +\n${MIB} ${size} -\n`],
    ['bad bytes without an end', () => `0 ${MIB} +\n${MIB} ${2n ** 63n - 1n - BigInt(MIB)} -\n`],
  ])('refuses a map that speaks of %s', (_, blocks) => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '1');
    const size = statSync(DEMO).size;
    const final = join(dir, 'final.raw');
    rescueCommand(['merge', raw(dir, 1), final]);
    copyFileSync(DEMO, join(dir, 'odd.raw'));
    writeFileSync(join(dir, 'odd.map'), `0 + 1\n${blocks(size)}`);
    const merge = rescueCommand(['merge', join(dir, 'odd.raw'), final]);
    expect([merge.status, merge.stderr]).toEqual([2, expect.stringContaining('up to')]);
    expect(mapOf(join(dir, 'final.map')).end).toBe(size);
    expect(statSync(final).size).toBe(size);
  });

  test('refuses to take the last chunk for the image', () => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '0-2');
    const before = readFileSync(raw(dir, 2));
    const merge = rescueCommand(['merge', raw(dir, 0), raw(dir, 1), raw(dir, 2)]);
    expect([merge.status, merge.stderr]).toEqual([7, expect.stringContaining('chunk 2 itself')]);
    expect(readFileSync(raw(dir, 2)).equals(before)).toBe(true);
    writeFileSync(join(dir, 'part.map'), `0 + 1\n${3 * MIB} ${MIB} +\n`);
    read(dir, '-m', join(dir, 'part.map'));
    const part = rescueCommand(['merge', raw(dir, 0), join(dir, 'part.raw')]);
    expect([part.status, part.stderr]).toEqual([1, expect.stringContaining('looks like a chunk')]);
  });
});

describe('--next and --all', () => {
  test.each([['-n'], ['-N'], ['-r', '1'], ['-n', '-N']])(
    '--next %s comes to the end',
    (...args) => {
      const [dir] = folders('dir');
      const chunks: number[] = [];
      for (let i = 0; i < 5; i++) {
        const { chunk } = JSON.parse(read(dir, '--next', '--json', ...args).stdout) as never;
        chunks.push(chunk);
      }
      expect(chunks).toEqual([0, 1, 2, 3, 4]);
      const end = read(dir, '--next', ...args);
      expect([end.status, end.stdout]).toEqual([
        4,
        expect.stringMatching(/^All 5 chunks are read: there is nothing left to read\./),
      ]);
    },
  );

  test('--all goes on behind a chunk that was carried away before it was read to the end', () => {
    const [dir] = folders('dir');
    read(dir, '--chunk', '0-1', '-n', '-N');
    rmSync(raw(dir, 1));
    const all = read(dir, '--all');
    expect([all.status, all.stderr]).toEqual([7, expect.stringContaining('chunk01.raw')]);
    expect([0, 1, 2, 3, 4].map((number) => existsSync(raw(dir, number)))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
    // With the options it was read with there is nothing left to do for it.
    expect(read(dir, '--chunk', '1', '-n').status).toBe(7);
  });
});

describe('the log and the output', () => {
  test('never write into a disk, a chunk or a map', () => {
    const [dir] = folders('dir');
    const disk = join(dir, 'disk.img');
    copyFileSync(DEMO, disk);
    const log = (file: string): ReturnType<typeof rescueCommand> =>
      rescueCommand(['read', disk, '--chunk', '0', '--out', dir, '--log', file]);
    expect(log(disk).status).toBe(1);
    expect(readFileSync(disk).equals(readFileSync(DEMO))).toBe(true);
    expect(log(raw(dir, 0)).status).toBe(7);
    expect(log(dir).status).toBe(1);
    const nowhere = log('/nonexistent/log');
    expect([nowhere.status, nowhere.stderr]).toEqual([1, expect.stringContaining('--log')]);
  });

  test.skipIf(!existsSync('/dev/full'))('may be full, and the rescue is saved', () => {
    const [dir] = folders('dir');
    const args = `read ${DEMO} --chunk 0 --out ${dir}`;
    const program = fileURLToPath(new URL('../bin/rescue.js', import.meta.url));
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"$0" "${program}" ${args} > /dev/full`, process.execPath],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([1, expect.stringContaining('ENOSPC')]);
    expect(mapOf(join(dir, 'common.map')).sizeOf('+')).toBe(statSync(DEMO).size);
  });
});

test('a second signal ends the program at once, but not the same key press delivered twice', async () => {
  const signals = new URL('../dist/signals.js', import.meta.url).href;
  const script = `const { trapSignals } = await import('${signals}');
    trapSignals(() => console.log('caught'));
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = async (word: string): Promise<void> => {
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      if (String(chunk).includes(word)) return;
    }
  };
  await said('ready');
  child.kill('SIGINT');
  await said('caught');
  child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(child.exitCode ?? child.signalCode).toBeNull();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});
