/** Rows: devices that take their time, for each request or for each error. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { checkSameBlocks, checkSameBytes } from './bench-compare.ts';
import { contest, sameWords } from './bench-contest.ts';
import { MIB, writeMap, writeNoise } from './bench-input.ts';
import { directReadMs } from './bench-limits.ts';
import { missingMemory } from './bench-room.ts';
import type { Figures, Row, World } from './bench-row.ts';
import { missingForDevices, startServedDevice } from './faulty-device.ts';

const DELAY_MS = 5;
const SECTOR = 4096;

export function deviceRows(isQuick: boolean): readonly Row[] {
  const size = (isQuick ? 64 : 256) * MIB;
  const badCount = isQuick ? 150 : 1000;
  return [
    {
      name: `copy ${size / MIB} MiB from a slow disk to a slow disk, ${DELAY_MS} ms for each MiB read and for each written`,
      goal: 0.57,
      missing: (world) => missingTools(['delay']) ?? missingMemory(world, 3 * size),
      measure: (world) => slowDisks(world, size),
    },
    {
      name: `rescue a device of 64 MiB with ${badCount} bad sectors of ${SECTOR} bytes, ${DELAY_MS} ms for each error`,
      goal: 1.02,
      missing: (world) =>
        missingTools(['cow', 'delay', 'error']) ?? missingMemory(world, 4 * 64 * MIB),
      measure: (world) => slowErrors(world, 64 * MIB, badCount),
    },
  ];
}

function missingTools(filters: readonly string[]): string | undefined {
  const missing = missingForDevices();
  if (missing !== undefined) return missing;
  const words = filters.map((name) => `--filter=${name}`);
  const { status } = spawnSync('nbdkit', [...words, 'null', '--version']);
  return status === 0 ? undefined : `needs the filters ${filters.join(', ')} of nbdkit`;
}

/** The kernel cuts direct requests to FUSE into pieces of 1 MiB; so each has one read and one write. */
async function slowDisks(world: World, size: number): Promise<Figures> {
  const [image, copy] = [join(world.memory, 'source'), join(world.memory, 'target')];
  writeNoise(image, size);
  writeNoise(copy, size, []);
  await using source = await disposable({
    nbdkit: ['--filter=delay', 'file', image, `rdelay=${DELAY_MS}ms`],
  });
  await using target = await disposable({
    nbdkit: ['--filter=delay', 'file', copy, `wdelay=${DELAY_MS}ms`],
    isWritable: true,
  });
  return await contest(world, {
    ...sameWords('ddrescue', ['-d', '-D', '-b4096', '-c256', source.path, target.path, 'map'], {
      prepare: () => {
        truncateSync(copy, 0);
        truncateSync(copy, size);
      },
    }),
    rounds: world.isQuick ? 2 : 3,
    limit: () => directReadMs(world, source.path),
    check: () => checkSameBytes(image, copy),
    compare: (ours, theirs) => checkSameBlocks(join(ours, 'map'), join(theirs, 'map')),
  });
}

/**
 * A device on which only errors take time: behind a filter that keeps what is written lies one on which every
 * read fails, late. What is written to it beforehand is good, the rest bad.
 */
async function slowErrors(world: World, size: number, badCount: number): Promise<Figures> {
  const image = join(world.memory, 'source');
  const truth = join(world.memory, 'truth.map');
  const blocks = badSectors(size, badCount);
  writeNoise(image, size);
  writeMap(truth, '+', blocks);
  await using device = await disposable({
    nbdkit: [
      ...['--filter=cow', '--filter=delay', '--filter=error', 'null', `size=${size}`],
      ...[`cow-block-size=${SECTOR}`, `rdelay=${DELAY_MS}ms`, 'error=EIO', 'error-pread-rate=100%'],
    ],
    isWritable: true,
    loop: true,
    sectorSize: SECTOR,
  });
  copyGood(image, device.file, blocks);
  let errors = 0;
  const words = ['-d', `-b${SECTOR}`, '--log-reads=reads', device.path, 'image', 'map'];
  const figures = await contest(world, {
    ...sameWords('ddrescue', words),
    rounds: world.isQuick ? 1 : 2,
    check: (dir) => {
      checkSameBlocks(truth, join(dir, 'map'));
      errors = errorsIn(join(dir, 'reads'));
    },
    compare: (ours, theirs) => checkSameBytes(join(ours, 'image'), join(theirs, 'image')),
  });
  return { ...figures, limitMs: [errors * DELAY_MS] };
}

type Blocks = readonly (readonly [size: number, status: string])[];

/** Single bad sectors, never neighbours, now here and now there in the clusters. */
function badSectors(size: number, count: number): Blocks {
  const blocks: (readonly [number, string])[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const at = (i + ((i * 0.618) % 1)) * (size / count / SECTOR);
    const pos = (Math.floor(at) + 1) * SECTOR;
    blocks.push([pos - end, '+'], [SECTOR, '-']);
    end = pos + SECTOR;
  }
  return [...blocks, [size - end, '+']];
}

function copyGood(from: string, to: string, blocks: Blocks): void {
  const [source, target] = [openSync(from, 'r'), openSync(to, 'r+')];
  let pos = 0;
  for (const [size, status] of blocks) {
    if (status === '+') {
      const bytes = Buffer.alloc(size);
      readSync(source, bytes, 0, size, pos);
      writeSync(target, bytes, 0, size, pos);
    }
    pos += size;
  }
  closeSync(source);
  closeSync(target);
}

/** How many reads of a `--log-reads` file failed: position, size, bytes copied, bytes that were not. */
function errorsIn(path: string): number {
  const lines = readFileSync(path, 'latin1').split('\n');
  return lines.filter((line) => /^0x\w+\s+\d+\s+\d+\s+[1-9]/.test(line)).length;
}

async function disposable(
  options: Parameters<typeof startServedDevice>[0],
): Promise<AsyncDisposable & { readonly path: string; readonly file: string }> {
  const device = await startServedDevice(options);
  return { path: device.path, file: device.file, [Symbol.asyncDispose]: () => device.close() };
}
