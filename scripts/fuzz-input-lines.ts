/** Laws for what is read without a file: comment lines, seals, tables of the kernel, options. */
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { readPartitions } from '@chunkrescue/engine';
import { UsageError } from '../packages/cli/src/exit.ts';
import { readValues, splitArguments } from '../packages/cli/src/gnu/arguments.ts';
import { DDRESCUE_OPTIONS } from '../packages/cli/src/gnu/ddrescue-options.ts';
import { GnuError } from '../packages/cli/src/gnu/io.ts';
import { LOG_OPTIONS } from '../packages/cli/src/gnu/log-options.ts';
import { parseChunks } from '../packages/cli/src/options/chunks.ts';
import { readNumber } from '../packages/cli/src/options/number.ts';
import { parseSize } from '../packages/cli/src/options/size.ts';
import { manifestComments, readManifest } from '../packages/engine/src/chunks/manifest.ts';
import { unpackedSource } from '../packages/engine/src/chunks/packed-file.ts';
import { compareSamples, Zones } from '../packages/engine/src/chunks/samples.ts';
import { seal, sealState } from '../packages/engine/src/chunks/seal.ts';
import { parseMounts } from '../packages/engine/src/node/mounts.ts';
import { accident, anyText, mutated } from './fuzz-input-damage.ts';
import { type InputLaw, isOfTheWorld, must, unlessKnown } from './fuzz-input-law.ts';
import { SEALED } from './fuzz-input-worlds.ts';
import type { Random } from './fuzz-random.ts';

const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || error instanceof GnuError;
const isWhole = (value: number | undefined): boolean =>
  value === undefined || (Number.isSafeInteger(value) && value >= 0);

const manifest: InputLaw = {
  name: 'manifest',
  share: 12_000,
  attempt(random, note) {
    const text = random.chance(80) ? mutated(random, random.pick(SEALED), SEALED) : anyText(random);
    note(text);
    const found = readManifest(text.split('\n').filter((line) => line.startsWith('#')));
    const { range, samples = [], digests = new Map(), pieceSize, chunk } = found;
    must([chunk, found.chunkSize, found.sourceSize, pieceSize].every(isWhole), 'a strange number');
    must(pieceSize !== 0 && found.chunkSize !== 0, 'a size of nothing');
    must(!range || isWhole(range.pos + range.size), 'a range that ends nowhere');
    must(
      samples.every(({ size }) => size <= 65536),
      'a sample that takes memory',
    );
    must(
      [...digests].every(([pos, crc]) => isWhole(pos) && isWhole(crc) && crc < 2 ** 32),
      'a digest',
    );
    must(Object.getPrototypeOf(found) === Object.prototype, 'another prototype');
    new Zones(range ?? { pos: 0, size: 1 }, 4).thin(samples);
    compareSamples(samples, samples);
    // What is not to be shown is replaced the first time; from then on nothing may change.
    const again = readManifest(manifestComments(found).map((line) => `# ${line}`));
    const third = readManifest(manifestComments(again).map((line) => `# ${line}`));
    must(isDeepStrictEqual(again, third), 'a manifest is not read back as it was written');
    must(again.job === found.job && again.kind === found.kind, 'a manifest changed');
    must(isDeepStrictEqual(sorted(again.digests), sorted(found.digests)), 'digests changed');
    const said = Object.values(again.identity ?? {}).join('');
    must(!/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(said), 'an identity that a terminal obeys is kept');
  },
};

function sorted(digests: ReadonlyMap<number, number> | undefined): unknown {
  return [...(digests ?? [])].sort(([a], [b]) => a - b);
}

const seals: InputLaw = {
  name: 'seal',
  share: 6000,
  attempt(random, note) {
    const whole = random.pick(SEALED);
    const bytes = Buffer.from(whole);
    const text = random.chance(50)
      ? accident(random, bytes).toString()
      : mutated(random, whole, SEALED);
    note(text);
    // Where the seal stands says nothing.
    const plain = (each: string): string =>
      each.replaceAll('\r\n', '\n').replace(/^# Map checksum: [\da-f]{32}\n/m, '');
    const isSame = SEALED.some((each) => plain(each) === plain(text));
    must(sealState(text) !== 'good' || isSame, 'a changed text has a good seal');
    must(sealState(seal(text)) === 'good' || /\r/.test(text), 'a seal does not hold');
  },
};

/** A disk of a few sectors with tables on it. */
function tables(random: Random): Buffer {
  const disk = Buffer.alloc(512 * 40);
  const entry = (at: number, words: readonly number[]): void => {
    disk.writeUInt8(words[0] as number, at + 4);
    disk.writeUInt32LE((words[1] as number) >>> 0, at + 8);
    disk.writeUInt32LE((words[2] as number) >>> 0, at + 12);
  };
  for (const sector of [0, 2, 4, 6, 8]) {
    if (!random.chance(70)) continue;
    disk.writeUInt16BE(0x55aa, sector * 512 + 510);
    for (let i = 0; i < 4; i++) {
      const type = random.pick([0, 0x83, 5, 0x0f, 0x85, 0xee, random.int(0, 255)]);
      entry(sector * 512 + 446 + i * 16, [type, random.size(0, 2 ** 32), random.size(0, 2 ** 32)]);
    }
  }
  if (random.chance(50)) {
    disk.write('EFI PART', 512);
    disk.writeBigUInt64LE(1n, 512 + 24);
    disk.writeBigUInt64LE(BigInt(random.pick([2, 2, 0, 2 ** 52])), 512 + 72);
    disk.writeUInt32LE(random.pick([128, 4, 2 ** 32 - 1]), 512 + 80);
    disk.writeUInt32LE(random.pick([128, 256, 0, 129, 2 ** 31]), 512 + 84);
    for (let at = 1024; at < disk.length; at += 8) {
      if (random.chance(40)) disk.writeBigUInt64LE(BigInt(random.size(0, 2 ** 53)), at);
    }
  }
  return random.chance(50) ? accident(random, disk) : disk;
}

const partitions: InputLaw = {
  name: 'partition-table',
  share: 6000,
  attempt(random, note) {
    const disk = random.chance(90) ? tables(random) : Buffer.from(anyText(random));
    note(disk);
    const asked = { reads: 0, bytes: 0 };
    const sectorSize = random.pick([512, 512, 4096]);
    const found = readPartitions((pos, size) => {
      asked.reads++;
      asked.bytes += size;
      must(isWhole(pos) && isWhole(size) && size > 0, 'a strange read');
      return random.chance(3) ? undefined : Uint8Array.from(disk.subarray(pos, pos + size));
    }, sectorSize);
    must(asked.reads < 2000 && asked.bytes < 2 ** 24, 'a table costs too much');
    must(found.length <= 300, 'too many partitions');
    must(
      found.every(({ pos, size }) => pos > 0 && size > 0 && isWhole(pos + size)),
      'a partition that is nowhere',
    );
  },
};

const MOUNTS = [
  '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n',
  '25 1 8:1 / / rw,relatime shared:1 master:3 - ext4 /dev/sda1 rw\n',
  '90 25 0:44 / /media/my\\040stick rw - vfat /dev/sdb1 rw,iocharset=utf8\n',
  '91 25 0:45 / / ro - overlay overlay ro,lowerdir=/a:/b,upperdir=/c\\054d,workdir=/w\n',
];

const mounts: InputLaw = {
  name: 'mountinfo',
  share: 4000,
  attempt(random, note) {
    const whole = MOUNTS.join('');
    const text = random.chance(85) ? mutated(random, whole, MOUNTS) : anyText(random);
    note(text);
    for (const { folder, major, minor, options } of parseMounts(text)) {
      must(isNumeric(major) && isNumeric(minor), 'a device without a number');
      must(typeof folder === 'string' && typeof options === 'string', 'a mount without words');
    }
  },
};

const isNumeric = (value: number): boolean => value >= 0 && !Number.isNaN(value);

const NUMBERS = ['100', '0x64', '0144', '1_000', '100MiB', '2s', '4Kis', '-1', '1_00', '18EiB'];

const sizes: InputLaw = {
  name: 'sizes',
  share: 6000,
  attempt(random, note) {
    const text = random.chance(80)
      ? mutated(random, random.pick(NUMBERS), NUMBERS)
      : anyText(random);
    note(text);
    const number = readNumber(text);
    const size = unlessKnown(isUsage, () =>
      parseSize(text, { option: '--size', sectorSize: 512, min: 1 }),
    );
    must(size === undefined || (isWhole(size) && size > 0), 'a size out of its range');
    must('value' in number || size === undefined, 'a size of no number');
    if ('value' in number && /^[1-9]\d*$/.test(text))
      must(number.value === BigInt(text), 'a number');
    const spans = unlessKnown(isUsage, () => parseChunks(text)) ?? [];
    must(
      spans.every(({ first, last }) => isWhole(first) && last >= first && last <= 1e8),
      'chunks that there are not',
    );
  },
};

/** Names that touch files only when their values are read as names of files. */
const WITHOUT_FILES = /^(?!log|bad-sector)/;
const OPTION_VALUES = ['1', '0', '-1', '1,2', '30,300', '1-4', '1/2h', '1.5m', 's0.05', '+5', '?*'];

const options: InputLaw = {
  name: 'gnu-options',
  share: 4000,
  attempt(random, note) {
    const table = random.chance(60) ? DDRESCUE_OPTIONS : LOG_OPTIONS;
    const words = Array.from({ length: random.size(0, 6) }, () => optionWord(random, table));
    note(words);
    unlessKnown(isUsage, () => {
      const { given } = splitArguments(table, words);
      const known = given.filter(({ name }) => WITHOUT_FILES.test(name));
      const sectorOption = table === LOG_OPTIONS ? 'block-size' : 'sector-size';
      const values = readValues(table, known, { sectorOption });
      must(Object.getPrototypeOf(values) === Object.prototype, 'another prototype');
      for (const value of Object.values(values)) {
        must(typeof value !== 'number' || Number.isSafeInteger(value), 'a number out of its range');
      }
    });
  },
};

function optionWord(random: Random, table: object): string {
  const value = random.chance(60)
    ? random.pick(OPTION_VALUES)
    : mutated(random, random.pick([...OPTION_VALUES, ...NUMBERS]), NUMBERS).slice(0, 200);
  const name = random.chance(90) ? random.pick(Object.keys(table)) : anyText(random).slice(0, 40);
  switch (random.int(0, 4)) {
    case 0:
      return `--${name}=${value}`;
    case 1:
      return `--${name.slice(0, random.int(1, Math.max(1, name.length)))}`;
    case 2:
      return `-${random.pick([...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'])}${value}`;
    case 3:
      return value;
    default:
      return `--${name}`;
  }
}

const PACKED = [8, 4096, 70_000].map((size) =>
  Buffer.concat([
    gzipSync(Buffer.alloc(size, 'abcdefg')),
    gzipSync(Buffer.alloc(size, size % 256)),
  ]),
);
/** A member of which two bytes unpack to a thousand. */
const BOMB = Buffer.concat(Array.from({ length: 4 }, () => gzipSync(Buffer.alloc(2 ** 20))));

const packed: InputLaw = {
  name: 'packed-chunk',
  share: 2000,
  attempt(random, note) {
    const whole = random.chance(2) ? BOMB : random.pick(PACKED);
    const bytes = random.chance(90) ? accident(random, whole) : whole;
    note(bytes);
    const size = random.pick([0, 1, 16, 8192, 140_000, 2 ** 20, 2 ** 52]);
    const file = {
      name: 'chunk00.raw.gz',
      size: bytes.length,
      read(pos: number, into: Uint8Array) {
        return { copied: bytes.copy(into, 0, pos), errno: undefined };
      },
    };
    const packing = random.pick(['gzip', 'gzip', 'zstd'] as const);
    const content = unlessKnown(isOfTheWorld, () =>
      unpackedSource(file as never, { packing, size }),
    );
    must(content === undefined || content.size <= Math.max(1, size), 'a bomb was unpacked');
  },
};

export const LINE_LAWS: readonly InputLaw[] = [
  manifest,
  seals,
  partitions,
  mounts,
  sizes,
  options,
  packed,
];
