import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { DEMO, fixture, MIB, rescueCommand, temporaryDirectory } from './command.ts';

const TEST_MODE = ['-H', fixture('demo-bad.map'), '--chunk-size', '1MiB'];

/** Reads chunks of the demo disk into a directory. */
function read(dir: string, ...more: string[]): ReturnType<typeof rescueCommand> {
  return rescueCommand(['read', DEMO, ...TEST_MODE, '--out', dir, ...more]);
}

const chunk = (dir: string, number: number): string => join(dir, `chunk0${number}.raw`);
const blocksOf = (path: string): unknown[] => [
  ...parseMapfile(readFileSync(path, 'utf8')).map.blocks(),
];

describe('rescue read', () => {
  test('reads every chunk, says what is lost, and leaves no lock behind', () => {
    const dir = temporaryDirectory();
    const { status, stdout } = read(dir, '--all');
    expect(status).toBe(4);
    expect(stdout).toContain('chunk 1 of 0-4');
    expect(stdout).toContain('1536 of 1536 bytes rescued (100 %)');
    expect(readdirSync(dir).filter((name) => name.endsWith('.lock'))).toEqual([]);
    expect(statSync(chunk(dir, 2)).size).toBe(3 * MIB);
    expect(statSync(chunk(dir, 4)).size).toBe(statSync(DEMO).size);
    const part = parseMapfile(readFileSync(join(dir, 'chunk02.map'), 'utf8')).map;
    expect([part.start, part.end]).toEqual([2 * MIB, 3 * MIB]);
  });

  test('takes lists and spans of chunks, and the chunk size as begun', () => {
    const dir = temporaryDirectory();
    expect(read(dir, '--chunk', '3,0-1').status).toBe(4);
    expect(existsSync(chunk(dir, 3))).toBe(true);
    expect(existsSync(chunk(dir, 2))).toBe(false);
    const next = rescueCommand([
      'read',
      DEMO,
      '-H',
      fixture('demo-bad.map'),
      '--next',
      '--out',
      dir,
    ]);
    expect(next.stdout).toContain('chunk 2 of 0-4 (2 MiB - 3 MiB)');
  });

  test('refuses a chunk size that contradicts the one it was begun with', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '0');
    const other = rescueCommand([
      'read',
      DEMO,
      '--chunk',
      '1',
      '--chunk-size',
      '2MiB',
      '--out',
      dir,
    ]);
    expect(other.status).toBe(7);
    expect(other.stderr).toContain(`begun with chunks of ${MIB} bytes`);
  });

  test('rounds the chunk size up to whole sectors and says so', () => {
    const dir = temporaryDirectory();
    const { stderr, status } = rescueCommand([
      'read',
      DEMO,
      '--chunk',
      '0',
      '--chunk-size',
      '1000000',
      '--out',
      dir,
    ]);
    expect(status).toBe(0);
    expect(stderr).toContain('rounded up from 1000000 to 1000448 bytes');
  });

  test('ends with 1 beyond the end, and names position and size', () => {
    const { status, stderr } = read(temporaryDirectory(), '--chunk', '5');
    expect(status).toBe(1);
    expect(stderr).toContain(`begin at position ${5 * MIB}, but the source ends at 4195840`);
  });

  test('does nothing for a finished chunk, here or carried away', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '4');
    const before = readFileSync(chunk(dir, 4));
    expect(read(dir, '--chunk', '4').status).toBe(0);
    expect(Buffer.compare(readFileSync(chunk(dir, 4)), before)).toBe(0);
    rmSync(chunk(dir, 4));
    const again = read(dir, '--chunk', '4');
    expect(again.status).toBe(0);
    expect(again.stdout).toContain('nothing to do');
    expect(existsSync(chunk(dir, 4))).toBe(false);
  });

  test('never claims in a chunk what only an earlier, missing file held', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '0', '-n', '-N');
    rmSync(chunk(dir, 0));
    const refused = read(dir, '--chunk', '0');
    expect(refused.status).toBe(7);
    expect(refused.stderr).toContain('chunk00.raw is not there');
    expect(refused.stderr).toContain('--reread');
    expect(existsSync(chunk(dir, 0))).toBe(false);
    expect(read(dir, '--chunk', '0', '--reread').status).toBe(4);
    const fresh = temporaryDirectory();
    read(fresh, '--chunk', '0');
    expect(Buffer.compare(readFileSync(chunk(dir, 0)), readFileSync(chunk(fresh, 0)))).toBe(0);
    expect(blocksOf(join(dir, 'chunk00.map'))).toEqual(blocksOf(join(fresh, 'chunk00.map')));
  });

  test('refuses to write over a file that no map knows', () => {
    const dir = temporaryDirectory();
    writeFileSync(chunk(dir, 0), 'holiday pictures');
    const { status, stderr } = read(dir, '--chunk', '0');
    expect(status).toBe(7);
    expect(stderr).toContain('no map');
    expect(readFileSync(chunk(dir, 0), 'utf8')).toBe('holiday pictures');
  });

  test('refuses a damaged common map with line and column, and leaves it alone', () => {
    const dir = temporaryDirectory();
    writeFileSync(join(dir, 'common.map'), '0 + 1\n0 0x100 x\n');
    const { status, stderr } = read(dir, '--chunk', '0');
    expect(status).toBe(2);
    expect(stderr).toMatch(/common\.map: .*line 2, column 9/);
    expect(readFileSync(join(dir, 'common.map'), 'utf8')).toBe('0 + 1\n0 0x100 x\n');
  });

  test('refuses a map of a larger disk', () => {
    const dir = temporaryDirectory();
    writeFileSync(join(dir, 'common.map'), '0 + 1\n0 0x10000000 +\n');
    const { status, stderr } = read(dir, '--chunk', '0');
    expect(status).toBe(7);
    expect(stderr).toContain('another disk');
  });

  test('never writes over a plan made by hand', () => {
    const dir = temporaryDirectory();
    const plan = join(dir, 'part.map');
    writeFileSync(plan, `0 + 1\n${MIB} ${MIB} +\n`);
    expect(read(dir, '-m', plan).status).toBe(4);
    expect(readFileSync(plan, 'utf8')).toBe(`0 + 1\n${MIB} ${MIB} +\n`);
    const part = parseMapfile(readFileSync(join(dir, 'part.raw.map'), 'utf8')).map;
    expect([part.start, part.end]).toEqual([MIB, 2 * MIB]);
    const beyond = join(dir, 'beyond.map');
    writeFileSync(beyond, `0 + 1\n${9 * MIB} ${MIB} +\n`);
    expect(read(dir, '-m', beyond).status).toBe(1);
  });

  test('refuses to write a chunk over its own source, and to save over the plan', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '4');
    const before = readFileSync(chunk(dir, 4));
    const self = rescueCommand(['read', chunk(dir, 4), '--chunk', '4', '--out', dir, '--reread']);
    expect(self.status).toBe(7);
    expect(self.stderr).toContain('must be two files');
    expect(Buffer.compare(readFileSync(chunk(dir, 4)), before)).toBe(0);
    const common = readFileSync(join(dir, 'common.map'), 'utf8');
    expect(read(dir, '-m', join(dir, 'common.map')).status).toBe(7);
    expect(readFileSync(join(dir, 'common.map'), 'utf8')).toBe(common);
  });

  test('claims for a domain of two parts nothing of what lies between them', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '1');
    const plan = join(dir, 'ends.map');
    writeFileSync(plan, `0 + 1\n0 ${MIB} +\n${MIB} ${MIB} ?\n${2 * MIB} ${MIB} +\n`);
    expect(read(dir, '-m', plan).status).toBe(4);
    const part = parseMapfile(readFileSync(join(dir, 'ends.raw.map'), 'utf8')).map;
    expect(part.slice(MIB, 2 * MIB).sizeOf('?')).toBe(MIB);
    expect(part.sizeOf('?')).toBe(MIB);
  });

  test('writes one JSON record a chunk, and a log', () => {
    const dir = temporaryDirectory();
    const log = join(dir, 'log.jsonl');
    const { stdout } = read(dir, '--chunk', '1,4', '--json', '--log', log);
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(records).toMatchObject([
      { type: 'chunk', chunk: 1, pos: MIB, size: MIB, end: 'finished', badAreas: 3 },
      { type: 'chunk', chunk: 4, bad: 0, rescued: 1536 },
    ]);
    const logged = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(logged.at(-1) as string)).toMatchObject({ msg: 'end', status: 4 });
  });
});

describe('rescue merge', () => {
  test('gives the same image and map as copy does, in any order and as often as one likes', () => {
    const dir = temporaryDirectory();
    read(dir, '--all');
    const final = join(dir, 'final.raw');
    expect(rescueCommand(['merge', chunk(dir, 4), chunk(dir, 1), final]).stdout).toContain(
      'missing 3 MiB: chunk00, chunk02 - chunk03',
    );
    expect(statSync(final).size).toBe(statSync(DEMO).size);
    rescueCommand(['merge', chunk(dir, 1), chunk(dir, 3), chunk(dir, 0), final]);
    const last = rescueCommand(['merge', chunk(dir, 2), final]);
    expect(last.status).toBe(4);
    expect(last.stdout).toContain('could not be read');
    const whole = join(dir, 'whole.raw');
    expect(rescueCommand(['copy', DEMO, whole, '-H', fixture('demo-bad.map')]).status).toBe(4);
    expect(Buffer.compare(readFileSync(final), readFileSync(whole))).toBe(0);
    expect(blocksOf(join(dir, 'final.map'))).toEqual(blocksOf(`${whole}.map`));
  });

  test('ends with 0 when everything is rescued', () => {
    const dir = temporaryDirectory();
    expect(rescueCommand(['read', DEMO, '--all', '--chunk-size', '2M', '--out', dir]).status).toBe(
      0,
    );
    const raws = readdirSync(dir).filter((name) => name.endsWith('.raw'));
    const merge = rescueCommand(['merge', ...raws, 'final.raw'], { cwd: dir });
    expect(merge.status).toBe(0);
    expect(Buffer.compare(readFileSync(join(dir, 'final.raw')), readFileSync(DEMO))).toBe(0);
  });

  test('refuses a chunk cut short, and merges the others of the same call', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '0-1');
    truncateSync(chunk(dir, 1), MIB + 1000);
    const final = join(dir, 'final.raw');
    const { status, stderr, stdout } = rescueCommand([
      'merge',
      chunk(dir, 1),
      chunk(dir, 0),
      final,
    ]);
    expect(status).toBe(2);
    expect(stderr).toContain('cut short');
    expect(stderr).toContain(`it has ${MIB + 1000} of ${2 * MIB} bytes`);
    expect(stdout).toContain('chunk00.raw: 1034752 bytes merged');
    const { map } = parseMapfile(readFileSync(join(dir, 'final.map'), 'utf8'));
    expect(map.slice(MIB, 2 * MIB).sizeOf('?')).toBe(MIB);
    expect(
      readFileSync(final)
        .subarray(MIB, 2 * MIB)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test('refuses a chunk without its map, and a chunk of another disk', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '0');
    const other = join(dir, 'other');
    mkdirSync(other);
    copyFileSync(DEMO, join(dir, 'other.img'));
    truncateSync(join(dir, 'other.img'), 3 * MIB);
    rescueCommand([
      'read',
      join(dir, 'other.img'),
      '--chunk',
      '1',
      '--chunk-size',
      '1MiB',
      '--out',
      other,
    ]);
    copyFileSync(chunk(dir, 0), join(dir, 'lonely.raw'));
    const final = join(dir, 'final.raw');
    const merge = rescueCommand([
      'merge',
      chunk(dir, 0),
      chunk(other, 1),
      join(dir, 'lonely.raw'),
      final,
    ]);
    expect(merge.status).toBe(7);
    expect(merge.stderr).toContain('is an image of one of');
    expect(merge.stderr).toContain('lonely.raw has no map');
    const { map } = parseMapfile(readFileSync(join(dir, 'final.map'), 'utf8'));
    expect(map.sizeOf('+')).toBe(1034752);
  });

  test('refuses an image that no map knows, and a map whose image is gone', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '0');
    const final = join(dir, 'final.raw');
    writeFileSync(final, 'something else');
    const unknown = rescueCommand(['merge', chunk(dir, 0), final]);
    expect(unknown.status).toBe(7);
    expect(readFileSync(final, 'utf8')).toBe('something else');
    rmSync(final);
    expect(rescueCommand(['merge', chunk(dir, 0), final]).status).toBe(4);
    rmSync(final);
    const gone = rescueCommand(['merge', chunk(dir, 0), final]);
    expect(gone.status).toBe(7);
    expect(gone.stderr).toContain('is not there');
  });

  test('refuses when a chunk is the image', () => {
    const dir = temporaryDirectory();
    read(dir, '--chunk', '0');
    expect(rescueCommand(['merge', chunk(dir, 0), chunk(dir, 0)]).status).toBe(7);
  });
});

describe('rescue copy', () => {
  test('refuses to copy a file onto itself by any name', () => {
    const dir = temporaryDirectory();
    const image = join(dir, 'a.img');
    copyFileSync(DEMO, image);
    expect(rescueCommand(['copy', image, image]).status).toBe(7);
    expect(rescueCommand(['copy', image, join(dir, '.', 'a.img')]).status).toBe(7);
    expect(Buffer.compare(readFileSync(image), readFileSync(DEMO))).toBe(0);
  });

  test('says that the image comes first when it was given last, and touches neither', () => {
    const dir = temporaryDirectory();
    const [raw, map] = [join(dir, 'x.raw'), join(dir, 'x.map')];
    const swapped = (...more: string[]): void => {
      const { status, stderr } = rescueCommand(['copy', DEMO, map, raw, ...more]);
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining(
          `The image comes first, then the map: rescue copy ${DEMO} ${raw} ${map}`,
        ),
      ]);
      expect(stderr).not.toMatch(/--force|Repair|copy .*\.bak/);
    };
    swapped();
    expect(readdirSync(dir)).toEqual([]);
    expect(rescueCommand(['copy', DEMO, raw, map]).status).toBe(0);
    const before = [raw, map].map((path) => readFileSync(path));
    swapped();
    swapped('--force');
    expect([raw, map].map((path) => readFileSync(path))).toEqual(before);
    // By what is in it, where the names do not tell.
    const [image, plain] = [join(dir, 'image'), join(dir, 'plain')];
    copyFileSync(raw, image);
    copyFileSync(map, plain);
    const { stderr } = rescueCommand(['copy', DEMO, plain, image]);
    expect(stderr).toContain(`rescue copy ${DEMO} ${image} ${plain}`);
    expect(readFileSync(plain).equals(readFileSync(map))).toBe(true);
  });

  test('writes over an existing file that no map knows only with --force, and old bytes never stay', () => {
    const dir = temporaryDirectory();
    const target = join(dir, 'b.img');
    writeFileSync(target, Buffer.alloc(5 * MIB, 0xaa));
    expect(rescueCommand(['copy', DEMO, target]).status).toBe(7);
    expect(rescueCommand(['copy', DEMO, target, '--force']).status).toBe(0);
    const copied = readFileSync(target).subarray(0, statSync(DEMO).size);
    expect(Buffer.compare(copied, readFileSync(DEMO))).toBe(0);
  });
});

describe('the command line', () => {
  test.each([
    [['read', DEMO, '--chunk', '100M'], 'for a size use --chunk-size 100M'],
    [['read', DEMO, '--chunk', '0', '--chunksize', '1'], 'Did you mean --chunk-size?'],
    [['read', DEMO, '--all', '--otu', 'x'], 'Did you mean --out?'],
    [['read', DEMO, '--chunk', '0', '--chunk', '1'], 'given twice'],
    [['read', DEMO], 'Say what to read'],
    [['read', DEMO, '--chunk', '0', '--all'], '--chunk and --all are given together'],
    [['read'], 'rescue read needs SOURCE'],
    [['merge'], 'rescue merge needs CHUNKS'],
    [['verify', '-q'], 'rescue verify needs FILES'],
    [['copy', DEMO], 'rescue copy needs SOURCE (the failing disk) and TARGET'],
    [['read', DEMO, '--chunk', '0', '--chunk-size', '1m'], 'unknown unit "m"'],
    [['read', DEMO, '--chunk', '0', '--out', '/nonexistent/stick'], 'Is the stick mounted?'],
    [['read', '/nonexistent/disk', '--chunk', '0'], '/nonexistent/disk'],
    [['reed', DEMO], 'Did you mean read?'],
    [['merge', 'final.raw'], 'which chunks and which image'],
    [['merge', 'chunk*.raw', 'final.raw'], 'There is no file chunk*.raw'],
    [[], 'Say what to do'],
  ])('%j ends with 1 and one sentence', (args, sentence) => {
    const { status, stderr, stdout } = rescueCommand(args, { cwd: temporaryDirectory() });
    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^rescue: /);
    expect(stdout).toBe('');
  });

  test('--help ends with 0', () => {
    const { status, stdout } = rescueCommand(['read', '--help']);
    expect(stdout).toContain('--chunk-size');
    expect(status).toBe(0);
  });

  test('names of files cannot command the terminal', () => {
    const { stderr } = rescueCommand(['copy', '/nonexistent/\u001b[31mred', '/tmp/x']);
    expect(stderr).not.toContain('\u001b');
  });
});
