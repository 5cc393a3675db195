/** Rows: what the digests of a chunk cost, beside reading the same into an image without any. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type FileRescueJob, RescueWorker } from '@chunkrescue/engine';
import { MIB, writeNoise } from './bench-input.ts';
import { missingMemory } from './bench-room.ts';
import type { Figures, Row, World } from './bench-row.ts';

export function digestRows(isQuick: boolean): readonly Row[] {
  const size = (isQuick ? 128 : 512) * MIB;
  return [64, 1024].map((kib) => ({
    name: `read ${size / MIB} MiB with digests, beside without, clusters of ${kib} KiB, within one process`,
    goal: 1.15,
    missing: (world) => missingMemory(world, 2.5 * size),
    measure: (world) => digests(world, { size, clusterSize: kib * 1024 }),
  }));
}

interface Reading {
  readonly size: number;
  readonly clusterSize: number;
}

/** In a worker that is warm: what is measured is the reading, not the start of a process. */
async function digests(world: World, { size, clusterSize }: Reading): Promise<Figures> {
  const at = (name: string): string => join(world.memory, name);
  writeNoise(at('source'), size);
  const plain: FileRescueJob = {
    source: at('source'),
    direct: 'never',
    target: at('out'),
    map: at('out.map'),
    manifest: { job: '0123456789abcdef', sourceSize: size },
    settings: { sectorSize: 512, clusterSize },
    targetSize: size,
  };
  const range = { pos: 0, size };
  const chunk: FileRescueJob = {
    ...plain,
    domain: [range],
    chunk: {
      map: at('own.map'),
      manifest: { chunk: 0, range, layout: 'sparse' },
      isChecked: false,
    },
  };
  const worker = new RescueWorker();
  const time = async (job: FileRescueJob): Promise<number> => {
    for (const name of ['out', 'out.map', 'own.map', 'out.map.bak']) {
      rmSync(at(name), { force: true });
    }
    const startMs = performance.now();
    await worker.rescue(job);
    world.signal.throwIfAborted();
    return performance.now() - startMs;
  };
  const [oursMs, theirsMs]: [number[], number[]] = [[], []];
  await time(plain);
  await time(chunk);
  for (let round = 0; round < (world.isQuick ? 3 : 5); round++) {
    theirsMs.push(await time(plain));
    oursMs.push(await time(chunk));
  }
  await worker.close();
  return { values: oursMs.map((ms, i) => ms / (theirsMs[i] as number)), oursMs, theirsMs };
}
