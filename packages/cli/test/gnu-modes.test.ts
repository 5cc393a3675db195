import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  blockingClock,
  fileMapStore,
  gnuManner,
  openFileSource,
  openFileTarget,
  planRescue,
  resolveSettings,
  withBadAreas,
  withOutputOffset,
} from '@chunkrescue/engine';
import { type BlockStatus, Domain, type Mapfile, parseMapfile } from '@chunkrescue/mapfile';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { commandMode, commandRescue } from '../src/gnu/command-mode.ts';
import { type FillModeOptions, fillMode } from '../src/gnu/fill-mode.ts';
import { generateMode } from '../src/gnu/generate-mode.ts';
import { GnuError, type TalkingIo } from '../src/gnu/io.ts';
import type { ModeOptions } from '../src/gnu/mode-options.ts';

const reason = missingOracle();
const title = reason === undefined ? 'modes beside GNU ddrescue' : `modes (skipped: ${reason})`;
const RUNS = Number(process.env['MODE_RUNS'] ?? 60);

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly out: string;
  readonly map: string | undefined;
  /** The last numbers on the screen. */
  readonly shown: readonly number[] | undefined;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(reason !== undefined)(title, () => {
  test('fill: the same bytes, map, numbers, status and errors', () => {
    fc.assert(
      fc.property(fillCases, (each) => {
        expect(ours(each, (io) => ourFill(io, each))).toEqual(oracle(each, fillArguments(each)));
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 40_000 },
    );
  });

  test('generate: the same map, numbers, status and errors', () => {
    fc.assert(
      fc.property(generateCases, (each) => {
        const args = ['-G', ...commonArguments(each)];
        expect(ours(each, (io) => ourGenerate(io, each))).toEqual(oracle(each, args));
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 40_000 },
    );
  });

  test('command mode: the same answers, bytes, map and status', () => {
    fc.assert(
      fc.property(commandCases, (each) => {
        const args = ['--command-mode', '-H', 'bad', ...commonArguments(each)];
        const expected = oracle(each, args);
        fc.pre(expected.stdout !== '');
        expect(ours(each, (io) => ourCommands(io, each))).toEqual(expected);
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 40_000 },
    );
  });
});

/** One case of any mode. Sizes and positions are bytes. */
interface Case {
  readonly infile: Uint8Array;
  readonly outfile: Uint8Array;
  readonly map: string | undefined;
  readonly badMap: string;
  readonly sectorSize: number;
  readonly clusterSectors: number;
  readonly pos: number | undefined;
  readonly size: number | undefined;
  readonly outputPos: number | undefined;
  readonly input: string;
}

interface FillCase extends Case {
  readonly types: readonly BlockStatus[];
  readonly writesLocation: boolean;
}

const LENGTH = 1500;
const statuses = fc.constantFrom<BlockStatus>('?', '*', '/', '-', '+');
const mapTexts = (states: readonly string[], blockStatuses: fc.Arbitrary<BlockStatus>) =>
  fc
    .record({
      position: fc.integer({ min: 0, max: LENGTH + 50 }),
      state: fc.constantFrom(...states),
      pass: fc.integer({ min: 1, max: 3 }),
      start: fc.constantFrom(0, 0, 0, 37, 200),
      blocks: fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), blockStatuses), { maxLength: 8 }),
    })
    .map(({ position, state, pass, start, blocks }) => {
      let pos = start;
      // Equal neighbours, which no program writes, are merged earlier by ours than by GNU's.
      const apart = blocks.filter(([, status], i) => status !== blocks[i - 1]?.[1]);
      const lines = apart.map(([size, status]) => {
        const line = `${pos} ${size} ${status}`;
        pos += size;
        return line;
      });
      return `${position} ${state} ${pass}\n${lines.join('\n')}\n`;
    });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const bytes = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength });
/** Like a copy: runs of zeros and of other bytes. */
const copies = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom(0, 0, 7)), { maxLength: 12 })
  .map((runs) => Uint8Array.from(runs.flatMap(([size, byte]) => new Array(size).fill(byte))));

const common = {
  infile: bytes(LENGTH),
  outfile: bytes(LENGTH),
  map: optional(mapTexts(['?', 'F', 'F', 'G', '-', '+'], statuses)),
  badMap: fc.constant('0 ? 1\n'),
  sectorSize: fc.constantFrom(1, 7, 16, 48, 52, 60, 100, 512),
  clusterSectors: fc.integer({ min: 1, max: 4 }),
  pos: optional(fc.integer({ min: 0, max: LENGTH })),
  size: optional(fc.integer({ min: 0, max: LENGTH })),
  outputPos: optional(fc.integer({ min: 0, max: 300 })),
  input: fc.constant(''),
};
const fillCases: fc.Arbitrary<FillCase> = fc.record({
  ...common,
  types: fc.uniqueArray(statuses, { minLength: 1, maxLength: 3 }),
  writesLocation: fc.boolean(),
});
const generateCases: fc.Arbitrary<Case> = fc.record({
  ...common,
  outfile: copies,
  size: optional(fc.integer({ min: 1, max: LENGTH })),
  sectorSize: fc.constantFrom(7, 16, 100, 512),
  map: optional(mapTexts(['?', 'G', 'G', 'G'], fc.oneof(fc.constant('?' as const), statuses))),
});
const numbers = fc.oneof(
  fc.integer({ min: -2, max: LENGTH + 20 }).map(String),
  fc.integer({ min: 0, max: LENGTH }).map((value) => `0x${value.toString(16)}`),
  fc.constantFrom('010', '+5', 'x', '', '1Ki', '0b11', '9_0', '99999999999999999999'),
);
const copyOrStatus = fc
  .tuple(
    fc.constantFrom('c', 'c', 'c', 's'),
    fc.constantFrom(' ', '', '  ', '\t'),
    numbers,
    numbers,
  )
  .map(([letter, space, pos, size]) => `${letter}${space}${pos} ${size}`);
const command = fc.oneof(
  { weight: 8, arbitrary: copyOrStatus },
  {
    weight: 1,
    arbitrary: fc.constantFrom('u', '', ' ', 's 0 9999', 'c', 's', 'cc 1 2', 'u ', 'x'),
  },
);
const commandCases: fc.Arbitrary<Case> = fc.record({
  ...common,
  infile: fc.constant(Uint8Array.from({ length: LENGTH }, (_, pos) => 1 + ((pos * 7) % 251))),
  // Its last area is good: else the size of the input would be unknown.
  badMap: mapTexts(['?'], fc.constantFrom('+', '-')).map(
    (text) => `${text}${parseMapfile(text).map.end} 90 +\n`,
  ),
  pos: optional(fc.integer({ min: 0, max: 300 })),
  size: optional(fc.integer({ min: 1, max: LENGTH })),
  map: fc.constant(undefined),
  input: fc
    .tuple(fc.array(command, { maxLength: 8 }), fc.constantFrom('f\n', '', 'q\n', 'c 0 100'))
    .map(([lines, end]) => lines.map((line) => `${line}\n`).join('') + end),
});

function commonArguments(each: Case): string[] {
  const args = [`-b${each.sectorSize}`, `-c${each.clusterSectors}`];
  if (each.pos !== undefined) args.push(`-i${each.pos}`);
  if (each.size !== undefined) args.push(`-s${each.size}`);
  if (each.outputPos !== undefined) args.push(`-o${each.outputPos}`);
  return [...args, 'in', 'out', 'map'];
}

function fillArguments(each: FillCase): string[] {
  return [
    `--fill-mode=${each.writesLocation ? 'l' : ''}${each.types.join('')}`,
    ...commonArguments(each),
  ];
}

function prepare(each: Case): string {
  const path = mkdtempSync(join(folder, 'case-'));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'in'), each.infile);
  writeFileSync(join(path, 'out'), each.outfile);
  writeFileSync(join(path, 'bad'), each.badMap);
  if (each.map !== undefined) writeFileSync(join(path, 'map'), each.map);
  return path;
}

function collect(
  path: string,
  said: Pick<Outcome, 'status' | 'stdout' | 'stderr' | 'shown'>,
): Outcome {
  const read = (name: string): Buffer => readFileSync(join(path, name));
  const map = unlessMissing(() => read('map').toString());
  const outcome = {
    ...said,
    out: read('out').toString('latin1'),
    // A block of no bytes stands for an empty map; ours has none, and both read both.
    map: map?.replace(/^# (Mapfile|Command|Start|Current).*\n|^0x0+ {2}0x0+ {2}\?\n/gm, ''),
  };
  rmSync(path, { recursive: true });
  return outcome;
}

function unlessMissing<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

function oracle(each: Case, args: readonly string[]): Outcome {
  const path = prepare(each);
  const answer = runOracle(args, { cwd: path, input: each.input });
  const shown = shownBy(answer.stdout);
  return collect(path, {
    status: answer.status ?? -1,
    stdout: args[0] === '--command-mode' ? answer.stdout : '',
    stderr: answer.stderr.replace(/^Try .*\n/m, ''),
    shown,
  });
}

/** The numbers of the last screen: sizes, areas and the position. */
function shownBy(stdout: string): number[] | undefined {
  const last = stdout.split('\r').findLast((part) => /(filled size|rescued):/.test(part));
  if (last === undefined) return undefined;
  const filled = new RegExp(
    'filled size: *(\\d+) B, *filled areas: *(\\d+).*\\n.*?size: *(\\d+) B, *remain areas: *(\\d+)' +
      '.*\\n.*pos: *(-?\\d+) B',
  );
  const generated = /rescued: *(\d+) B, *generated: *(\d+) B.*\n *opos: *(-?\d+) B/;
  const fields = filled.exec(last) ?? generated.exec(last);
  return fields?.slice(1).map(Number);
}

interface Run {
  readonly io: TalkingIo;
  readonly path: string;
  shown: readonly number[] | undefined;
}

function ours(each: Case, work: (run: Run) => number | string): Outcome {
  const path = prepare(each);
  let stdout = '';
  let stderr = '';
  const lines = each.input.split(/(?<=\n)/);
  const io: TalkingIo = {
    verbosity: 0,
    out: (data) => {
      stdout += data;
    },
    err: (text) => {
      stderr += text;
    },
    readLine: () => lines.shift(),
    readAll: () => new Uint8Array(),
    stop: { aborted: false },
    clock: blockingClock,
    programName: 'ddrescue',
    commandLine: 'ddrescue',
  };
  const run: Run = { io, path, shown: undefined };
  let status: number;
  try {
    status = Number(work(run));
  } catch (error) {
    if (!(error instanceof GnuError)) throw error;
    stderr += `ddrescue: ${error.message.replaceAll(`${path}/`, '')}\n`;
    status = error.status;
  }
  stderr = stderr.replaceAll(`${path}/`, '');
  return collect(path, { status, stdout, stderr, shown: run.shown });
}

function modeOptions(each: Case, path: string): Omit<ModeOptions, 'domain'> & { domain: Domain } {
  const pos = each.pos ?? 0;
  return {
    infile: join(path, 'in'),
    outfile: join(path, 'out'),
    mapfile: join(path, 'map'),
    domain: each.size === undefined ? Domain.whole(pos) : Domain.whole(pos, pos + each.size),
    offset: (each.outputPos ?? pos) - pos,
    sectorSize: each.sectorSize,
    clusterSize: each.sectorSize * each.clusterSectors,
    saveIntervalMs: undefined,
  };
}

function ourFill(run: Run, each: FillCase): number | string {
  const options: FillModeOptions = {
    ...modeOptions(each, run.path),
    types: each.types,
    writesLocation: each.writesLocation,
    isForced: false,
    isForcedInUse: false,
    isDirect: false,
    isSynchronous: false,
    ignoresWriteErrors: false,
  };
  const mapfile = each.map === undefined ? undefined : parseMapfile(each.map);
  const screen = {
    begin() {},
    progress() {},
    end(_message: string | undefined, progress: Parameters<typeof numbersOfFill>[0]) {
      run.shown = numbersOfFill(progress);
    },
  };
  return fillMode(run.io, options, { stored: { mapfile }, screen });
}

function numbersOfFill(progress: {
  filled: number;
  filledAreas: number;
  remaining: number;
  remainingAreas: number;
  position: number;
}): number[] {
  const { filled, filledAreas, remaining, remainingAreas, position } = progress;
  return [filled, filledAreas, remaining, remainingAreas, position];
}

function ourGenerate(run: Run, each: Case): number | string {
  const stored: Mapfile | undefined = each.map === undefined ? undefined : parseMapfile(each.map);
  const screen = {
    begin() {},
    progress() {},
    end(
      _message: string | undefined,
      progress: { rescued: number; generated: number; position: number },
    ) {
      const { rescued, generated, position } = progress;
      run.shown = [rescued, generated, position];
    },
  };
  return generateMode(run.io, modeOptions(each, run.path), { stored, screen });
}

function ourCommands({ io, path }: Run, each: Case): number {
  const options = modeOptions(each, path);
  const file = openFileSource(options.infile, { direct: false, sectorSize: each.sectorSize });
  const source = withBadAreas(file, parseMapfile(each.badMap).map);
  const { sectorSize, clusterSize, domain, offset } = options;
  const settings = resolveSettings(
    { sectorSize, clusterSize, manner: gnuManner },
    source,
    gnuManner,
  );
  const rescue = planOr(() =>
    planRescue({ sourceSize: source.size || undefined, domain }, settings),
  );
  const target = withOutputOffset(openFileTarget(options.outfile, { mode: 'any' }), offset);
  const store = fileMapStore(options.mapfile);
  const copy = { rescue, source, target, buffer: new Uint8Array(clusterSize) };
  const save = (): void => {
    const { position, state, pass, map } = rescue;
    store.save({ heading: [], position, state, pass, map });
  };
  save();
  try {
    const how = { heading: 'GNU ddrescue 1.30\n', infile: 'in', outfile: 'out' };
    return commandMode(io, commandRescue(copy, save), how);
  } finally {
    target.close?.();
    file.close();
  }
}

/** The domain may lie behind the end; what is said then is not this test's. */
function planOr<T>(call: () => T): T {
  try {
    return call();
  } catch {
    throw new GnuError('Nothing to copy.');
  }
}
