/**
 * Power cuts of a real file system: a rescue writes to an ext4, and what its disk holds at random moments is
 * copied, while the disk stands still. Each copy is mounted, so that its journal is replayed, and looked at.
 *
 *     npx tsx scripts/torture-ext4.ts --minutes 10 --seed 1
 *
 * The disk has no cache of its own: what the kernel has sent is there, in that order. Needs root, loop devices,
 * nbdkit and nbdfuse.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Domain } from '@chunkrescue/mapfile';
import { judge, resultOf, type Truth } from './faults/judge.ts';
import { readTree } from './faults/tree.ts';
import { chunksTruth, imageTruth, randomWorld, type World, writeFaults } from './faults/world.ts';
import { missingForDevices, startServedDevice } from './faulty-device.ts';
import { Random, seedOf } from './fuzz-random.ts';

const PROGRAM = fileURLToPath(new URL('../packages/cli/bin/rescue.js', import.meta.url));
const DISK_SIZE = 24 * 1024 * 1024;
/** ext4 sends what no one synced after five seconds. */
const AFTER_MS = [0, 5, 50, 500, 1500, 6000] as const;
const FAILURES_MAX = 10;

export interface CutCounts {
  readonly runs: number;
  readonly cuts: number;
  /** Cuts after the program had ended. */
  readonly cutsAfterEnd: number;
  readonly withClaims: number;
  readonly failures: readonly string[];
}

/** What stands in the way of it here; undefined when nothing does. */
export function missingForExt4(): string | undefined {
  const missing = missingForDevices();
  if (missing !== undefined) return missing;
  const hasTool = spawnSync('mkfs.ext4', ['-V']).error === undefined;
  return hasTool ? undefined : 'needs mkfs.ext4';
}

export async function tortureExt4(options: {
  readonly seed: number;
  readonly isEnough: (counts: CutCounts) => boolean;
  readonly afterMs?: readonly number[];
}): Promise<CutCounts> {
  const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ext4-'));
  let counts: CutCounts = { runs: 0, cuts: 0, cutsAfterEnd: 0, withClaims: 0, failures: [] };
  try {
    while (!options.isEnough(counts) && counts.failures.length < FAILURES_MAX) {
      const seed = seedOf(options.seed, counts.runs);
      const one = await oneRun(new Random(seed), base, options.afterMs ?? AFTER_MS);
      const where = `seed ${options.seed}, run ${counts.runs}`;
      counts = {
        runs: counts.runs + 1,
        cuts: counts.cuts + one.cuts,
        cutsAfterEnd: counts.cutsAfterEnd + one.cutsAfterEnd,
        withClaims: counts.withClaims + one.withClaims,
        failures: [...counts.failures, ...one.failures.map((text) => `${where}, ${text}`)],
      };
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return counts;
}

interface Run {
  readonly words: readonly string[];
  readonly truth: Truth;
  readonly folders: readonly string[];
}

/** A rescue that takes a second or two, its map saved after each read or every second. */
function randomRun(random: Random, world: World, source: string): Run {
  const from = ['-H', join(source, 'faults'), join(source, 'disk')];
  if (random.chance(30)) {
    const cut = [`--chunk-size=${world.chunkSize}`, '--out=stick', '--map=pc/common.map'];
    const words = ['read', '-q', '--all', ...cut, ...from];
    return { words, truth: chunksTruth(world), folders: ['stick', 'pc'] };
  }
  const save = [`--mapfile-interval=${random.pick([0, 0, 1])}`];
  const slow = [`--max-read-rate=${Math.ceil(world.disk.length / 2)}`];
  const words = ['ddrescue', '-q', `-c${random.pick([1, 2, 8])}`, ...save, ...slow];
  const truth = imageTruth(world, 'pc/copy.map', 'image/copy.raw');
  return {
    words: [...words, ...from, 'image/copy.raw', 'pc/copy.map'],
    truth,
    folders: ['image', 'pc'],
  };
}

async function oneRun(
  random: Random,
  base: string,
  afterMs: readonly number[],
): Promise<Omit<CutCounts, 'runs'>> {
  const world = { ...randomWorld(random, 200), layout: 'sparse' as const };
  const source = join(base, 'source');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'disk'), world.disk);
  writeFaults(world, { dir: base, source });
  const { words, truth, folders } = randomRun(random, world, source);
  const disk = await startDisk(base);
  const cuts: { readonly image: string; readonly isAfterEnd: boolean }[] = [];
  let result = '';
  try {
    for (const folder of folders) mkdirSync(join(disk.folder, folder));
    command('sync');
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd: disk.folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'close');
    while (isRunning(child)) {
      await Promise.race([sleep(random.int(5, 150)), ended]);
      if (isRunning(child)) cuts.push({ image: disk.cut(), isAfterEnd: false });
    }
    let passedMs = 0;
    for (const ms of afterMs) {
      await sleep(ms - passedMs);
      passedMs = ms;
      cuts.push({ image: disk.cut(), isAfterEnd: true });
    }
    result = resultOf(readTree(disk.folder), truth);
  } finally {
    await disk.close();
  }
  return judged(cuts, { base, truth, result });
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function judged(
  cuts: readonly { readonly image: string; readonly isAfterEnd: boolean }[],
  { base, truth, result }: { base: string; truth: Truth; result: string },
): Omit<CutCounts, 'runs'> {
  const failures: string[] = [];
  let before = Domain.of([]);
  let withClaims = 0;
  for (const [index, { image, isAfterEnd }] of cuts.entries()) {
    const tree = mounted(image, join(base, 'look'), readTree);
    rmSync(image);
    const { problems, claims } = judge(tree, truth);
    const found = [...problems];
    const lost = before.subtract(claims);
    if (!lost.isEmpty) found.push(`${lost.size} bytes that an earlier cut claimed are gone`);
    if (isAfterEnd && resultOf(tree, truth) !== result)
      found.push('it had ended, and not all is there');
    failures.push(...found.map((problem) => `cut ${index} of ${cuts.length}: ${problem}`));
    if (!claims.isEmpty) withClaims++;
    before = claims;
  }
  const cutsAfterEnd = cuts.filter(({ isAfterEnd }) => isAfterEnd).length;
  return { cuts: cuts.length, cutsAfterEnd, withClaims, failures };
}

interface FrozenDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Copies what the disk has now; returns the copy's path. */
  cut(): string;
  close(): Promise<void>;
}

/** An ext4 on a disk that can be made to stand still. */
async function startDisk(base: string): Promise<FrozenDisk> {
  const [image, pidFile, folder] = ['disk.img', 'nbdkit.pid', 'mount'].map((n) =>
    join(base, n),
  ) as [string, string, string];
  rmSync(image, { force: true });
  writeFileSync(image, '');
  truncateSync(image, DISK_SIZE);
  command('mkfs.ext4', '-q', '-m', '0', image);
  mkdirSync(folder, { recursive: true });
  const nbdkit = ['--pidfile', pidFile, 'file', image];
  const served = await startServedDevice({ nbdkit, isWritable: true });
  const loop = command('losetup', '--find', '--show', '--direct-io=on', served.file);
  command('mount', '-t', 'ext4', loop, folder);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  let copies = 0;
  return {
    folder,
    cut: () => {
      const copy = join(base, `cut${copies++}.img`);
      process.kill(pid, 'SIGSTOP');
      try {
        copyFileSync(image, copy);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      return copy;
    },
    close: async () => {
      command('umount', folder);
      command('losetup', '--detach', loop);
      await served.close();
    },
  };
}

/** What a file system is like when its disk has its power again. */
function mounted<T>(image: string, folder: string, look: (folder: string) => T): T {
  mkdirSync(folder, { recursive: true });
  const loop = command('losetup', '--find', '--show', image);
  try {
    command('mount', '-t', 'ext4', loop, folder);
    try {
      return look(folder);
    } finally {
      command('umount', folder);
    }
  } finally {
    command('losetup', '--detach', loop);
  }
}

function command(tool: string, ...words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(tool, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool}: ${error?.message ?? stderr.trim()}`);
  return stdout.trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
    },
  });
  const missing = missingForExt4();
  if (missing !== undefined) throw new Error(missing);
  const endMs = performance.now() + Number(values.minutes) * 60_000;
  const isEnough = (): boolean => performance.now() >= endMs;
  const result = await tortureExt4({ seed: Number(values.seed), isEnough });
  console.log(JSON.stringify(result, undefined, 1));
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}
