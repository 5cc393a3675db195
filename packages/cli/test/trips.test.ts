/** Trips between two PCs: what fits, what may be deleted, what needs to be carried again. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForStick } from '../../../scripts/stick.ts';
import { type Answer, BAD, DEMO, MIB, rescueCommand, temporaryDirectory } from './command.ts';

/** Two PCs and a stick. */
class Journey {
  readonly stick: string;
  readonly common: string;
  readonly image: string;

  constructor() {
    const dir = temporaryDirectory();
    for (const name of ['stick', 'home', 'other']) mkdirSync(join(dir, name));
    this.stick = join(dir, 'stick');
    this.common = join(dir, 'home', 'common.map');
    this.image = join(dir, 'other', 'final.raw');
  }

  read(...more: readonly string[]): Answer {
    const where = ['--out', this.stick, '--map', this.common];
    return rescueCommand(['read', DEMO, '--chunk-size', '1MiB', ...where, ...more]);
  }

  merge(...more: readonly string[]): Answer {
    return rescueCommand(['merge', this.stick, this.image, ...more]);
  }

  /** Chunks on the stick. */
  get raws(): string[] {
    return readdirSync(this.stick).filter((name) => name.endsWith('.raw'));
  }

  /** Bytes that a chunk's map claims. */
  claimed(name: string): number {
    const text = readFileSync(join(this.stick, `${name}.map`), 'utf8');
    return parseMapfile(text).map.sizeOf('+');
  }
}

describe('read --free', () => {
  test('deletes what the receipt names, and nothing else', () => {
    const journey = new Journey();
    journey.read(...BAD, '--chunk', '0-1');
    expect(journey.merge().stderr).toContain('tells the other PC what may be deleted');
    journey.read(...BAD, '--chunk', '2');
    writeFileSync(join(journey.stick, 'holiday.raw'), 'pictures');
    const next = journey.read(...BAD, '--next', '--free');
    expect(next.stdout).toContain(
      'Deleted here, since the other PC has them: chunk00.raw, chunk01.raw.',
    );
    expect(next.stderr).toContain('names them: chunk02.raw.');
    expect(journey.raws).toEqual(['chunk02.raw', 'chunk03.raw', 'holiday.raw']);
  });

  test('keeps a chunk that was read again after it was merged', () => {
    const journey = new Journey();
    journey.read(...BAD, '--chunk', '0');
    journey.merge();
    journey.read('--retry-bad');
    journey.read(...BAD, '--next', '--free');
    expect(journey.raws).toContain('chunk00.raw');
    journey.merge();
    journey.read(...BAD, '--next', '--free');
    expect(journey.raws).toEqual(['chunk02.raw']);
  });

  test.each([
    ['lost', false],
    ['older than they are', true],
  ])(
    'takes over what chunks know before it deletes them, when the common map is %s',
    (_, isKept) => {
      const journey = new Journey();
      journey.read(...BAD, '--chunk', '0');
      const old = readFileSync(journey.common);
      journey.read(...BAD, '--chunk', '1-3');
      journey.merge();
      rmSync(journey.common);
      rmSync(`${journey.common}.bak`);
      if (isKept) writeFileSync(journey.common, old);
      const { stdout } = journey.read(...BAD, '--fit', '--free');
      expect(stdout).toContain('has them: chunk00.raw, chunk01.raw, chunk02.raw, chunk03.raw.');
      expect(journey.raws).toEqual(['chunk04.raw']);
      journey.merge();
      expect(rescueCommand(['verify', journey.image]).status).toBe(0);
      // The common map is known to be of this disk.
      expect(readFileSync(journey.common, 'utf8')).toMatch(/^# Sample: /m);
    },
  );

  test.each([
    ['damaged', (text: string) => text.replace('+', '-')],
    [
      'of another rescue',
      (text: string) => text.replace(/^# Job: .*$/m, '# Job: 0123456789abcdef'),
    ],
  ])('believes no receipt that is %s', (_, change) => {
    const journey = new Journey();
    journey.read(...BAD, '--chunk', '0');
    journey.merge();
    const name = readdirSync(journey.stick).find((each) => each.startsWith('receipt-')) as string;
    const path = join(journey.stick, name);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    journey.read(...BAD, '--next', '--free');
    expect(journey.raws).toEqual(['chunk00.raw', 'chunk01.raw']);
  });
});

describe('read --fit', () => {
  test('says before it reads what fits, reads that, and ends when all is read', () => {
    const journey = new Journey();
    const first = journey.read(...BAD, '--fit');
    expect([first.status, first.stderr]).toEqual([4, expect.stringContaining('5 chunks fit')]);
    expect(journey.raws.length).toBe(5);
    const again = journey.read(...BAD, '--fit');
    expect([again.status, again.stdout]).toEqual([4, expect.stringContaining('All 5 chunks')]);
  });
});

describe('read --retry-bad', () => {
  test('writes nothing where nothing is gained', () => {
    const journey = new Journey();
    journey.read(...BAD, '--all');
    const before = readFileSync(join(journey.stick, 'chunk01.map'));
    const retry = journey.read(...BAD, '--retry-bad');
    expect(retry.stdout).toContain('Nothing was gained by this run');
    expect(readFileSync(join(journey.stick, 'chunk01.map')).equals(before)).toBe(true);
  });

  test('brings only what is new when the other PC has the rest, time and again', () => {
    const journey = new Journey();
    journey.read(...BAD, '--all');
    journey.merge();
    for (const name of journey.raws) rmSync(join(journey.stick, name));
    // Of chunk 1's two bad areas one gives way first, then the other.
    const half = join(journey.stick, 'half.map');
    writeFileSync(
      half,
      `0 + 1\n0 ${0x138800} +\n${0x138800} ${0x7800} -\n${0x140000} ${4 * MIB} +\n`,
    );
    const retry = journey.read('-H', half, '--retry-bad');
    expect(retry.stdout).toMatch(/Carry again and merge: chunk 0 .*chunk 1 /);
    expect(journey.claimed('chunk01')).toBe(0x2000 + 0x10000);
    expect(journey.read('--retry-bad').status).toBe(0);
    expect(journey.claimed('chunk01')).toBe(0x2000 + 0x10000 + 0x7800);
    expect(journey.merge().status).toBe(0);
    expect(readFileSync(journey.image).equals(readFileSync(DEMO))).toBe(true);
    expect(rescueCommand(['verify', journey.image]).status).toBe(0);
  });

  test('refuses without a receipt, until told that the rest is in safe hands', () => {
    const journey = new Journey();
    journey.read(...BAD, '--chunk', '1');
    const kept = join(journey.stick, '..', 'kept');
    mkdirSync(kept);
    for (const name of ['chunk01.raw', 'chunk01.map']) {
      copyFileSync(join(journey.stick, name), join(kept, name));
      rmSync(join(journey.stick, name));
    }
    const refused = journey.read('--retry-bad');
    expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining('--carried')]);
    expect(existsSync(join(journey.stick, 'chunk01.raw'))).toBe(false);
    expect(journey.read('--retry-bad', '--carried').status).toBe(0);
    const chunks = [join(kept, 'chunk01.raw'), join(journey.stick, 'chunk01.raw')];
    rescueCommand(['merge', ...chunks, journey.image]);
    const image = readFileSync(journey.image).subarray(MIB, 2 * MIB);
    expect(image.equals(readFileSync(DEMO).subarray(MIB, 2 * MIB))).toBe(true);
  });
});

describe('a lost common map', () => {
  test('is made anew from the chunks that are there, without reading them again', () => {
    const journey = new Journey();
    journey.read(...BAD, '--chunk', '0-1');
    rmSync(journey.common);
    rmSync(`${journey.common}.bak`);
    const times = ['chunk00.raw', 'chunk01.raw'].map((name) =>
      readFileSync(join(journey.stick, name)),
    );
    const all = journey.read(...BAD, '--all', '--json');
    const gains = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((record) => record.type === 'chunk')
      .map((record) => record.gained > 0);
    expect(gains).toEqual([false, false, true, true, true]);
    expect(readFileSync(join(journey.stick, 'chunk01.raw')).equals(times[1] as Buffer)).toBe(true);
  });
});

const missing = missingForStick('ext4');

describe.skipIf(missing !== undefined)(
  `a stick that is not there${missing ? ` (${missing})` : ''}`,
  () => {
    function mounted(folder: string, size = '16m'): () => void {
      const words = ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder];
      expect(spawnSync('mount', words).status).toBe(0);
      const unmount = (): void => void spawnSync('umount', ['-l', folder]);
      onTestFinished(unmount);
      return unmount;
    }

    test('refuses to read into the empty folder, and writes nothing, until told so', () => {
      const journey = new Journey();
      const { stick, common } = journey;
      const pull = mounted(stick);
      expect(journey.read('--chunk', '0').status).toBe(0);
      // What is of this PC does not travel.
      expect(readFileSync(join(stick, 'chunk00.map'), 'utf8')).not.toContain('# Mounted');
      pull();
      const before = readFileSync(common, 'utf8');
      expect(before).toMatch(/^# Mounted: [0-9a-f]{32}$/m);
      for (const which of ['--fit', '--next', '--all', '--retry-bad', '--reread --chunk 0']) {
        const { status, stdout, stderr } = journey.read(...which.split(' '));
        expect([status, stdout]).toEqual([7, '']);
        expect(stderr).toContain(
          `The chunks of this rescue went to a file system of their own at ${stick}; nothing is mounted there now. Is the stick plugged in and mounted?`,
        );
        expect(stderr).toContain('--other-out');
      }
      expect([readdirSync(stick), readFileSync(common, 'utf8')]).toEqual([[], before]);
      // Another folder is no trouble, and what was mounted is not forgotten for it.
      const other = ['--out', join(stick, '..', 'other'), '--map', common];
      expect(rescueCommand(['read', DEMO, '--chunk', '1', ...other]).status).toBe(0);
      expect(journey.read('--next').status).toBe(7);
      mounted(stick);
      expect(journey.read('--chunk', '2').status).toBe(0);
    });

    test('goes on in the folder as it is once that was asked for', () => {
      const journey = new Journey();
      const pull = mounted(journey.stick);
      journey.read('--chunk', '0');
      pull();
      expect(journey.read('--chunk', '1', '--other-out').status).toBe(0);
      expect(journey.read('--chunk', '2').status).toBe(0);
      expect(journey.raws).toEqual(['chunk01.raw', 'chunk02.raw']);
    });

    test('or not for writing: it is asked for in plain words', () => {
      const journey = new Journey();
      mounted(journey.stick);
      journey.read('--chunk', '0');
      journey.merge();
      const remount = ['-o', 'remount,ro', journey.stick];
      expect(spawnSync('mount', remount).status).toBe(0);
      const own = ['read', DEMO, '--chunk', '1', '--out', journey.stick];
      const runs = [journey.read('--fit', '--free'), journey.read('--next'), rescueCommand(own)];
      for (const { status, stderr } of runs) {
        expect(status).toBe(1);
        expect(stderr).toContain('Mount the stick so that it can be written to');
        expect(stderr).not.toMatch(/unlink|dmesg/);
      }
      expect(runs[0]?.stderr).toContain(
        `chunk00.raw lies on a disk that must not be written to now.`,
      );
    });

    test('or full: what goes on after --reread is told as it is', () => {
      const journey = new Journey();
      const pull = mounted(journey.stick);
      expect(journey.read('--all').status).toBe(0);
      pull();
      mounted(journey.stick, '2600k');
      const full = journey.read('--chunk', '0-2,4', '--reread');
      expect([full.status, full.stderr]).toEqual([1, expect.stringContaining('No room is left')]);
      expect(full.stderr).not.toContain('same command');
      expect(full.stderr).toContain(
        'To go on: --chunk 2 without --reread, then --chunk 4 with it.',
      );
      spawnSync('mount', ['-o', 'remount,size=16m', journey.stick]);
      expect(journey.read('--chunk', '2').status).toBe(0);
      expect(journey.read('--chunk', '4', '--reread').status).toBe(0);
      expect(journey.raws).toEqual([0, 1, 2, 4].map((number) => `chunk0${number}.raw`));
      expect(rescueCommand(['verify', journey.stick]).status).toBe(0);
    });
  },
);
