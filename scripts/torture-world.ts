/**
 * A small disk, read in chunks by the real code into real files: what the trials of `torture-chunks.ts` take
 * and damage. Sectors of 8 bytes and pieces of 64, so that every border is met in few reads.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FileRescueJob, rescueFilesBlocking } from '@chunkrescue/engine';
import { Domain, parseMapfile, type Range, type RescueMap } from '@chunkrescue/mapfile';
import type { Random } from './fuzz-random.ts';

const SECTOR = 8;
const PIECE = 64;

/** A chunk as it was written, byte for byte. */
export interface TrueChunk {
  readonly name: string;
  readonly raw: Buffer;
  readonly map: Buffer;
  readonly job: string;
  readonly isForeign: boolean;
  /** The run that wrote it came to its end. */
  readonly isFinished: boolean;
  /** What its map says. */
  readonly claims: Domain;
  readonly facts: RescueMap;
}

export interface World {
  readonly disk: Buffer;
  /** Another disk of the same size, some chunks of which travel along. */
  readonly other: Buffer;
  /** Every version of every chunk; a name may come twice, read at another time or by another rescue. */
  readonly chunks: readonly TrueChunk[];
}

const JOBS = ['1111111111111111', '2222222222222222', '3333333333333333'] as const;

/** Reads a random disk in random chunks, layouts and states. `dir` is emptied. */
export function makeWorld(random: Random, dir: string): World {
  const size = random.size(1, 3000);
  const disk = randomBytes(random, size);
  const chunkSize = SECTOR * random.size(1, Math.ceil(size / SECTOR));
  const other = randomBytes(random, size);
  const serial = random.chance(50) ? 'one' : undefined;
  const chunks = readAll(random, { dir, disk, chunkSize, job: JOBS[0], serial, isForeign: false });
  if (random.chance(40)) {
    const again = {
      dir,
      disk,
      serial,
      chunkSize: SECTOR * random.size(1, Math.ceil(size / SECTOR)),
    };
    chunks.push(...readAll(random, { ...again, job: JOBS[1], isForeign: false }));
  }
  if (random.chance(30)) {
    const foreign = { dir, disk: other, serial: serial && 'two', chunkSize };
    chunks.push(...readAll(random, { ...foreign, job: JOBS[2], isForeign: true }));
  }
  return { disk, other, chunks };
}

interface Reading {
  readonly dir: string;
  readonly disk: Buffer;
  readonly chunkSize: number;
  readonly job: string;
  /** Of the disk, where the system knows one. */
  readonly serial: string | undefined;
  readonly isForeign: boolean;
}

function readAll(random: Random, reading: Reading): TrueChunk[] {
  const { dir, disk, chunkSize } = reading;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'disk'), disk);
  const count = Math.min(12, Math.ceil(disk.length / chunkSize));
  const faults = randomFaults(random, disk.length);
  const found: TrueChunk[] = [];
  for (const number of random.shuffle(Array.from({ length: count }, (_, i) => i))) {
    const pos = number * chunkSize;
    const range = { pos, size: Math.min(chunkSize, disk.length - pos) };
    const layout = random.pick(['sparse', 'compact'] as const);
    const visits = random.chance(25) ? 2 : 1;
    for (let visit = 0; visit < visits; visit++) {
      // The second time some bad sectors give way.
      const bad = visit === 0 ? faults : faults.filter(() => random.chance(50));
      found.push(readOne(random, { ...reading, number, range, layout, bad, isRetry: visit > 0 }));
    }
  }
  return found;
}

interface OneReading extends Reading {
  readonly number: number;
  readonly range: Range;
  readonly layout: 'sparse' | 'compact';
  readonly bad: readonly Range[];
  readonly isRetry: boolean;
}

function readOne(random: Random, one: OneReading): TrueChunk {
  const { dir, disk, range, layout, job, number } = one;
  const at = (name: string): string => join(dir, name);
  // A test map ends the disk where it ends finished: the last byte comes well.
  const blocks = [
    ...Domain.of(one.bad)
      .clip(0, disk.length - 1)
      .ranges(),
  ];
  writeFileSync(at('faults'), testMap(blocks, disk.length));
  const name = `chunk${String(number).padStart(2, '0')}`;
  const fileJob: FileRescueJob = {
    source: at('disk'),
    direct: 'never',
    testMap: at('faults'),
    target: at(`${name}.raw`),
    map: at('common.map'),
    manifest: {
      job,
      sourceSize: disk.length,
      chunkSize: one.chunkSize,
      ...(one.serial !== undefined && { identity: { serial: one.serial } }),
    },
    domain: [range],
    chunk: { map: at(`${name}.map`), manifest: { chunk: number, range, layout }, pieceSize: PIECE },
    settings: {
      sectorSize: SECTOR,
      clusterSize: 32,
      skipInitial: 48,
      skipMax: 96,
      scrapes: random.chance(80),
      retryPasses: one.isRetry ? 1 : 0,
    },
    targetSize: range.pos + range.size,
  };
  let left = random.chance(15) ? random.int(1, 20) : Number.POSITIVE_INFINITY;
  const signal = {
    get aborted() {
      return left-- <= 0;
    },
  };
  const { check } = rescueFilesBlocking(fileJob, { signal, onEvent: () => {} });
  if (check !== undefined && check.different.length > 0) {
    throw new Error(`${name} differs from what was read right after reading it.`);
  }
  const map = readFileSync(at(`${name}.map`));
  const mapfile = parseMapfile(map.toString());
  return {
    name,
    raw: readFileSync(at(`${name}.raw`)),
    map,
    job,
    isForeign: one.isForeign,
    isFinished: mapfile.state === '+',
    claims: Domain.fromMap(mapfile.map),
    facts: mapfile.map,
  };
}

function testMap(bad: readonly Range[], size: number): string {
  const lines = ['0 + 1'];
  let at = 0;
  for (const { pos, size: length } of bad) {
    if (pos > at) lines.push(`${at} ${pos - at} +`);
    lines.push(`${pos} ${length} -`);
    at = pos + length;
  }
  if (at < size) lines.push(`${at} ${size - at} +`);
  return `${lines.join('\n')}\n`;
}

function randomFaults(random: Random, size: number): Range[] {
  const count = random.size(0, 8);
  return Array.from({ length: count }, () => ({
    pos: random.int(0, size),
    size: random.size(1, 200),
  }));
}

/** Bytes with stretches of zeros, as disks have them. */
function randomBytes(random: Random, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const length = random.size(1, 400);
    if (random.chance(75)) {
      for (let i = at; i < Math.min(size, at + length); i++) bytes[i] = random.int(0, 255);
    }
    at += length;
  }
  return bytes;
}
