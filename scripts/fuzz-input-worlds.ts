/** Real files for the fuzzer to damage: small rescues, read, merged and receipted by the real code. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeChunks } from '@chunkrescue/engine';
import { Random } from './fuzz-random.ts';
import { makeWorld, type TrueChunk } from './torture-world.ts';

/** One disk, its chunks of one rescue, and what a merge of them leaves. */
export interface SmallRescue {
  readonly disk: Buffer;
  readonly chunks: readonly TrueChunk[];
  readonly common: Buffer;
  readonly finalRaw: Buffer;
  readonly finalMap: Buffer;
  readonly receiptName: string;
  readonly receipt: Buffer;
}

const COUNT = 24;

/** Where the fuzzer's files lie: in memory where there is such a place. */
export const SCRATCH: string = mkdtempSync(join(placeInMemory() ?? tmpdir(), 'rescue-fuzz-'));
process.on('exit', () => rmSync(SCRATCH, { recursive: true, force: true }));

function placeInMemory(): string | undefined {
  return process.platform === 'linux' ? '/dev/shm' : undefined;
}

export const RESCUES: readonly SmallRescue[] = Array.from({ length: COUNT }, (_, i) => rescue(i));

function rescue(seed: number): SmallRescue {
  const dir = join(SCRATCH, 'world');
  const world = makeWorld(new Random(seed), dir);
  const common = readFileSync(join(dir, 'common.map'));
  const chunks = world.chunks.filter(({ isForeign, job }) => !isForeign && /^1/.test(job));
  for (const { name, raw, map } of chunks) {
    writeFileSync(join(dir, `${name}.raw`), raw);
    writeFileSync(join(dir, `${name}.map`), map);
  }
  const names = [...new Set(chunks.map(({ name }) => name))];
  const at = (name: string): string => join(dir, name);
  const { receipts } = mergeChunks(
    {
      chunks: names.map((name) => ({ raw: at(`${name}.raw`), map: at(`${name}.map`) })),
      image: at('final.raw'),
      map: at('final.map'),
      takesUnfinished: true,
    },
    { signal: { aborted: false }, onEvent: () => {} },
  );
  const [receipt] = receipts;
  if (receipt === undefined) throw new Error(`world ${seed} gives no receipt`);
  const read = (name: string): Buffer => readFileSync(at(name));
  const result = {
    disk: world.disk,
    chunks,
    common,
    finalRaw: read('final.raw'),
    finalMap: read('final.map'),
    receiptName: receipt.path.replace(/^.*\//, ''),
    receipt: readFileSync(receipt.path),
  };
  rmSync(dir, { recursive: true });
  return result;
}

/** Maps that carry a seal. */
export const SEALED: readonly string[] = RESCUES.flatMap(({ chunks, common, finalMap, receipt }) =>
  [...chunks.map(({ map }) => map), common, finalMap, receipt].map((bytes) => bytes.toString()),
);
