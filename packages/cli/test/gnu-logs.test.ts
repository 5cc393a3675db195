import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { EventsLog } from '../src/gnu/events-log.ts';
import { RatesLog } from '../src/gnu/rates-log.ts';
import { ReadsLog } from '../src/gnu/reads-log.ts';

const SIZE = 1_000_000;
const PASS_1 = 'Copying non-tried blocks... Pass 1 (forwards)';
const PASS_2 = 'Copying non-tried blocks... Pass 2 (backwards)';
const TRIMMING = 'Trimming failed blocks... (forwards)';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gnu-logs-'));
  writeFileSync(join(dir, 'in'), new Uint8Array(SIZE));
  writeFileSync(join(dir, 'test.map'), '0 + 1\n0 131072 +\n131072 131072 -\n262144 737856 +\n');
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  for (const name of ['out', 'map', 'ours']) rmSync(join(dir, name), { force: true });
});

const options = (): { path: string; commandLine: string; startTime: Date } => ({
  path: join(dir, 'ours'),
  commandLine: 'ddrescue in out',
  startTime: new Date(2001, 8, 9, 1, 46, 40),
});

/** A log without what tells of program and time. */
function plain(name: string): string {
  return readFileSync(join(dir, name), 'utf8')
    .replace(/Created by .*/g, 'Created by')
    .replace(/(Command line|Start time|End time): .*/g, '$1');
}

test('reads: marks of seconds, a gap in front of a pass, errors other than EIO by number', () => {
  const log = new ReadsLog(options());
  log.phase(PASS_1, 0);
  log.read({ pos: 0, size: 512, copied: 0, failed: 512, errno: 'ENXIO' });
  log.second(62);
  log.read({ pos: 2 ** 40, size: 512, copied: 0, failed: 512, errno: 'EIO' });
  log.phase(TRIMMING, 62);
  log.end(new Date(2001, 8, 9, 1, 47, 42));
  expect(readFileSync(join(dir, 'ours'), 'utf8').split('\n').slice(2)).toEqual([
    '# Start time:   2001-09-09 01:46:40',
    '#  Ipos       Size  Copied_size  Error_size  Errno',
    `# 0s  ${PASS_1}`,
    '0x00000000\t512\t0\t512\t6',
    '# 1m:02s',
    '0x10000000000\t512\t0\t512',
    '',
    `# 1m:02s  ${TRIMMING}`,
    '# End time:     2001-09-09 01:47:42',
    '',
  ]);
});

test('rates: one line a second', () => {
  const log = new RatesLog(options());
  const rates = { ipos: 0x40000, currentRate: 131_072, averageRate: 98_304, badAreas: 1, bad: 512 };
  for (const runTimeS of [0, 0, 85, 85, 105]) log.refresh({ ...rates, runTimeS });
  log.end(new Date());
  expect(readFileSync(join(dir, 'ours'), 'utf8').split('\n').slice(3, -2)).toEqual([
    '#Time  Ipos  Current_rate  Average_rate  Bad_areas  Bad_size',
    ' 0  0x00040000    131072     98304        1       512',
    '85  0x00040000    131072     98304        1       512',
    '105  0x00040000    131072     98304        1       512',
  ]);
});

test('400 000 reads cost little', () => {
  const log = new ReadsLog(options());
  const start = performance.now();
  for (let i = 0; i < 400_000; i++) log.read({ pos: i * 512, size: 512, copied: 512, failed: 0 });
  log.end(new Date());
  expect(performance.now() - start).toBeLessThan(4000);
});

const missing = missingOracle();
const title = missing === undefined ? 'as ddrescue writes them' : `(skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  /** A run in which the clock shows one second only has no marks of time. */
  function shortRun(args: string[]): void {
    for (let i = 0; i < 5; i++) {
      for (const name of ['out', 'map', 'theirs']) rmSync(join(dir, name), { force: true });
      const { stdout } = runOracle([...args, 'in', 'out', 'map'], { cwd: dir });
      if (!/run time: +[1-9]/.test(stdout)) return;
    }
  }

  test('reads', () => {
    shortRun(['-H', 'test.map', '--log-reads=theirs', '-c256', '--no-trim', '-n', '-N']);
    const log = new ReadsLog(options());
    const size = 131_072;
    log.phase(PASS_1, 0);
    log.read({ pos: 0, size, copied: size, failed: 0 });
    log.read({ pos: size, size, copied: 0, failed: size, errno: 'EIO' });
    for (let pos = 327_680; pos < SIZE; ) {
      const end = Math.min(pos - (pos % size) + size, SIZE);
      log.read({ pos, size: end - pos, copied: end - pos, failed: 0 });
      pos = end;
    }
    log.phase(PASS_2, 0);
    log.read({ pos: 262_144, size: 65_536, copied: 65_536, failed: 0 });
    log.end(new Date());
    expect(plain('ours')).toBe(plain('theirs'));
  });

  test('rates', () => {
    shortRun(['--log-rates=theirs']);
    const log = new RatesLog(options());
    const nothing = { runTimeS: 0, currentRate: 0, averageRate: 0, badAreas: 0, bad: 0 };
    log.refresh({ ...nothing, ipos: 0 });
    log.refresh({ ...nothing, ipos: 983_040, currentRate: SIZE });
    log.end(new Date());
    expect(plain('ours')).toBe(plain('theirs'));
  });

  test.each([false, true])('events of two runs, binary: %s', (isBinary) => {
    const binary = isBinary ? ['-B'] : [];
    shortRun([...binary, '-H', 'test.map', '--cpass=1', '--log-events=theirs', '-X0']);
    runOracle([...binary, '--log-events=theirs', '-s5000', 'in', 'out2'], { cwd: dir });
    rmSync(join(dir, 'out2'));
    const state = { runTimeS: 0, averageRate: 0, rescued: 0, domainSize: SIZE, readErrors: 0 };
    const first = new EventsLog({ ...options(), isBinary });
    first.event(PASS_1, state);
    first.cause('Too many read errors');
    const stopped = { ...state, rescued: 131_072, averageRate: 131_072, readErrors: 1 };
    first.endOfRun({ pos: 131_072, phase: 'copying' }, stopped);
    first.end(new Date());
    const second = new EventsLog({ ...options(), isBinary });
    second.event(PASS_1, state);
    const finished = { ...state, averageRate: 5000, rescued: 5000, domainSize: 5000 };
    second.endOfRun({ pos: 0, phase: 'finished' }, finished);
    second.end(new Date());
    expect(plain('ours')).toBe(plain('theirs'));
  });
});
