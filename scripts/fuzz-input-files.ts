/** Laws for files that may lie on a stick: sealed maps, receipts, locks, chunks, whole folders. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findFiles,
  mergeChunks,
  openChunk,
  readReceipt,
  sealedMapStore,
} from '@chunkrescue/engine';
import { Domain, formatMapfile, type Mapfile, parseMapfile } from '@chunkrescue/mapfile';
import { ownerOf } from '../packages/engine/src/node/lock-owner.ts';
import { accident, anyText, mutated, withClaims } from './fuzz-input-damage.ts';
import { type InputLaw, isOfTheWorld, must, unlessKnown } from './fuzz-input-law.ts';
import { MAPS } from './fuzz-input-maps.ts';
import { RESCUES, SCRATCH, SEALED, type SmallRescue } from './fuzz-input-worlds.ts';
import type { Random } from './fuzz-random.ts';
import type { TrueChunk } from './torture-world.ts';

const at = (...names: string[]): string => join(SCRATCH, ...names);

/**
 * What a map says of bytes. Its status line is a hint of where to go on; a chunk's, which says whether it was read to
 * its end, counts only under a seal.
 */
const contentOf = ({ map }: Pick<Mapfile, 'map'>): string =>
  formatMapfile({ heading: [], map, position: 0, state: '?', pass: 1 });

const sealedMap: InputLaw = {
  name: 'sealed-map',
  share: 3500,
  attempt(random, note) {
    const whole = Buffer.from(random.pick(SEALED));
    const bytes = accident(random, whole);
    note(bytes);
    writeFileSync(at('sealed.map'), bytes);
    const store = sealedMapStore(at('sealed.map'));
    const loaded = unlessKnown(isOfTheWorld, () => store.load() as Mapfile | undefined);
    if (loaded === undefined || loaded.map.count === 0) return;
    const before = parseMapfile(whole.toString());
    // A loss that takes the seal and what is around it may leave a map that knows less; it never knows more.
    const more = Domain.fromMap(loaded.map).subtract(Domain.fromMap(before.map));
    must(more.isEmpty, 'a damaged map claims what the whole one does not');
  },
};

const receipts: InputLaw = {
  name: 'receipt',
  share: 3500,
  attempt(random, note) {
    const { receipt } = random.pick(RESCUES);
    const chosen = random.int(0, 9);
    let bytes = accident(random, receipt);
    if (chosen < 3) bytes = Buffer.from(mutated(random, receipt.toString(), SEALED));
    if (chosen === 3) bytes = Buffer.from(anyText(random));
    note(bytes);
    writeFileSync(at('receipt.map'), bytes);
    const read = readReceipt(at('receipt.map'));
    if (read === undefined) return;
    const isReal = RESCUES.some(({ receipt: real }) => {
      const seals = readReceiptOf(real);
      return [...read.merged].every((seal) => seals.has(seal)) && sameMap(real, read.map);
    });
    must(isReal, 'a receipt says what nobody wrote');
  },
};

function readReceiptOf(bytes: Buffer): ReadonlySet<string> {
  writeFileSync(at('real.map'), bytes);
  return readReceipt(at('real.map'))?.merged ?? new Set();
}

function sameMap(bytes: Buffer, map: Mapfile['map']): boolean {
  return contentOf({ map }) === contentOf(parseMapfile(bytes.toString()));
}

const LOCK = JSON.stringify({
  id: '8c6b5a2e-3f0e-4b1a-9b8e-0d1f2a3b4c5d',
  pid: 4711,
  host: 'rescue-pc',
  started: '123456',
  flock: true,
  date: '2026-01-02T03:04:05.678Z',
});
const TRICKS = [
  '{"__proto__":{"id":"a","host":"b","pid":1,"flock":true}}',
  '{"id":"a","host":"b","pid":1,"date":{"toString":1}}',
  '{"id":"a","host":"b","pid":1,"date":{"__proto__":null}}',
  '{"constructor":{"prototype":{"flock":true}},"id":"a","host":"b","pid":9007199254740993}',
  `${'['.repeat(2000)}`,
  '{"id":{},"host":[],"pid":"1"}',
];

const locks: InputLaw = {
  name: 'lock',
  share: 4000,
  attempt(random, note) {
    const whole = random.pick([LOCK, LOCK, ...TRICKS]);
    const text = random.chance(85) ? mutated(random, whole, TRICKS) : anyText(random);
    note(text);
    writeFileSync(at('lock'), text);
    const owner = unlessKnown(isOfTheWorld, () => ownerOf(at('lock')));
    must(({} as { flock?: unknown }).flock === undefined, 'the prototype of all was changed');
    if (owner === undefined) return;
    must(Number.isSafeInteger(owner.pid) && owner.pid > 0, 'a lock of no process');
    const words = [owner.id, owner.host, owner.date, owner.started ?? ''];
    must(
      words.every((each) => typeof each === 'string'),
      'a lock of no words',
    );
  },
};

interface Damaged {
  readonly origin: TrueChunk;
  readonly pair: { readonly raw: string; readonly map: string };
}

/**
 * A chunk of a rescue of which one file had an accident. When a map loses all that it says of its chunk nobody can
 * tell any more that bytes of the other file changed too.
 */
function damagedChunk(random: Random, rescue: SmallRescue, folder: string): Damaged {
  const origin = random.pick(rescue.chunks);
  const pair = { raw: join(folder, `${origin.name}.raw`), map: join(folder, `${origin.name}.map`) };
  const chosen = random.int(0, 9);
  writeFileSync(pair.raw, chosen < 4 ? accident(random, origin.raw) : origin.raw);
  writeFileSync(pair.map, chosen >= 4 ? accident(random, origin.map) : origin.map);
  return { origin, pair };
}

/** Every change of a map that somebody could make who does not make a new seal. */
const chunks: InputLaw = {
  name: 'open-chunk',
  share: 2500,
  attempt(random, note) {
    const { raw, map } = random.pick(random.pick(RESCUES).chunks);
    const plain = `0 + 1\n0 ${raw.length} +\n`;
    const text = random.pick([
      () => mutated(random, map.toString(), SEALED),
      () => mutated(random, random.pick(MAPS), SEALED),
      () => withClaims(random, plain),
      () => withClaims(random, mutated(random, map.toString(), SEALED)),
      () => anyText(random),
    ])();
    note(text);
    writeFileSync(at('c.raw'), random.chance(50) ? raw : accident(random, raw));
    writeFileSync(at('c.map'), text);
    unlessKnown(isOfTheWorld, () => {
      const chunk = openChunk({ raw: at('c.raw'), map: at('c.map') }, { cache: 'used' });
      try {
        must(Number.isSafeInteger(chunk.claims.end), 'claims beyond all numbers');
        let left = 2000;
        for (const piece of chunk.pieces()) {
          must(piece.bytes.length <= 2 ** 26, 'a piece that takes memory');
          chunk.isTrue(piece);
          if (left-- === 0) break;
        }
      } finally {
        chunk.close();
      }
    });
  },
};

const merging: InputLaw = {
  name: 'merge',
  share: 600,
  attempt(random, note) {
    const rescue = random.pick(RESCUES);
    const folder = at('merge');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const image = join(folder, 'final.raw');
    const map = join(folder, 'final.map');
    // Into an empty image, or one that has all of it, the map of which may have suffered too.
    if (random.chance(40)) {
      writeFileSync(image, rescue.finalRaw);
      writeFileSync(map, random.chance(60) ? rescue.finalMap : accident(random, rescue.finalMap));
    }
    const { pair, origin } = damagedChunk(random, rescue, folder);
    note({ raw: readFileSync(pair.raw, 'latin1'), map: readFileSync(pair.map, 'latin1') });
    const job = { chunks: [pair], image, map, takesUnfinished: random.chance(70) };
    const how = { signal: { aborted: false }, onEvent: () => {} };
    const result = unlessKnown(isOfTheWorld, () => mergeChunks(job, how));
    if (result === undefined) return;
    const claims = claimsIn(map);
    const there = readFileSync(image, { flag: 'a+' });
    for (const { pos, size } of claims.ranges()) {
      const isTrue = there.subarray(pos, pos + size).equals(rescue.disk.subarray(pos, pos + size));
      must(isTrue && pos + size <= rescue.disk.length, `claims ${pos}+${size} of ${origin.name}`);
    }
  },
};

function claimsIn(map: string): Domain {
  const text = readFileSync(map, { encoding: 'utf8', flag: 'a+' });
  return Domain.fromMap(parseMapfile(text).map);
}

const folders: InputLaw = {
  name: 'found-files',
  share: 400,
  attempt(random, note) {
    const { chunks: all, common, finalMap, finalRaw, receipt, receiptName } = random.pick(RESCUES);
    const folder = at('found');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const files: Record<string, Buffer> = {
      'common.map': common,
      'final.map': finalMap,
      'final.raw': finalRaw,
      [receiptName]: receipt,
    };
    for (const { name, raw, map } of all) {
      files[`${name}.raw`] = raw;
      files[`${name}.map`] = map;
    }
    const damaged = Object.entries(files).map(([name, bytes]): [string, Buffer] => {
      if (random.chance(50)) return [name, bytes];
      const isOther = random.chance(30);
      const other = isOther ? mutated(random, bytes.toString(), SEALED) : accident(random, bytes);
      return [name, Buffer.from(other)];
    });
    note(damaged.map(([name, bytes]) => [name, bytes.toString('latin1')]));
    for (const [name, bytes] of damaged) writeFileSync(join(folder, name), bytes);
    const found = unlessKnown(isOfTheWorld, () => findFiles([folder]));
    must(found !== undefined, 'a folder cannot be looked into');
    must(
      found.chunks.every(({ state, trouble }) => state !== 'damaged' || trouble !== undefined),
      'a damaged chunk without a word',
    );
  },
};

export const FILE_LAWS: readonly InputLaw[] = [
  sealedMap,
  receipts,
  locks,
  chunks,
  merging,
  folders,
];
