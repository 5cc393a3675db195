import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingOracle, type OracleAnswer, runOracle } from '../../../scripts/oracle.ts';
import { fillBlock, generateBlock, ModeScreen } from '../src/gnu/mode-blocks.ts';
import { previewLines } from '../src/gnu/preview.ts';
import { GnuScreen, percent, type ScreenStatus } from '../src/gnu/screen.ts';
import {
  type CopyHeading,
  copyHeading,
  fillHeading,
  fillStatusLines,
  generateHeading,
  INTERRUPT_LINE,
  initialStatusLines,
  titleLine,
} from '../src/gnu/screen-heading.ts';
import { loggedTime, shownRemaining, shownTime } from '../src/gnu/times.ts';
import { grouped, scaled } from '../src/screen/gnu-numbers.ts';

describe('times as the screen shows them', () => {
  test.each([
    [0, '0s'],
    [62, '1m  2s'],
    [3600, '1h'],
    [3601, '1h  1s'],
    [90_061, '1d  1h  1m'],
    [863_999, '9d 23h 59m'],
    [9_999_999, '115d 17h'],
    [31_540_515, '1y  1h 15m'],
    [40_000_000, '1y 97d'],
    [3_153_600_015, '100y 15s'],
    [3_153_600_075, '100y  1m'],
  ])('%i s: %s', (seconds, text) => expect(shownTime(seconds)).toBe(text));

  test('what remains has no seconds from three minutes on', () => {
    expect(shownRemaining(179)).toBe('2m 59s');
    expect(shownRemaining(239)).toBe('3m');
    expect(shownRemaining(7199)).toBe('1h 59m');
    expect(shownRemaining(undefined)).toBe('n/a');
  });

  test.each([
    [5, '5s'],
    [125, '2m:05s'],
    [3600, '1h:00m:00s'],
    [266_525, '3d:02h:02m:05s'],
    [31_536_000, '1y:0d:00h:00m:00s'],
    [40_000_000, '1y:97d:23h:06m:40s'],
  ])('%i s in a log: %s', (seconds, text) => expect(loggedTime(seconds)).toBe(text));
});

describe('numbers', () => {
  test.each([
    [11_000, '11k'],
    [11_240, '11_240'],
    [11_264, '11Ki'],
    [1_001_000, '1001k'],
    [1_024_000, '1000Ki'],
    [1_024_000_000, '1_000_000Ki'],
    [99_999_000, '99_999k'],
    [1_572_864, '1536Ki'],
    [2 ** 40, '1Ti'],
  ])('%i without loss: %s', (value, text) => expect(grouped(value)).toBe(text));

  test.each([
    [999_999, false, '999999 '],
    [1_000_000, false, '1000 k'],
    [999_999_999, false, '999999 k'],
    [1_000_000_000, true, '976562 Ki'],
    [1_500_000_000, true, '1430 Mi'],
  ])('%i, binary %s: %s', (value, isBinary, text) =>
    expect(scaled(value, 999_999, isBinary)).toBe(text),
  );

  test('a percentage is cut, and exact for large sizes', () => {
    expect(percent(999_999, 1_000_000)).toBe('99.99');
    expect(percent(2 ** 53 - 2, 2 ** 53 - 1)).toBe('99.99');
    expect(percent(0, 0)).toBe('0.00');
  });
});

test('a preview of a position beyond 40 bits shows its last ten digits', () => {
  const bytes = Uint8Array.from([0x41, 0x7e, 0x7f]);
  expect(previewLines(1, { pos: 0xe8d4a510000, bytes })[1]).toBe(
    '8D4A510000  41 7E 7F 00 00 00 00 00  00 00 00 00 00 00 00 00  A~..............',
  );
});

const SIZE = 1_000_000;
const PASS = 'Copying non-tried blocks... Pass 1 (forwards)';

const nothing: ScreenStatus = {
  ipos: 0,
  opos: 0,
  domainSize: SIZE,
  rescued: 0,
  nonTried: SIZE,
  nonTrimmed: 0,
  nonScraped: 0,
  bad: 0,
  badAreas: 0,
  readErrors: 0,
  slowReads: 0,
  currentRate: 0,
  averageRate: 0,
  errorRate: 0,
  runTimeS: 0,
  remainingS: undefined,
  sinceSuccessS: undefined,
};

const everything: ScreenStatus = {
  ...nothing,
  ipos: 983_040,
  opos: 983_040,
  rescued: SIZE,
  nonTried: 0,
  sinceSuccessS: 0,
};

const defaults: CopyHeading = {
  infile: { name: 'in', size: SIZE },
  outfile: { name: 'out', size: undefined },
  ipos: 0,
  opos: 0,
  copySize: SIZE,
  clusterSectors: 128,
  sectorSize: 512,
  skipSectors: 128,
  errorRateMax: undefined,
  badAreasMax: undefined,
  readRateMax: undefined,
  readRateMin: undefined,
  timeoutS: undefined,
  isDirectIn: false,
  isDirectOut: false,
  isSparse: false,
  truncates: false,
  trims: true,
  sweeps: true,
  scrapes: true,
  retryPasses: 0,
  isCompleteOnly: false,
  isReverse: false,
};

/** Takes what is written. */
class Paper {
  text = '';
  readonly write = (part: string): void => {
    this.text += part;
  };
}

const missing = missingOracle();
const title = missing === undefined ? 'as ddrescue draws it' : `(skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  let dir: string;
  const data = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) & 255);

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gnu-screen-'));
    writeFileSync(join(dir, 'in'), data);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  /** A run that began and ended in one second of the clock: only such a run has no time in it. */
  function shortRun(args: string[], map = ''): OracleAnswer {
    for (let i = 0; ; i++) {
      for (const name of ['out', 'map']) rmSync(join(dir, name), { force: true });
      if (map !== '') writeFileSync(join(dir, 'map'), map);
      const answer = runOracle(args, { cwd: dir });
      if (!/run time: +[1-9]/.test(answer.stdout) || i === 5) return answer;
    }
  }

  function titled(lines: string[]): string {
    return [...lines, ''].join('\n').replace(titleLine(), 'GNU ddrescue 1.30');
  }

  /** In the last refresh of a complete copy GNU forgets the lines of the preview and draws too low. */
  function mended(stdout: string, lineCount: number): string {
    const start = stdout.lastIndexOf('\r\x1b');
    const end = stdout.lastIndexOf('\x1b[A') + 3;
    return `${stdout.slice(0, start)}\r${'\x1b[A'.repeat(lineCount)}${stdout.slice(end)}`;
  }

  /** The screen of a run that copied everything at once. */
  function copied(options: { previewLines?: number; isBinary?: boolean } = {}): string {
    const { previewLines = 0, isBinary = false } = options;
    const paper = new Paper();
    const { write } = paper;
    const screen = new GnuScreen({ write, isBinary, showsSlowReads: false, previewLines });
    screen.begin();
    screen.refresh(nothing, PASS);
    screen.preview({ pos: 983_040, bytes: data.subarray(983_040) });
    screen.refresh(everything, PASS);
    screen.finish({ ...everything, currentRate: SIZE, averageRate: SIZE });
    return paper.text;
  }

  test.each<string[]>([[], ['-P'], ['-P1'], ['-P32'], ['-B']])('a copy, %s', (...options) => {
    const { stdout } = shortRun([...options, 'in', 'out', 'map']);
    const previewed = { '-P': 3, '-P1': 1, '-P32': 32 }[options[0] ?? ''] ?? 0;
    const heading = titled([titleLine(), INTERRUPT_LINE]);
    const isBinary = options.includes('-B');
    const lineCount = previewed === 0 ? 6 : previewed + 8;
    expect(mended(stdout, lineCount)).toBe(heading + copied({ previewLines: previewed, isBinary }));
  });

  test.each<[string, Partial<CopyHeading>]>([
    ['-v', {}],
    ['-vv', {}],
    ['-vvB -i 5000 -o 77777', { ipos: 5000, opos: 77_777, copySize: 995_000 }],
    ['-vv -b 2048 -c 7', { sectorSize: 2048, clusterSectors: 7, skipSectors: 32 }],
    ['-vv -b 3', { sectorSize: 3, clusterSectors: 21_845, skipSectors: 21_846 }],
    ['-v -b 12000', { sectorSize: 12_000, clusterSectors: 5, skipSectors: 6 }],
    ['-vv -K0 -R -r-1', { skipSectors: 0, isReverse: true, retryPasses: -1 }],
    ['-vv -n -N --no-trim', { trims: false, sweeps: false, scrapes: false }],
    ['-vv -S -t -r 10000', { isSparse: true, truncates: true, retryPasses: 10_000 }],
    ['-vv -E 100k -e 100000', badAreas(100_000, false)],
    ['-vv -E 100k -e +3', badAreas(3, true)],
    ['-vv -Z 10M -a 5 -T 23h', { readRateMax: 1e7, readRateMin: 5, timeoutS: 82_800 }],
    ['-vv -a 0 -T 3m', { readRateMin: 0, timeoutS: 180 }],
    ['-vv -T 364d', { timeoutS: 364 * 86_400 }],
    ['-v -E5 -e3 -T 3m -R', {}],
  ])('heading of %s', (options, differing) => {
    const { stdout } = shortRun([...options.split(' '), 'in', 'out', 'map']);
    const verbosity = options.replace(/ .*/, '').replace(/[^v]/g, '').length;
    const telling = { verbosity, isBinary: options.includes('B') };
    const ours = [titleLine(), ...copyHeading({ ...defaults, ...differing }, telling)];
    expect(stdout.slice(0, stdout.indexOf(INTERRUPT_LINE))).toBe(titled(ours));
  });

  function badAreas(max: number, isOfThisRun: boolean): Partial<CopyHeading> {
    return { errorRateMax: 100_000, badAreasMax: { max, isOfThisRun } };
  }

  const MAP = '0x1234 - 1\n0 100000 +\n100000 1024 -\n101024 10240 *\n111264 888736 ?\n';
  const stored = {
    currentPos: 0x1234,
    sectorSize: 512,
    lastBlockSize: 888_736,
    domain: { pos: 0, end: SIZE },
    map: { pos: 0, end: SIZE },
    rescued: 100_000,
    tried: 11_264,
    bad: 1024,
    badAreas: 1,
  };
  const part = { domain: { pos: 10_000, end: 106_144 }, rescued: 90_000, tried: 6144 };

  test.each([
    ['-b1', 0, { sectorSize: 1 }],
    ['-vvv -b1', 3, { sectorSize: 1 }],
    ['-vvvB -b1 -i 10000 -s 96144', 3, { ...part, sectorSize: 1 }],
  ])('status of a mapfile, %s', (options, verbosity, differing) => {
    const { stdout } = shortRun([...options.split(' '), 'in', 'out', 'map'], MAP);
    const start = stdout.indexOf('Initial status');
    const lines = initialStatusLines(
      { ...stored, ...differing },
      { verbosity, isBinary: options.includes('B') },
    );
    expect(stdout.slice(start, stdout.indexOf('\r', start)).trimEnd()).toBe(lines.join('\n'));
  });

  test('passes below each other, a limit, a slow count', () => {
    const { stdout, status } = shortRun(['-b1', '-a1', '-X0', 'in', 'out', 'map'], MAP);
    expect(status).toBe(0);
    expect(stdout).toContain('\nslow reads:         0,         time since last successful read:');
    const paper = new Paper();
    const { write } = paper;
    const screen = new GnuScreen({ write, isBinary: false, showsSlowReads: true, previewLines: 0 });
    const done = { ...everything, nonTried: 0, rescued: 988_736, nonTrimmed: 10_240 };
    const totals = { ...done, bad: 1024, badAreas: 1 };
    screen.refresh(totals, PASS);
    screen.beginPass();
    const trimming = { ...totals, ipos: 111_263, opos: 111_263 };
    screen.refresh(trimming, 'Trimming failed blocks... (forwards)');
    expect(stdout).toContain(paper.text);
  });

  test('a run that is given up', () => {
    writeFileSync(join(dir, 'test.map'), `0 + 1\n0 ${SIZE - 1} -\n${SIZE - 1} 1 +\n`);
    const args = ['-H', 'test.map', '-E0', '-X0', 'in', 'out', 'map'];
    const { stdout, status } = shortRun(args);
    expect(status).toBe(1);
    const paper = new Paper();
    const { write } = paper;
    const screen = new GnuScreen({
      write,
      isBinary: false,
      showsSlowReads: false,
      previewLines: 0,
    });
    screen.refresh(nothing, PASS);
    const failed = { ...nothing, nonTried: SIZE - 65_536, nonTrimmed: 65_536, readErrors: 1 };
    screen.stop({ ...failed, errorRate: 65_536 }, [
      'Too high error rate reading input file (65536 B/s)',
      'Too many read errors',
    ]);
    expect(stdout.slice(stdout.indexOf('\r'))).toBe(paper.text);
  });

  test('fill mode', () => {
    writeFileSync(join(dir, 'fill'), 'x');
    const { stdout } = shortRun(['-F-*', '-v', 'fill', 'out', 'map'], MAP);
    const file = { ...defaults, infile: { name: 'fill', size: 1 }, isDirectOut: false };
    const telling = { verbosity: 1, isBinary: false };
    const status = { filled: 0, filledAreas: 0, remaining: 11_264, remainingAreas: 2 };
    const lines = [
      titleLine(),
      ...fillHeading({ ...file, fillSize: SIZE, types: '-*' }, telling),
      INTERRUPT_LINE,
      ...fillStatusLines(status, false),
    ];
    const paper = new Paper();
    paper.write(titled(lines));
    const screen = new ModeScreen(paper.write, {
      lineCount: 3,
      lines: (state: Parameters<typeof fillBlock>[0]) => fillBlock(state, false),
      message: 'Filling blocks...',
    });
    const state = { ...status, position: 100_000, currentRate: 0, averageRate: 0, runTimeS: 0 };
    screen.begin();
    screen.refresh(state);
    const filled = { filled: 11_264, filledAreas: 2, remaining: 0, remainingAreas: 0 };
    screen.finish({ ...state, ...filled, position: 101_024 });
    expect(stdout).toBe(paper.text);
  });

  test('generate mode', () => {
    writeFileSync(join(dir, 'copy'), data);
    const { stdout } = shortRun(['-G', '-v', 'in', 'copy', 'map']);
    const telling = { verbosity: 1, isBinary: false };
    const heading = { ...defaults, outfile: { name: 'copy', size: SIZE } };
    const paper = new Paper();
    paper.write(titled([titleLine(), ...generateHeading(heading, telling), INTERRUPT_LINE]));
    const screen = new ModeScreen(paper.write, {
      lineCount: 2,
      lines: (state: Parameters<typeof generateBlock>[0]) => generateBlock(state, false),
      message: 'Generating mapfile...',
    });
    const state = { rescued: 0, generated: 0, position: 0, currentRate: 0, averageRate: 0 };
    screen.begin();
    screen.refresh({ ...state, runTimeS: 0 });
    const end = { rescued: SIZE, generated: SIZE, position: 983_040, runTimeS: 0 };
    screen.finish({ ...state, ...end });
    expect(stdout).toBe(paper.text);
  });

  test('the data that a preview shows for a failed read is none', () => {
    writeFileSync(join(dir, 'test.map'), '0 + 1\n0 983040 +\n983040 16959 -\n999999 1 +\n');
    const { stdout } = shortRun(['-P', '--cpass=1', '-X0', '-H', 'test.map', 'in', 'out', 'map']);
    expect(stdout).toContain(`${previewLines(3, undefined).join('\n')}\n     ipos:   983040 B`);
    expect(readFileSync(join(dir, 'out'))).toHaveLength(983_040);
  });
});
