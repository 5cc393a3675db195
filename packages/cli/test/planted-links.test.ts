/** Links planted where others can write: on a stick, or in a shared folder of the PC with the image. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, DEMO, rescueCommand, temporaryDirectory } from './command.ts';

const CUT = ['--chunk-size', '1MiB'];
const SECRET = 'the only copy of something else\n';

interface Place {
  readonly dir: string;
  readonly out: string;
  readonly victim: string;
  readonly nowhere: string;
}

function place(): Place {
  const dir = temporaryDirectory();
  const out = join(dir, 'stick');
  mkdirSync(out);
  mkdirSync(join(dir, 'elsewhere'));
  const victim = join(dir, 'elsewhere', 'victim');
  writeFileSync(victim, SECRET);
  return { dir, out, victim, nowhere: join(dir, 'elsewhere', 'nowhere') };
}

const read = ({ out }: Place, ...more: string[]): Answer =>
  rescueCommand(['read', DEMO, '--chunk', '0', ...CUT, '--out', out, ...more]);

function expectUntouched({ victim, nowhere, dir }: Place): void {
  expect(readFileSync(victim, 'utf8')).toBe(SECRET);
  expect(existsSync(nowhere)).toBe(false);
  expect(readdirSync(join(dir, 'elsewhere'))).toEqual(['victim']);
}

const SENTENCE = /^rescue: .*writing there would change something else, and is not done\.$/m;

test.each([
  ['chunk00.raw', []],
  ['chunk00.map', []],
  ['chunk00.raw.gz', ['--compress', 'gzip']],
] as const)('a link %s is refused, to a file and to nothing', (name, more) => {
  for (const to of ['victim', 'nowhere'] as const) {
    const here = place();
    symlinkSync(here[to], join(here.out, name));
    const { status, stderr } = read(here, ...more);
    // A name for a compressed chunk that is taken is left alone, and the next one used.
    if (more.length > 0 && to === 'victim') expect(status).toBe(0);
    else expect([status, stderr]).toEqual([7, expect.stringMatching(SENTENCE)]);
    expectUntouched(here);
  }
});

test('a chunk that is a second name of another file is refused', () => {
  const here = place();
  linkSync(here.victim, join(here.out, 'chunk00.raw'));
  const { status, stderr } = read(here, '--reread');
  expect([status, stderr]).toEqual([7, expect.stringMatching(/^rescue: /m)]);
  expectUntouched(here);
});

test('links where temporary files, copies and locks are made lead nowhere', () => {
  const here = place();
  expect(read(here).status).toBe(0);
  rmSync(join(here.out, 'common.map.bak'), { force: true });
  for (const name of ['common.map.bak', '.common.map.1.tmp', 'common.map.lock.takeover']) {
    symlinkSync(here.victim, join(here.out, name));
  }
  expect(read(here, '--reread').status).toBe(0);
  expectUntouched(here);
  const locked = place();
  symlinkSync(locked.victim, join(locked.out, 'common.map.lock'));
  const { status, stderr } = read(locked);
  expect([status, stderr]).toEqual([7, expect.stringContaining('cannot be understood')]);
  expectUntouched(locked);
});

test('a log that is a link is refused', () => {
  const here = place();
  symlinkSync(here.nowhere, join(here.out, 'log'));
  const { status, stderr } = read(here, '--log', join(here.out, 'log'));
  expect([status, stderr]).toEqual([1, expect.stringContaining('name the file itself')]);
  expectUntouched(here);
});

test('a receipt takes the place of a link, and the evidence of an image refuses one', () => {
  const here = place();
  read(here);
  const job = /^# Job: (\w{8})/m.exec(readFileSync(join(here.out, 'chunk00.map'), 'utf8'))?.[1];
  const receipt = join(here.out, `receipt-${job}.map`);
  const merge = (): Answer =>
    rescueCommand(['merge', join(here.out, 'chunk00.raw'), join(here.dir, 'final.raw')]);
  symlinkSync(join(here.dir, 'elsewhere'), join(here.dir, 'final.chunks'));
  const refused = merge();
  expect([refused.status, refused.stderr]).toEqual([7, expect.stringMatching(SENTENCE)]);
  expectUntouched(here);
  expect(existsSync(join(here.dir, 'final.raw'))).toBe(false);
  const other = place();
  read(other);
  symlinkSync(other.victim, receipt.replace(here.out, other.out));
  const first = rescueCommand(['merge', join(other.out, 'chunk00.raw'), join(other.dir, 'f.raw')]);
  expect(first.stderr).not.toMatch(/fault of rescue/);
  expectUntouched(other);
});

test('the map that the user names may be a link, and stays one', () => {
  const here = place();
  symlinkSync(here.nowhere, join(here.dir, 'my.map'));
  expect(read(here, '--map', join(here.dir, 'my.map')).status).toBe(0);
  expect(readFileSync(here.nowhere, 'utf8')).toContain('# Job:');
});

test('files are made for whom the user’s umask says', () => {
  const here = place();
  const before = process.umask(0o027);
  try {
    read(here);
  } finally {
    process.umask(before);
  }
  const modes = ['chunk00.raw', 'chunk00.map', 'common.map'].map(
    (name) => statSync(join(here.out, name)).mode & 0o777,
  );
  expect(modes).toEqual([0o640, 0o640, 0o640]);
});
