/** Signals: each command with each of them, several in a row, files that may only be so long, closed streams. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { manifestComments, sealedMapStore } from '@chunkrescue/engine';
import { Domain, parseMapfile, RescueMap } from '@chunkrescue/mapfile';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { DEMO, MIB, PROGRAM, startRescue, temporaryDirectory } from './command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGXFSZ'] as const;
/** Longer than any command here could read before it is stopped; most of it is a hole. */
const SIZE = 256 * 1024 * MIB;
/** A chunk whose map is not long to read. */
const CHUNK_SIZE = 64 * 1024 * MIB;
/** Less than a pause of the rate limit or after an error would keep it; on an idle machine it takes 6 to 22 ms. */
const AT_ONCE_MS = 3000;

const isMissing = existsSync('/proc/self/stat') ? undefined : 'needs /proc';

/** One command that goes on for long. */
interface Case {
  readonly name: string;
  readonly words: readonly string[];
  /** What is there before, in the folder of the run. */
  readonly prepare?: (dir: string) => void;
  /** Whether it is at work. */
  readonly isBusy: (run: ChildProcess, dir: string) => boolean;
  /** Its map, if it saves one. */
  readonly map?: string;
}

let shared: string;
let source: string;

beforeAll(() => {
  shared = mkdtempSync(join(tmpdir(), 'rescue-test-'));
  source = join(shared, 'source');
  writeSparse(source, SIZE);
  const bad = Array.from(
    { length: 4000 },
    (_, i) => `${i * 65536} 32768 +\n${i * 65536 + 32768} 32768 -\n`,
  );
  writeFileSync(join(shared, 'bad.map'), `0 + 1\n${bad.join('')}`);
});
afterAll(() => rmSync(shared, { recursive: true, force: true }));

/** A file of a hole, but for some bytes at the beginning of each of its first MiB. */
function writeSparse(path: string, size: number): void {
  const fd = openSync(path, 'w');
  for (let number = 0; number < 64; number++) writeSync(fd, block(number), 0, 4096, number * MIB);
  closeSync(fd);
  truncateSync(path, size);
}

function block(number: number): Uint8Array {
  return new Uint8Array(4096).fill(number + 1);
}

/** A chunk whose digests are right, as `rescue read` would have made it. */
function writeChunk(dir: string): void {
  writeSparse(join(dir, 'chunk00.raw'), CHUNK_SIZE);
  const zeros = crc32(new Uint8Array(MIB));
  const digests = new Map<number, number>();
  for (let pos = 0; pos < CHUNK_SIZE; pos += MIB) digests.set(pos, zeros);
  const piece = new Uint8Array(MIB);
  for (let number = 0; number < 64; number++) {
    piece.set(block(number));
    digests.set(number * MIB, crc32(piece));
  }
  const lines = manifestComments({
    format: 1,
    kind: 'chunk',
    job: '0123456789abcdef',
    chunk: 0,
    range: { pos: 0, size: CHUNK_SIZE },
    layout: 'sparse',
    sourceSize: CHUNK_SIZE,
    pieceSize: MIB,
    digests,
  });
  void sealedMapStore(join(dir, 'chunk00.map')).save({
    heading: lines.map((line) => `# ${line}`),
    position: 0,
    state: '+',
    pass: 1,
    map: RescueMap.ofOne(0, CHUNK_SIZE, '+'),
  });
}

/** Past its beginning: it has computed for longer than starting takes. Holes need no reads to be counted. */
function isAtWork({ pid }: ChildProcess): boolean {
  const words = textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(words[11]) + Number(words[12]) >= 30;
}

const isLogged =
  (word: string) =>
  (_: ChildProcess, dir: string): boolean =>
    textOf(join(dir, 'log')).includes(word);
const isThere =
  (name: string) =>
  (_: ChildProcess, dir: string): boolean =>
    (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0) > 0;

const SLOW = ['-q', '-b512', '-c1', '-Z100'];
const CASES: readonly Case[] = [
  {
    name: 'copy',
    words: ['copy', 'SOURCE', 'image'],
    isBusy: isThere('image'),
    map: 'image.map',
  },
  {
    name: 'copy, scraping',
    words: ['copy', '-H', 'BAD', '--log', 'log', 'SOURCE', 'image'],
    isBusy: isLogged('"scraping"'),
    map: 'image.map',
  },
  {
    name: 'read',
    words: ['read', 'SOURCE', '--all', '--chunk-size', '64Gi', '--out', '.'],
    isBusy: isThere('chunk00.raw'),
    map: 'common.map',
  },
  {
    name: 'merge',
    words: ['merge', 'chunk00.raw', 'final.raw'],
    prepare: writeChunk,
    isBusy: isAtWork,
  },
  { name: 'verify', words: ['verify', '.'], prepare: writeChunk, isBusy: isAtWork },
  {
    name: 'ddrescue',
    words: ['ddrescue', '-q', '-S', 'SOURCE', 'image', 'image.map'],
    isBusy: isThere('image'),
    map: 'image.map',
  },
  {
    name: 'ddrescue, waiting for its rate limit',
    words: ['ddrescue', ...SLOW, 'SOURCE', 'image', 'image.map'],
    isBusy: isThere('image.map'),
    map: 'image.map',
  },
  {
    name: 'ddrescue, resting after an error',
    words: [
      'ddrescue',
      '-q',
      '-c1',
      '--pause-on-error=30',
      '-H',
      'BAD',
      'SOURCE',
      'image',
      'image.map',
    ],
    isBusy: isThere('image.map'),
    map: 'image.map',
  },
];

interface Started {
  readonly run: ChildProcess;
  readonly dir: string;
  readonly stderr: () => string;
  /** Status and signal. */
  readonly end: Promise<unknown[]>;
}

async function started({ words, prepare, isBusy }: Case): Promise<Started> {
  const dir = temporaryDirectory();
  prepare?.(dir);
  const given = words.map((word) =>
    word === 'SOURCE' ? source : word === 'BAD' ? join(shared, 'bad.map') : word,
  );
  const run = startRescue(given, { cwd: dir });
  let stderr = '';
  run.stderr?.on('data', (text) => {
    stderr += text;
  });
  const end = once(run, 'exit');
  onTestFinished(() => void run.kill('SIGKILL'));
  await until(() => run.exitCode !== null || isBusy(run, dir));
  expect([run.exitCode, stderr]).toEqual([null, expect.anything()]);
  return { run, dir, end, stderr: () => stderr };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}

const mapOf = (path: string): RescueMap => parseMapfile(readFileSync(path, 'latin1')).map;

/** The map is whole and what it claims is there; nothing else was left behind. */
function expectTrue(dir: string, { map }: Case): void {
  if (map !== undefined) {
    const image = join(dir, existsSync(join(dir, 'image')) ? 'image' : 'chunk00.raw');
    const claims = Domain.fromMap(mapOf(join(dir, map)));
    for (let number = 0; number < 64; number++) {
      if (!claims.includes(number * MIB)) continue;
      expect(bytesAt(image, number * MIB, 512)).toEqual(block(number).subarray(0, 512));
    }
  }
  const others = readdirSync(dir).filter((name) => /^\.|\.lock|\.tmp/.test(name));
  expect(others).toEqual([]);
}

function bytesAt(path: string, pos: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const fd = openSync(path, 'r');
  readSync(fd, bytes, 0, size, pos);
  closeSync(fd);
  return bytes;
}

describe.skipIf(isMissing !== undefined)(`one signal${isMissing ? ` (${isMissing})` : ''}`, () => {
  for (const each of CASES) {
    test.each(SIGNALS)(`${each.name}: %s saves and ends it at once`, async (signal) => {
      const { run, dir, end, stderr } = await started(each);
      const startMs = performance.now();
      run.kill(signal);
      expect(await end).toEqual([null, signal]);
      expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS);
      if (each.name === 'verify') expect(stderr()).not.toContain('being saved');
      expectTrue(dir, each);
    });
  }
});

describe.skipIf(isMissing !== undefined)('several signals', () => {
  const rows = CASES.filter(({ name }) => ['copy', 'ddrescue'].includes(name));
  const kinds = [
    ['SIGINT', 'SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT', 'SIGHUP'],
  ] as const;
  for (const each of rows) {
    test.each(kinds)(`${each.name}: %s, %s and %s are as one`, async (...signals) => {
      for (const pauseMs of [0, 1, 20]) {
        const { run, dir, end } = await started(each);
        for (const signal of signals) {
          run.kill(signal);
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        // Those that come at once come in the system's order.
        expect(await end).toEqual([null, expect.toSatisfy((name) => signals.includes(name))]);
        expectTrue(dir, each);
      }
    });
  }
});

describe('what was decided before the start', () => {
  const script = (words: string): ReturnType<typeof spawnSync> => {
    const dir = temporaryDirectory();
    return spawnSync('bash', ['-c', words], {
      cwd: dir,
      env: { ...process.env, NODE: process.execPath, PROGRAM, DEMO },
      encoding: 'utf8',
    });
  };
  /** Starts a slow run, signals it when its map is there, and tells how it ended. */
  const signalled = (start: string, signal: string): string =>
    String(
      script(`${start} "$NODE" "$PROGRAM" ddrescue -q -b512 -c8 -Z2Mi "$DEMO" image map & run=$!
        until [ -s map ]; do sleep 0.02; done
        kill -${signal} $run; wait $run; echo "ended $?"`).stdout,
    );

  test('nohup: a terminal that is closed does not end it', () => {
    expect(signalled('nohup', 'HUP')).toContain('ended 0');
    expect(signalled('', 'HUP')).toContain('ended 129');
  });

  test("trap '' INT: a key press that is not for it does not end it", () => {
    expect(signalled("trap '' INT;", 'INT')).toContain('ended 0');
    expect(signalled("trap '' INT;", 'TERM')).toContain('ended 143');
  });

  test.each([
    ['copy', 'copy "$DEMO" image map', 'map'],
    ['ddrescue', 'ddrescue "$DEMO" image map', 'map'],
  ])(
    '%s: a file that may not be so long (ulimit -f) is an error, with what is there saved',
    (_, words, map) => {
      const { status, stderr, stdout } = script(
        `ulimit -f 2560; "$NODE" "$PROGRAM" ${words}; status=$?; cat ${map}; exit $status`,
      );
      expect([status, String(stderr)]).toEqual([1, expect.stringMatching(/too large/i)]);
      const text = String(stdout);
      const claimed = parseMapfile(text.slice(text.indexOf('# Mapfile'))).map.sizeOf('+');
      expect(claimed).toBeGreaterThan(0);
      expect(claimed).toBeLessThanOrEqual(2560 * 1024);
    },
  );

  test('results that nobody reads end it quietly by SIGPIPE, with everything saved', () => {
    const { stdout, stderr } = script(`
      { "$NODE" "$PROGRAM" copy "$DEMO" image map; echo "copy $?" >&2; } | true
      for i in $(seq 5); do
        { sleep 0.1; "$NODE" "$PROGRAM" map show map; } | true; echo "dump \${PIPESTATUS[0]}" >&2
      done
      cmp "$DEMO" image && grep -c + map`);
    expect(String(stderr)).toMatch(/^copy 141$/m);
    expect(String(stderr)).not.toContain('rescue:');
    expect(Number(String(stdout))).toBeGreaterThan(0);
  });

  const closings = ['<&- 2>&-', '>&- 2>&-', '<&- >&-', '<&- >&- 2>&-'];
  test.each(closings)('%s: no text gets into an image or a map', (closed) => {
    const { stdout } = script(`
      exec 8>&1 > /dev/null
      "$NODE" "$PROGRAM" copy "$DEMO" image map ${closed}; echo copy $? >> ended
      "$NODE" "$PROGRAM" read "$DEMO" --all --chunk-size 1Mi --out . ${closed}; echo read $? >> ended
      "$NODE" "$PROGRAM" merge chunk*.raw final.raw ${closed}; echo merge $? >> ended
      "$NODE" "$PROGRAM" ddrescue "$DEMO" other other.map ${closed}; echo ddrescue $? >> ended
      exec >&8; cat ended
      for image in image final.raw other; do cmp "$DEMO" $image; done
      for map in map common.map final.map other.map; do
        "$NODE" "$PROGRAM" map lint $map > lint || cat lint
      done`);
    expect(stdout).toBe('copy 0\nread 0\nmerge 0\nddrescue 0\n');
  });
});
