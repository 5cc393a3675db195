/**
 * Measures, and writes what it measured to docs/benchmarks.md:
 *
 *     npm run bench [-- --quick] [--dry]
 *
 * Ways of doing the same thing run in turn, A B A B, on files in memory; ratios are of neighbours, so that what
 * else the machine does is in both. `--dry` writes nothing.
 */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type FileRescueJob, RescueWorker, VERSION } from '@chunkrescue/engine';

const MIB = 1024 * 1024;
const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

interface Row {
  readonly name: string;
  readonly goal: string;
  /** Times of the second way divided by those of the first, sorted. */
  readonly ratios: readonly number[];
  /** Milliseconds of each way, the middle one. */
  readonly times: readonly [number, number];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      dry: { type: 'boolean', default: false },
    },
  });
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-'));
  try {
    const size = (values.quick ? 256 : 1024) * MIB;
    const source = join(dir, 'source');
    writeNoise(source, size);
    const rounds = values.quick ? 5 : 15;
    const rows: Row[] = [];
    for (const clusterSize of [64 * 1024, MIB]) {
      rows.push(await digests({ dir, source, size, clusterSize, rounds }));
    }
    const text = page(rows, size);
    process.stdout.write(text);
    if (!values.dry) writeFileSync(PAGE, text);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface DigestBench {
  readonly dir: string;
  readonly source: string;
  readonly size: number;
  readonly clusterSize: number;
  readonly rounds: number;
}

/** Reading a chunk with digests, beside reading the same into an image without any. */
async function digests(bench: DigestBench): Promise<Row> {
  const { dir, source, size, clusterSize, rounds } = bench;
  const files = { target: join(dir, 'out'), map: join(dir, 'out.map'), own: join(dir, 'own.map') };
  const plain: FileRescueJob = {
    source,
    direct: 'never',
    target: files.target,
    map: files.map,
    manifest: { job: '0123456789abcdef', sourceSize: size },
    settings: { sectorSize: 512, clusterSize },
    targetSize: size,
  };
  const range = { pos: 0, size };
  const chunk: FileRescueJob = {
    ...plain,
    domain: [range],
    chunk: { map: files.own, manifest: { chunk: 0, range, layout: 'sparse' }, isChecked: false },
  };
  const worker = new RescueWorker();
  const time = async (job: FileRescueJob): Promise<number> => {
    for (const file of [files.target, files.map, files.own, `${files.map}.bak`]) {
      rmSync(file, { force: true });
    }
    const startMs = performance.now();
    await worker.rescue(job);
    return performance.now() - startMs;
  };
  const [first, second, ratios]: [number[], number[], number[]] = [[], [], []];
  await time(plain);
  await time(chunk);
  for (let i = 0; i < rounds; i++) {
    const [a, b] = [await time(plain), await time(chunk)];
    first.push(a);
    second.push(b);
    ratios.push(b / a);
  }
  await worker.close();
  const kib = clusterSize / 1024;
  return {
    name: `reading with digests / without, ${size / MIB} MiB from memory to memory, reads of ${kib} KiB`,
    goal: '1.15',
    ratios: sorted(ratios),
    times: [middle(first), middle(second)],
  };
}

function writeNoise(path: string, size: number): void {
  const block = Buffer.alloc(MIB);
  let state = 1;
  const fd = openSync(path, 'w');
  for (let at = 0; at < size; at += MIB) {
    for (let i = 0; i < MIB; i += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      block.writeUInt32LE(state, i);
    }
    writeSync(fd, block);
  }
  closeSync(fd);
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function middle(numbers: readonly number[]): number {
  return sorted(numbers)[numbers.length >> 1] as number;
}

function page(rows: readonly Row[], size: number): string {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${availableParallelism()} processors (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  const lines = [
    '# Benchmarks',
    '',
    `Made by \`npm run bench\` on ${date}: rescue ${VERSION}, Node ${process.version}, ${machine}, ${size / MIB} MiB.`,
    'Generated; do not edit. A ratio above 1 means slower. Other work on the machine is in the figures.',
    '',
    '| what | goal | min | median | max | ms (median) |',
    '|---|---|---|---|---|---|',
    ...rows.map(({ name, goal, ratios, times }) => {
      const [min, max] = [ratios[0] as number, ratios.at(-1) as number];
      const shown = [min, middle(ratios), max].map((ratio) => ratio.toFixed(2)).join(' | ');
      return `| ${name} | ≤ ${goal} | ${shown} | ${times[1].toFixed(0)} / ${times[0].toFixed(0)} |`;
    }),
    '',
  ];
  return lines.join('\n');
}

await main();
