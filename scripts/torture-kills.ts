/**
 * Kills rescues at random moments, again and again until one ends, and looks each time whether what the map claims
 * is in the output. The map is saved after each read, so that a write which goes on meanwhile would be caught.
 *
 *     npx tsx scripts/torture-kills.ts --rescues 100 --seed 1
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseMapfile } from '@chunkrescue/mapfile';
import { Random, seedOf } from './fuzz-random.ts';

const PROGRAM = fileURLToPath(new URL('../packages/cli/bin/rescue.js', import.meta.url));
const MIB = 1024 * 1024;
/** Every fourth piece of the disk cannot be read, so that all phases have something to do. */
const PIECE = 256 * 1024;
/** A rescue that was killed so often may end in peace. */
const KILLS_MAX = 12;

export interface KillResult {
  readonly rescues: number;
  readonly kills: number;
  /** Kills that found something claimed already. */
  readonly withClaims: number;
  readonly failures: readonly string[];
}

export async function tortureKills(options: {
  readonly rescues: number;
  readonly seed: number;
}): Promise<KillResult> {
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kills-'));
  const failures: string[] = [];
  let [kills, withClaims] = [0, 0];
  try {
    for (let i = 0; i < options.rescues && failures.length < 5; i++) {
      const random = new Random(seedOf(options.seed, i));
      const counts = await oneRescue(random, dir).catch((error: Error) => {
        failures.push(`seed ${options.seed}, rescue ${i}: ${error.message}`);
      });
      kills += counts?.kills ?? 0;
      withClaims += counts?.withClaims ?? 0;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return { rescues: options.rescues, kills, withClaims, failures };
}

async function oneRescue(
  random: Random,
  dir: string,
): Promise<{ kills: number; withClaims: number }> {
  const at = (name: string): string => join(dir, name);
  const files = [at('disk'), at('image'), at('map')] as const;
  for (const file of files) rmSync(file, { force: true });
  const disk = noise(random, random.int(8, 48) * MIB);
  writeFileSync(files[0], disk);
  writeFileSync(at('bad'), badMap(disk.length));
  const clusters = random.pick([1, 64, 128, 512, 2048]);
  const words = [
    ...['ddrescue', '-q', `-c${clusters}`, `--mapfile-interval=${random.pick([0, 0, 1])}`],
    ...['-H', at('bad'), ...(random.chance(50) ? ['-S'] : []), ...files],
  ];
  let withClaims = 0;
  for (let kills = 0; ; kills++) {
    const killMs = kills < KILLS_MAX ? random.int(60, 400) : undefined;
    const isEnded = await runFor(words, killMs);
    const claimed = checkClaims(disk, files);
    if (isEnded) {
      if (claimed !== readable(disk.length)) throw new Error(`ended with ${claimed} bytes`);
      return { kills, withClaims };
    }
    if (claimed > 0) withClaims++;
  }
}

/** Returns false when it was killed. */
async function runFor(words: readonly string[], killMs: number | undefined): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const timer = killMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killMs);
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  if (signal === 'SIGKILL') return false;
  if (status !== 0) throw new Error(`exit status ${status}: ${complaint}`);
  return true;
}

/** Bytes that the map claims. @throws when one of them is not what the disk has */
function checkClaims(disk: Buffer, [, image, map]: readonly [string, string, string]): number {
  if (!existsSync(map)) return 0;
  const bytes = existsSync(image) ? readFileSync(image) : Buffer.alloc(0);
  let claimed = 0;
  for (const { pos, size } of parseMapfile(readFileSync(map, 'latin1')).map.ranges('+')) {
    const [here, there] = [bytes.subarray(pos, pos + size), disk.subarray(pos, pos + size)];
    if (!here.equals(there)) throw new Error(`claimed, and not there: ${size} bytes at ${pos}`);
    claimed += size;
  }
  return claimed;
}

/** Noise with places of zeros, which a sparse output leaves out. */
function noise(random: Random, size: number): Buffer {
  const disk = Buffer.alloc(size);
  const words = new Uint32Array(disk.buffer, disk.byteOffset, size / 4);
  let state = random.int(1, 2 ** 31 - 1);
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (Math.floor(i / 65536) % 5 !== 2) words[i] = state;
  }
  return disk;
}

function badMap(size: number): string {
  let text = '0 + 1\n';
  for (let pos = 0; pos < size; pos += 4 * PIECE) {
    const bad = 2048;
    text += `${pos} ${4 * PIECE - bad} +\n${pos + 4 * PIECE - bad} ${bad} -\n`;
  }
  return text;
}

function readable(size: number): number {
  const pieces = size / (4 * PIECE);
  return size - pieces * 2048;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      rescues: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
  });
  const startMs = performance.now();
  const result = await tortureKills({ rescues: Number(values.rescues), seed: Number(values.seed) });
  console.log(JSON.stringify(result, undefined, 1));
  console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}
