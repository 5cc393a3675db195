/** The program as it is shipped is killed at calls that change files, for real, and goes on without help. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Domain, parseMapfile } from '@chunkrescue/mapfile';
import { Random } from '../fuzz-random.ts';
import { judge, resultOf, type Truth } from './judge.ts';
import { readTree, type Tree, writeTree } from './tree.ts';
import { chunksTruth, imageTruth, randomWorld, type World, writeFaults } from './world.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/rescue.js', import.meta.url));
const PRELOAD = fileURLToPath(new URL('./kill-at.mjs', import.meta.url));
const FOLDERS = ['stick', 'pc', 'image'];
const TIMEOUT_MS = 60_000;
/** A program that was killed may have to be told once what to do about it. */
const RESUMES_MAX = 1;

interface ProgramJob {
  readonly name: string;
  /** Command lines that are given before, one after the other. */
  readonly before: readonly Words[];
  readonly words: Words;
  readonly truth: (world: World) => Truth;
  /** It works on a file system without hard links, as FAT is. */
  readonly hasNoLinks?: boolean;
  /** It goes on as GNU's program does: what was left to trim when a sweep was killed is done by the run after next. */
  readonly resumesAsGnu?: boolean;
}

/** The words of a command line, in the folder of the job. */
type Words = (world: World) => readonly string[];

const TEST = ['-H', '../source/faults', '../source/disk'];
const ddrescue: Words = () => [
  ...['ddrescue', '-q', '-c4', '--mapfile-interval=0', ...TEST, 'image/copy.raw', 'pc/copy.map'],
];
const copy: Words = () => ['copy', '-q', ...TEST, 'image/copy.raw', 'pc/copy.map'];
const read: Words = ({ chunkSize, layout }) => [
  ...['read', '-q', '--all', `--chunk-size=${chunkSize}`, '--out=stick', '--map=pc/common.map'],
  `--layout=${layout}`,
  ...TEST,
];
const merge: Words = () => ['merge', '-q', 'stick', 'image/final.raw', '--map=pc/final.map'];
const free: Words = (world) => [...read(world), '--free'];

export const PROGRAM_JOBS: readonly ProgramJob[] = [
  {
    ...{ name: 'ddrescue', before: [], words: ddrescue, truth: imageOf('copy') },
    resumesAsGnu: true,
  },
  { name: 'copy', before: [], words: copy, truth: imageOf('copy') },
  { name: 'copy, no links', before: [], words: copy, truth: imageOf('copy'), hasNoLinks: true },
  { name: 'read', before: [], words: read, truth: chunksTruth },
  { name: 'merge', before: [read], words: merge, truth: imageOf('final') },
  { name: 'read --free', before: [read, merge], words: free, truth: freedTruth },
];

function imageOf(name: string): (world: World) => Truth {
  return (world) => imageTruth(world, `pc/${name}.map`, `image/${name}.raw`);
}

/** What was deleted from the stick is in the image. */
function freedTruth(world: World): Truth {
  const truth = chunksTruth(world);
  const common = truth.maps.get(truth.main) ?? [];
  const inImage = common.map(({ range }) => ({ raw: 'image/final.raw', range, offset: 0 }));
  const maps = new Map([...truth.maps, [truth.main, [...common, ...inImage]] as const]);
  // A chunk's map goes after its file: alone it claims nothing that is believed.
  const chunkMaps = [...maps.keys()].filter((path) => path !== truth.main);
  for (const path of chunkMaps) maps.delete(path);
  return { ...truth, maps, leftovers: chunkMaps };
}

export interface SweepResult {
  /** Calls of the undisturbed run. */
  readonly calls: number;
  /** Kills. */
  readonly tried: number;
  readonly withClaims: number;
  readonly resumed: number;
  readonly failures: readonly string[];
}

/** Kills before and after each call, or as many times as is said. */
export function killSweep(
  job: ProgramJob,
  {
    base,
    seed,
    killsMax,
  }: { readonly base: string; readonly seed: number; readonly killsMax: number },
): SweepResult {
  const random = new Random(seed);
  const world = { ...randomWorld(random, 40), layout: 'sparse' as const };
  const ready = readyFor(job, world, base);
  const all = Array.from({ length: ready.calls * 2 }, (_, i) => i);
  const inTurn = killsMax >= all.length ? all : random.shuffle(all);
  const failures: string[] = [];
  let [tried, withClaims, resumed] = [0, 0, 0];
  for (const number of inTurn) {
    if (tried >= killsMax) break;
    const when = number % 2 === 0 ? 'before' : 'after';
    const kill = { KILL_AT: String(Math.floor(number / 2)), KILL_WHEN: when };
    const where = `${job.name}, seed ${seed}, killed ${when} call ${kill.KILL_AT} of ${ready.calls}`;
    const one = killOnce(ready, kill);
    // A run has more calls or fewer, by what its threads gather: another place then.
    if (one === undefined) continue;
    tried++;
    if (one.hasClaims) withClaims++;
    if (one.isResumed) resumed++;
    failures.push(...one.problems.map((problem) => `${where}: ${problem}`));
  }
  return { calls: ready.calls, tried, withClaims, resumed, failures };
}

type Told = Readonly<Record<string, string>>;

interface Ready {
  readonly dir: string;
  readonly before: Tree;
  readonly words: readonly string[];
  /** What the preload is told in each run; without it the program runs as it is shipped. */
  readonly told: Told | undefined;
  readonly truth: Truth;
  readonly resumesAsGnu: boolean;
  readonly calls: number;
  /** How the undisturbed run ended. */
  readonly status: number | null;
  readonly result: string;
}

function readyFor(
  { before, words, truth, hasNoLinks, resumesAsGnu = false }: ProgramJob,
  world: World,
  base: string,
): Ready {
  const [dir, source] = [join(base, 'work'), join(base, 'source')];
  rmSync(base, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'disk'), world.disk);
  writeFaults(world, { dir, source });
  writeTree(dir, new Map(), FOLDERS);
  for (const each of before) run(dir, each(world));
  const tree = readTree(dir);
  const told: Told | undefined = hasNoLinks ? { NO_LINKS: '1' } : undefined;
  const counted = { ...told, KILL_AT: 'count', KILL_COUNT: join(base, 'count') };
  const { status, stderr } = run(dir, words(world), counted);
  const calls = Number(readFileSync(counted.KILL_COUNT, 'utf8'));
  const now = readTree(dir);
  const { problems } = judge(now, truth(world));
  if (problems.length > 0) throw new Error(`undisturbed: ${problems[0]} ${stderr}`);
  const result = resultOf(now, truth(world));
  const job = { words: words(world), truth: truth(world), told, resumesAsGnu };
  return { dir, before: tree, ...job, calls, status, result };
}

/** Returns undefined when the program had ended before that call came. */
function killOnce(
  ready: Ready,
  kill: Told,
):
  | { readonly hasClaims: boolean; readonly isResumed: boolean; readonly problems: string[] }
  | undefined {
  const { dir, truth } = ready;
  writeTree(dir, ready.before, FOLDERS);
  if (run(dir, ready.words, { ...ready.told, ...kill }).signal !== 'SIGKILL') return undefined;
  const tree = readTree(dir);
  const { problems, claims } = judge(tree, truth);
  const found = [...problems];
  const backup = tree.get(`${truth.main}.bak`);
  if (backup !== undefined) {
    const lost = Domain.fromMap(parseMapfile(backup.toString('latin1')).map).subtract(claims);
    if (!lost.isEmpty) found.push(`${lost.size} bytes of the .bak are not claimed any more`);
  }
  const again = resumed(ready, tree);
  if (again !== undefined) found.push(again);
  return { hasClaims: !claims.isEmpty, isResumed: again === undefined, problems: found };
}

function resumed(ready: Ready, killed: Tree): string | undefined {
  const { dir, words, told: preloaded, truth, status, result } = ready;
  const runsLeft = ready.resumesAsGnu && isSweeping(killed.get(truth.main)) ? 2 : 1;
  let [told, runs] = ['', 0];
  for (let tries = 0; tries <= RESUMES_MAX; ) {
    const end = run(dir, words, preloaded);
    if (end.status === 0 || end.status === status) {
      runs++;
      const now = resultOf(readTree(dir), truth);
      if (now === result) return undefined;
      if (runs >= runsLeft) return `given again it ends otherwise:\n${now}\ninstead of\n${result}`;
    } else {
      tries++;
      told = `status ${end.status} ${end.signal ?? ''} ${end.stderr}`;
    }
  }
  return `given again: ${told}`;
}

function isSweeping(map: Buffer | undefined): boolean {
  return map !== undefined && parseMapfile(map.toString('latin1')).state === '%';
}

function run(
  dir: string,
  words: readonly string[],
  kill?: Told,
): { readonly status: number | null; readonly signal: string | null; readonly stderr: string } {
  const options = kill === undefined ? [] : ['--import', PRELOAD];
  const { status, signal, stderr } = spawnSync(process.execPath, [...options, PROGRAM, ...words], {
    cwd: dir,
    env: { ...process.env, ...kill },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGTERM',
  });
  return { status, signal, stderr };
}
