/** What is told at the ends that look like trouble and are none, and at trouble that has a way out. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  BAD,
  DEMO,
  MIB,
  needing,
  rescueCommand,
  temporaryDirectory,
} from './command.ts';
import { COPY, missingForTracing, traced } from './silent-loss-programs.ts';

interface Journey {
  readonly dir: string;
  readonly stick: string;
  readonly common: string;
  readonly image: string;
  read(...more: readonly string[]): Answer;
  merge(...more: readonly string[]): Answer;
}

function journey(): Journey {
  const dir = temporaryDirectory();
  const [stick, common, image] = ['stick', 'common.map', 'final.raw'].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  mkdirSync(stick);
  const where = ['--out', stick, '--map', common, '--chunk-size', '1MiB'];
  return {
    ...{ dir, stick, common, image },
    read: (...more) => rescueCommand(['read', DEMO, ...where, ...more]),
    merge: (...more) => rescueCommand(['merge', ...more, stick, image]),
  };
}

describe.each(['--fit', '--next'])('read %s when all is read', (which) => {
  test('is a success', () => {
    const { read } = journey();
    read('--all');
    const { status, stdout, stderr } = read(which);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^All 5 chunks are read: there is nothing left to read\. Carry/);
    expect(stdout).not.toContain('--retry-bad');
  });

  test('says what could not be read, and how to try it again', () => {
    const { read } = journey();
    read('--all', ...BAD);
    const { status, stdout } = read(which, ...BAD);
    expect([status, stdout]).toEqual([4, expect.stringContaining('--retry-bad -r 3')]);
  });
});

describe('chunks that were read and are nowhere', () => {
  const flat = (text: string): string => text.replace(/\s+/g, ' ');

  test.each(['--fit', '--next', '--all'])(
    'read %s names them, and status as the way out',
    (which) => {
      const { stick, common, image, read, merge } = journey();
      read('--chunk', '0-2');
      merge();
      read('--chunk', '3-4', '--free');
      for (const name of ['chunk03', 'chunk04']) {
        for (const end of ['raw', 'map']) rmSync(join(stick, `${name}.${end}`));
      }
      const { status, stdout, stderr } = read(which);
      expect(status).toBe(0);
      const way = `rescue status ${common} ${stick}`;
      expect(which === '--all' ? stderr : stdout).toContain(
        `Not in ${stick}, and no receipt says that the other PC has them: chunks 3-4. If you do not know where those are: ${way}`,
      );
      const asked = rescueCommand(way.split(' ').slice(1));
      expect(flat(asked.stdout)).toContain('Chunks 3-4: read, but neither here nor in the image');
      expect(flat(asked.stdout)).toContain('beneath the mount point');
      expect(asked.stdout).toContain(`--chunk 3-4 --reread --out ${stick}`);
      const merged = merge();
      expect(merged.status).toBe(4);
      expect(merged.stdout).toContain(`what comes next: rescue status ${image} ${stick}\n`);
    },
  );

  test('status does not only ask for the stick that it was given', () => {
    const { stick, common, read } = journey();
    read('--all');
    for (const name of readdirSync(stick)) rmSync(join(stick, name));
    const { stdout } = rescueCommand(['status', common, stick]);
    expect(flat(stdout)).toContain('If you gave it: Look on your other sticks, and beneath');
  });

  test('what is here, or has arrived, is not missed', () => {
    const { read, merge } = journey();
    read('--chunk', '0-2');
    merge();
    read('--all', '--free');
    const { stdout, stderr } = read('--fit');
    expect([stderr, stdout]).toEqual(['', expect.not.stringContaining('Not in')]);
  });
});

test.each(['merge', 'verify'])('%s of a folder without chunks asks for the stick', (command) => {
  const { stick, image } = journey();
  const words = command === 'merge' ? [stick, image] : [stick];
  const { status, stderr } = rescueCommand([command, ...words]);
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining(`There is no chunk in ${stick}. Is the stick mounted?`),
  ]);
});

describe('merge of a stick that --free has emptied', () => {
  test.each(['the folder', 'a pattern'])('by %s: there is nothing new on it', (by) => {
    const { stick, image, read, merge } = journey();
    for (const [more, status] of [
      [['--chunk', '0'], 4],
      [['--all'], 0],
    ] as const) {
      read(...more);
      merge();
      read(...more, '--free');
      const from = by === 'the folder' ? stick : join(stick, 'chunk*.raw');
      const again = rescueCommand(['merge', from, image]);
      expect([again.status, again.stderr]).toEqual([
        status,
        expect.not.stringContaining('rescue:'),
      ]);
      expect(again.stdout).toContain(`${stick}: nothing new there. It has no chunks`);
      expect(again.stdout).toMatch(/final\.raw: \d+ of 4195840 bytes rescued/);
    }
  });

  test('by a slip in the name of the image, no image is made', () => {
    const { dir, stick, read, merge } = journey();
    read('--all');
    merge();
    read('--fit', '--free');
    const other = join(dir, 'fnial.raw');
    expect(rescueCommand(['merge', stick, other]).status).toBe(1);
    expect(existsSync(other)).toBe(false);
  });
});

test('status proposes --free where it was used before', () => {
  const { common, read } = journey();
  const proposed = (): string | undefined =>
    /rescue read .*/.exec(rescueCommand(['status', common]).stdout)?.[0];
  read('--chunk', '0');
  expect(proposed()).toContain('--fit --out');
  read('--chunk', '1', '--free');
  expect(proposed()).toContain('--fit --free --out');
});

test('plan proposes a map on this PC, unless there is one already', () => {
  const { dir, stick } = journey();
  const proposed = (): string | undefined =>
    /rescue read .*/.exec(rescueCommand(['plan', DEMO, '--out', stick], { cwd: dir }).stdout)?.[0];
  expect(proposed()).toMatch(/ --map demo\.map$/);
  writeFileSync(join(dir, 'demo.map'), '');
  expect(proposed()).not.toContain('--map');
  rmSync(join(dir, 'demo.map'));
  rescueCommand(['read', DEMO, '--chunk', '0', '--out', stick]);
  expect(proposed()).not.toContain('--map');
});

describe('an image of rescue copy', () => {
  function copied(): { dir: string; image: string; map: string } {
    const dir = temporaryDirectory();
    const image = join(dir, 'disk.img');
    rescueCommand(['copy', DEMO, ...BAD, image]);
    return { dir, image, map: `${image}.map` };
  }

  test('is told by verify, which says what it can be compared with', () => {
    const { image } = copied();
    const { status, stdout, stderr } = rescueCommand(['verify', image]);
    expect([status, stdout]).toEqual([4, expect.stringContaining('an image of rescue copy')]);
    expect(stderr).toContain(`verify ${image} --source DISK`);
  });

  test('is compared with its disk', () => {
    const { dir, image } = copied();
    const same = rescueCommand(['verify', image, '--source', DEMO]);
    expect([same.status, same.stderr]).toEqual([0, '']);
    expect(same.stdout).toContain(`${DEMO} still gives the same for 3955200 bytes of it`);
    const fd = openSync(image, 'r+');
    writeSync(fd, Buffer.from('x'), 0, 1, 3 * MIB + 100);
    closeSync(fd);
    const differs = ['--differs', join(dir, 'differs.map')];
    const other = rescueCommand(['verify', image, '--source', DEMO, ...differs]);
    expect(other.status).toBe(2);
    expect(other.stdout).toContain(`gave something else in 1 piece: ${3 * MIB}-${4 * MIB - 512}`);
    const disk = join(dir, 'other.img');
    writeFileSync(disk, Buffer.alloc(MIB));
    expect(rescueCommand(['verify', image, '--source', disk]).status).toBe(7);
  });

  test('that is cut short is told', () => {
    const { image } = copied();
    truncateSync(image, MIB);
    const { status, stderr } = rescueCommand(['verify', image]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('is cut short')]);
  });

  test('is found by status', () => {
    const { image } = copied();
    const { stdout, stderr } = rescueCommand(['status', image]);
    expect(stderr).toBe('');
    expect(stdout).toContain('in one piece');
  });
});

describe('--direct', () => {
  test('sometimes: says what can be said, and takes no word for a disk', () => {
    for (const words of [
      ['copy', '--direct', 'sometimes', DEMO],
      ['read', '-d', 'sometimes', DEMO, '--all'],
    ]) {
      const { status, stderr } = rescueCommand(words);
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining('--direct: sometimes is none of auto, always and never'),
      ]);
    }
  });

  test('never: where sectors are bad, auto may get more', () => {
    const { read } = journey();
    const never = ['--direct', 'never'];
    expect(read('--chunk', '1', ...BAD, ...never).stderr).toContain('--direct auto and -r 1');
    expect(read('--chunk', '2', ...BAD).stderr).not.toContain('--direct auto');
    expect(read('--chunk', '3', ...never).stderr).not.toContain('--direct auto');
  });
});

test('merge --replace says what it replaced, and verify removes what is settled', () => {
  const { image, read, merge } = journey();
  read('--chunk', '0');
  merge();
  const fd = openSync(image, 'r+');
  writeSync(fd, Buffer.from('damaged'), 0, 7, 5000);
  closeSync(fd);
  const differs = `${image}.differs.map`;
  expect(rescueCommand(['verify', image]).status).toBe(2);
  expect(existsSync(differs)).toBe(true);
  expect(merge('--replace').stdout).toContain(
    `nothing new in it; ${MIB} bytes of the image replaced by the chunk's`,
  );
  expect(rescueCommand(['verify', image]).status).toBe(0);
  expect(existsSync(differs)).toBe(false);
  writeFileSync(differs, 'my own notes\n');
  expect(rescueCommand(['verify', image]).status).toBe(0);
  expect(existsSync(differs)).toBe(true);
});

const tracing = needing('a disk in trouble', missingForTracing());

describe.skipIf(tracing.isSkipped)(tracing.title, () => {
  const failing = (call: string, path: string, error: string): string[] => [
    ...[
      '-P',
      path,
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${call}:error=${error}`,
    ],
  ];

  test('that is full is named', () => {
    const { dir, image } = journey();
    const full = failing('pwrite64', image, 'ENOSPC');
    const { status, stderr } = traced(COPY, full, DEMO, image);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`No room is left in ${dir}`)]);
  });

  test('that takes no data is told in plain words', () => {
    const { image } = journey();
    const { status, stderr } = traced(COPY, failing('fsync', image, 'EIO'), DEMO, image);
    expect(status).toBe(1);
    expect(stderr).toContain(`The disk that ${image} is written to did not take the data`);
  });

  test('or not: a merge that is interrupted says that the same command goes on', () => {
    const { stick, image, read } = journey();
    read('--all');
    const inject = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:signal=SIGINT:when=1'];
    const words = ['-P', image, '-o', '/dev/null', ...inject];
    const { stdout } = traced({ ...COPY, words: ['merge'] }, words, stick, image);
    expect(stdout).toContain('Stopped before the end; what was merged is saved.');
    expect(stdout).toContain('The same command goes on.');
    expect(rescueCommand(['merge', stick, image]).status).toBe(0);
  });

  test('so that no receipt finds room: make some, and what it is for', () => {
    const { stick, image, read } = journey();
    read('--chunk', '0');
    const full = failing('fsync', stick, 'ENOSPC');
    const { status, stderr } = traced({ ...COPY, words: ['merge'] }, full, stick, image);
    expect([status, stderr]).toEqual([4, expect.stringContaining('Make room on the stick')]);
    expect(stderr).toContain('read --free may delete it from the stick');
  });
});
