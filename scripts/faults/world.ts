/** A small disk with faults, and which files have which of its bytes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Domain, type Range } from '@chunkrescue/mapfile';
import type { Random } from '../fuzz-random.ts';
import type { Holder, Truth } from './judge.ts';
import type { Places } from './scenario.ts';

/** Bytes. */
export const SECTOR = 512;

/** A disk and how it is read. */
export interface World {
  readonly disk: Buffer;
  readonly bad: readonly Range[];
  readonly chunkSize: number;
  readonly clusterSize: number;
  readonly pieceSize: number;
  readonly layout: 'sparse' | 'compact';
  /** On the clock of ticks: a few reads, or none, between two saves. */
  readonly saveIntervalMs: number;
}

export function randomWorld(random: Random, sectorsMax: number): World {
  const sectors = random.int(8, sectorsMax);
  const size = sectors * SECTOR;
  const bad = Array.from({ length: random.int(1, 3) }, () => ({
    pos: random.int(0, sectors - 3) * SECTOR,
    size: SECTOR,
  }));
  return {
    disk: bytesWithHoles(random, size),
    bad,
    chunkSize: SECTOR * Math.ceil(sectors / random.int(2, 3)),
    // Large reads are written behind the reading, in orders of many.
    clusterSize: SECTOR * (sectors > 64 ? random.pick([8, 16, 64]) : random.pick([2, 4, 8])),
    pieceSize: 4096,
    layout: random.pick(['sparse', 'compact'] as const),
    saveIntervalMs: random.pick([0, 0, 0.2, 0.4]),
  };
}

/** Noise, with pieces of zeros. */
function bytesWithHoles(random: Random, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let pos = 0; pos < size; pos += SECTOR) {
    if (random.chance(15)) continue;
    for (let i = pos; i < pos + SECTOR; i++) bytes[i] = random.int(1, 255);
  }
  return bytes;
}

export function chunkCount({ disk, chunkSize }: World): number {
  return Math.ceil(disk.length / chunkSize);
}

export function rangeOf({ disk, chunkSize }: World, chunk: number): Range {
  const pos = chunk * chunkSize;
  return { pos, size: Math.min(chunkSize, disk.length - pos) };
}

export function imageTruth({ disk }: World, map: string, raw: string): Truth {
  const holder = { raw, range: { pos: 0, size: disk.length }, offset: 0 };
  return { disk, main: map, maps: new Map([[map, [holder]]]) };
}

export function chunksTruth(world: World): Truth {
  const maps = new Map<string, readonly Holder[]>();
  const all: Holder[] = [];
  for (let chunk = 0; chunk < chunkCount(world); chunk++) {
    const range = rangeOf(world, chunk);
    const offset = world.layout === 'compact' ? range.pos : 0;
    const holder = { raw: `stick/chunk0${chunk}.raw`, range, offset };
    maps.set(`stick/chunk0${chunk}.map`, [holder]);
    all.push(holder);
  }
  maps.set('pc/common.map', all);
  return { disk: world.disk, main: 'pc/common.map', maps };
}

export function writeFaults({ disk, bad }: World, { source }: Places): void {
  let text = '0 + 1\n';
  let at = 0;
  for (const { pos, size } of Domain.of(bad).ranges()) {
    if (pos > at) text += `${at} ${pos - at} +\n`;
    text += `${pos} ${size} -\n`;
    at = pos + size;
  }
  text += `${at} ${disk.length - at} +\n`;
  writeFileSync(join(source, 'faults'), text);
}
